/** Names of nodes: valid for TensorFlow, unique in a graph, and inside the scopes that are open, as tf.name_scope makes them. */

export class Names {
  readonly #taken = new Set<string>();
  readonly #lastSuffix = new Map<string, number>();
  #prefix = "";

  /** A name that no node has yet, in the open scope: "name", "name_1" … */
  unique(name: string): string {
    return this.#free(`${this.#prefix}${validName(name)}`);
  }

  /** As `unique`, whatever scope is open. */
  uniqueAtRoot(name: string): string {
    return this.#free(validName(name));
  }

  /** What `work` names lies under "name/", or "name_1/" when that scope has been open before. */
  inScope<T>(name: string, work: () => T): T {
    const outer = this.#prefix;
    this.#prefix = `${this.#free(`${outer}${validName(name)}/`.slice(0, -1), "/")}/`;
    try {
      return work();
    } finally {
      this.#prefix = outer;
    }
  }

  /** `mark`: scopes and nodes do not take names from each other. */
  #free(name: string, mark = ""): string {
    let free = name;
    while (this.#taken.has(free + mark)) {
      const suffix = (this.#lastSuffix.get(name + mark) ?? 0) + 1;
      this.#lastSuffix.set(name + mark, suffix);
      free = `${name}_${suffix}`;
    }
    this.#taken.add(free + mark);
    return free;
  }
}

/** The name with "_" for every character that TensorFlow does not take in a node's name. */
export function validName(name: string): string {
  const valid = name.replace(/[^A-Za-z0-9_.\\/>-]/g, "_");
  return /^[A-Za-z0-9.]/.test(valid) ? valid : `.${valid}`;
}
