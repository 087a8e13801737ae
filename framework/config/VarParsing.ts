/**
 * VarParsing: the options that follow the config on the command line, `name=value`, as CMSSW's
 * FWCore.ParameterSet.VarParsing. Two differences: files are called .edm, and a name given on the command line is
 * taken as it is, where CMSSW adds tags to it too, because a job's output must be where its user says.
 */
import { existsSync, readFileSync } from "node:fs";
import { suggestion } from "../base/didYouMean.js";
import {
  type Multiplicity,
  multiplicity,
  type Option,
  parseScalar,
  type Scalar,
  standardOptions,
  varParsingError,
  type VarType,
  varType,
} from "./varParsingOptions.js";

let configArguments: readonly string[] = [];

/** What follows the config on the command line; handed down by the host. */
export function setConfigArguments(args: readonly string[]): void {
  configArguments = args;
}

/** A config's `--help`-like request: the host ends with code 0 and no error. */
export class ConfigExit extends Error {
  constructor(readonly text: string) {
    super(text);
  }
}

/** A piece of an output file's name, such as `numEvent%d`, put before its suffix while `ifCond` holds. */
interface Tag {
  readonly tag: string;
  readonly ifCond: (options: VarParsing) => boolean;
  /** The option whose value replaces `%d` or `%s` in the tag. */
  readonly tagArg?: string;
}

export class VarParsing {
  // biome-ignore lint/suspicious/noExplicitAny: registered options as properties, as in CMSSW
  [name: string]: any;
  declare maxEvents: number;
  declare inputFiles: string[];
  declare outputFile: string;

