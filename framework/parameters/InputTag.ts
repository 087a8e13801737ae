/** The names by which modules ask for products: InputTag in the Event, ESInputTag in the EventSetup. */

/** `label:instance:process`; an empty process means the newest process that has the product. */
export class InputTag {
  constructor(
    readonly label: string,
    readonly instance = "",
    readonly process = "",
  ) {}

  /** Reads `label[:instance[:process]]`; undefined when there are more than two colons. */
  static parse(text: string): InputTag | undefined {
    const [label = "", instance = "", process = "", ...rest] = text.split(":");
    return rest.length > 0 ? undefined : new InputTag(label, instance, process);
  }

  static currentProcess(): string {
    return "@currentProcess";
  }

  static skipCurrentProcess(): string {
    return "@skipCurrentProcess";
  }

  toString(): string {
    if (this.process) return `${this.label}:${this.instance}:${this.process}`;
    return this.instance ? `${this.label}:${this.instance}` : this.label;
  }
}

/** `module:data`; an empty module means whichever ES module provides the data. */
export class ESInputTag {
  constructor(
    readonly module: string,
    readonly data = "",
  ) {}

  static parse(text: string): ESInputTag | undefined {
    const [module = "", data = "", ...rest] = text.split(":");
    return rest.length > 0 ? undefined : new ESInputTag(module, data);
  }

  toString(): string {
    return `${this.module}:${this.data}`;
  }
}