  static readonly multiplicity = multiplicity;
  static readonly varType = varType;
  readonly #options = new Map<string, Option>();
  readonly #tags: Tag[] = [
    { tag: "numEvent%d", ifCond: ({ maxEvents }) => maxEvents > 0, tagArg: "maxEvents" },
  ];
  readonly #proxy: this;

  constructor(kind: "analysis" | "standard" | "python" = "analysis") {
    for (const option of standardOptions(kind)) this.register(...option);
    this.#proxy = new Proxy(this, {
      get: (target, name) => target.#get(name),
      set(target, name, value: Scalar | Scalar[]) {
        target.#setValue(String(name), [value].flat());
        return true;
      },
    });
    // biome-ignore lint/correctness/noConstructorReturn: options are read through the proxy
    return this.#proxy;
  }

  /** Declares one more option, before parseArguments. @throws ConfigFileReadError when the name is taken or has an underscore. */
  register(
    name: string,
    defaultValue: Scalar | Scalar[] = "",
    multiplicity_: Multiplicity = "singleton",
    type: VarType = "int",
    info = "",
  ): this {
    if (!/^[A-Za-z][A-Za-z0-9]*$/.test(name))
      throw varParsingError(`option name '${name}' must be letters and digits`);
    if (this.#options.has(name))
      throw varParsingError(`option '${name}' is registered already; change it with setDefault`);
    if (name in VarParsing.prototype)
      throw varParsingError(`option name '${name}' is a method of VarParsing; use another one`);
    const fixed = {
      type,
      multiplicity: multiplicity_,
      info,
      isDefault: true,
      noCommaSplit: false,
      noDefaultClear: false,
    };
    this.#options.set(name, { ...fixed, value: multiplicity_ === "list" ? [] : "" });
    const values = [defaultValue].flat();
    if (multiplicity_ === "singleton" || values[0] !== "") this.#setValue(name, values);
    return this.#proxy ?? this;
  }

  /** Changes the default of a registered option; a list may be given as several values. */
  setDefault(name: string, ...values: (Scalar | Scalar[])[]): this {
    this.#setValue(name, values.flat());
    return this.#proxy;
  }

  /** Empties lists. */
  clearList(...names: string[]): this {
    for (const name of names) this.#list(name).value = [];
    return this.#proxy;
  }

  /** Commas in the values of this list do not separate. */
  setNoCommaSplit(name: string, value = true): this {
    this.#list(name).noCommaSplit = value;
    return this.#proxy;
  }

  /** Values on the command line add to this list's default. */
  setNoDefaultClear(name: string, value = true): this {
    this.#list(name).noDefaultClear = value;
    return this.#proxy;
  }

  setupTags(tag: Tag): this {
    if (tag.tagArg !== undefined) this.#option(tag.tagArg);
    this.#tags.push(tag);
    return this.#proxy;
  }

  /** Reads `name=value …`; `help` ends the job with code 0. @throws ConfigFileReadError with a did-you-mean. */
  parseArguments(args: readonly string[] = configArguments): this {
    const assigned = new Set<string>();
    let isPrinted = false;
    for (const argument of args) {
      if (["help", "--help", "-h"].includes(argument)) throw new ConfigExit(this.#text());
      if (argument === "print" || argument === "noprint") isPrinted = argument === "print";
      else this.#argument(argument, assigned);
    }
    this.#finish();
    if (isPrinted) process.stdout.write(this.#text());
    return this.#proxy;
  }

  #argument(argument: string, assigned: Set<string>): void {
    const [, name = "", command, text] = /^([^=]*?)(_load|_clear)?(?:=(.*))?$/s.exec(argument) ?? [];
    if (command === "_clear" && text === undefined) this.clearList(name);
    else if (text === undefined) {
      throw varParsingError(
        `'${argument}' is not name=value${suggestion(argument, [...this.#options.keys(), "help", "print", "noprint"])}`,
      );
    } else if (command === "_load") this.#load(name, text, assigned);
    else this.#assign(name + (command ?? ""), text, assigned);
  }

  /** One value a line, `#` begins a comment. */
  #load(name: string, file: string, assigned: Set<string>): void {
    this.#option(name);
    if (!existsSync(file)) throw varParsingError(`${name}_load: file '${file}' is not there`);
    const lines = readFileSync(file, "utf8").split("\n");
    for (const line of lines.map((text) => text.replace(/#.*/, "").trim()))
      if (line) this.#assign(name, line, assigned);
  }

  #assign(name: string, text: string, assigned: Set<string>): void {
    const option = this.#option(name);
    if (option.multiplicity === "singleton") {
      if (assigned.has(name)) throw varParsingError(`option '${name}' is assigned multiple times`);
      option.value = parseScalar(name, option.type, text);
    } else {
      const parts = option.noCommaSplit ? [text] : text.split(",").filter((part) => part !== "");
      const before = option.isDefault && !option.noDefaultClear ? [] : (option.value as Scalar[]);
      option.value = [...before, ...parts.map((part) => parseScalar(name, option.type, part))];
    }
    option.isDefault = false;
    assigned.add(name);
  }

  /** The files of this section, and where /store/ is. */
  #finish(): void {
    const value = (name: string) => this.#options.get(name)?.value;
    const files = this.#option(this.#options.has("files") ? "files" : "inputFiles");
    const prefix = value("storePrepend") ?? "";
    if (prefix)
      files.value = (files.value as string[]).map((file) =>
        file.startsWith("/store/") ? `${prefix}${file}` : file,
      );
    const [total, section] = [Number(value("totalSections")), Number(value("section"))];
    if (total === 0 && section === 0) return;
    if (section < 1 || section > total)
      throw varParsingError(`section=${section} must lie between 1 and totalSections=${total}`);
    const all = files.value as Scalar[];
    const edge = (index: number) => Math.floor((index * all.length) / total);
    files.value = all.slice(edge(section - 1), edge(section));
  }

  #setValue(name: string, values: readonly Scalar[]): void {
    const option = this.#option(name);
    if (option.multiplicity === "singleton" && values.length !== 1)
      throw varParsingError(`option '${name}' takes one value, not ${values.length}`);
    const parsed = values.map((value) => parseScalar(name, option.type, value));
    option.value = option.multiplicity === "list" ? parsed : (parsed[0] ?? "");
  }

  #option(name: string): Option {
    const option = this.#options.get(name);
    if (!option)
      throw varParsingError(`option '${name}' is not registered${suggestion(name, this.#options.keys())}`);
    return option;
  }

  #list(name: string): Option {
    const option = this.#option(name);
    if (option.multiplicity !== "list") throw varParsingError(`option '${name}' is no list`);
    return option;
  }

  #get(name: string | symbol): unknown {
    if (typeof name === "symbol" || name in VarParsing.prototype) {
      const value = Reflect.get(VarParsing.prototype, name, this) as unknown;
      return typeof value === "function" ? value.bind(this) : value;
    }
    if (name === "then") return undefined;
    const { type, value } = this.#option(name);
    return type === "tagString" && !Array.isArray(value) ? this.#tagged(name, String(value)) : value;
  }

  #tagged(name: string, value: string): string {
    if (!this.#option(name).isDefault || value === "") return value;
    const [, stem, suffix = ""] = /^(.*?)(\.[^./]+)?$/s.exec(value) ?? [];
    const tags = this.#tags.filter(({ ifCond }) => ifCond(this.#proxy));
    const texts = tags.map(({ tag, tagArg }) =>
      tagArg === undefined ? tag : tag.replace(/%\w/, String(this.#option(tagArg).value)),
    );
    return [stem, ...texts].join("_") + suffix;
  }

  #text(): string {
    const lines = ["Options, as name=value after the config:"];
    for (const [name, { type, multiplicity: count, info, value }] of this.#options) {
      const shown = Array.isArray(value) ? value.join(",") : String(value);
      lines.push(
        `  ${name.padEnd(20)} ${`${type}${count === "list" ? " list" : ""}`.padEnd(14)} ${info}${shown ? ` [${shown}]` : ""}`,
      );
    }
    return `${lines.join("\n")}\n`;
  }
}
