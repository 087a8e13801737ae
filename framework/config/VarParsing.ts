/** VarParsing: the options that follow the config on the command line, `name=value`, as CMSSW's FWCore.ParameterSet.VarParsing. */
import { readFileSync } from "node:fs";
import { suggestion } from "../base/didYouMean.js";
import { Exception } from "../base/errors.js";

type VarType = "int" | "float" | "bool" | "string" | "tagString";
type Multiplicity = "singleton" | "list";
type Scalar = string | number | boolean;

interface Option {
  readonly type: VarType;
  readonly multiplicity: Multiplicity;
  readonly info: string;
  value: Scalar | Scalar[];
  /** Set by the config's author as default, so the first command-line value replaces it. */
  isDefault: boolean;
}

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

export const multiplicity = { singleton: "singleton", list: "list" } as const;
export const varType = { int: "int", float: "float", bool: "bool", string: "string", tagString: "tagString" } as const;

/** Names registered by VarParsing("analysis") and, under other names, by VarParsing("standard"). */
interface AnalysisOptions {
  maxEvents: number;
  totalSections: number;
  section: number;
  inputFiles: string[];
  secondaryInputFiles: string[];
  outputFile: string;
  secondaryOutputFile: string;
}

export class VarParsing {
  // biome-ignore lint/suspicious/noExplicitAny: registered options as properties, as in CMSSW
  [name: string]: any;
  declare maxEvents: AnalysisOptions["maxEvents"];
  declare inputFiles: AnalysisOptions["inputFiles"];
  declare outputFile: AnalysisOptions["outputFile"];

  static readonly multiplicity = multiplicity;
  static readonly varType = varType;
  readonly #options = new Map<string, Option>();

  constructor(kind: "analysis" | "standard" | "python" = "analysis") {
    this.#registerStandard(kind);
    // biome-ignore lint/correctness/noConstructorReturn: options are read through the proxy
    return new Proxy(this, {
      get: (target, name) => target.#get(name),
      set: (target, name, value: Scalar | Scalar[]) => {
        target.#option(String(name)).value = value;
        return true;
      },
    });
  }

  #registerStandard(kind: string): void {
    const renamed: { readonly [name: string]: string } =
      kind === "standard"
        ? { inputFiles: "files", secondaryInputFiles: "secondaryFiles", outputFile: "output", secondaryOutputFile: "secondaryOutput" }
        : {};
    const name = (n: string) => renamed[n] ?? n;
    this.register("maxEvents", -1, "singleton", "int", "number of events to process (-1 for all)");
    this.register("totalSections", 0, "singleton", "int", "split the input files into this many sections");
    this.register("section", 0, "singleton", "int", "the section to process, from 1");
    this.register(name("inputFiles"), [], "list", "string", "files to process");
    this.register(name("secondaryInputFiles"), [], "list", "string", "second files to process");
    this.register(name("outputFile"), "output.edm", "singleton", "tagString", "name of the output file");
    this.register(name("secondaryOutputFile"), "", "singleton", "tagString", "name of a second output file");
    if (kind === "standard") this.register("storePrepend", "", "singleton", "string", "put before every input file's name");
  }

  /** Declares one more option, before parseArguments. @throws Configuration when the name is taken or has an underscore. */
  register(name: string, defaultValue: Scalar | Scalar[], mult: Multiplicity = "singleton", type: VarType = "int", info = ""): this {
    if (name.includes("_")) throw error(`option name '${name}' must not contain '_'`);
    if (this.#options.has(name)) throw error(`option '${name}' is registered already`);
    const value = mult === "list" && !Array.isArray(defaultValue) ? (defaultValue === "" ? [] : [defaultValue]) : defaultValue;
    this.#options.set(name, { type, multiplicity: mult, info, value, isDefault: true });
    return this;
  }

  /** Changes the default of a registered option; a list may be given as several values. */
  setDefault(name: string, ...values: (Scalar | Scalar[])[]): this {
    const option = this.#option(name);
    option.value = option.multiplicity === "list" ? values.flat() : parseScalar(name, option.type, values.flat()[0] ?? "");
    option.isDefault = true;
    return this;
  }

  /** Reads `name=value …`; `help` prints the options and ends the job with code 0. */
  parseArguments(args: readonly string[] = configArguments): this {
    const assigned = new Set<string>();
    for (const argument of args) {
      if (argument === "help" || argument === "--help") throw new ConfigExit(this.#help());
      if (argument === "print" || argument === "noprint") continue;
      const at = argument.indexOf("=");
      if (at < 0 && argument.endsWith("_clear")) {
        this.#option(argument.slice(0, -6)).value = [];
        continue;
      }
      if (at < 0) throw error(`'${argument}' is not name=value${suggestion(argument, this.#options.keys())}`);
      this.#assign(argument.slice(0, at), argument.slice(at + 1), assigned);
    }
    if (args.includes("print")) process.stdout.write(this.#help());
    this.#applySection();
    return this.#proxy();
  }

  /** parseArguments is called on the proxy, and its result is assigned: give the proxy back. */
  #proxy(): this {
    return new Proxy(this, { get: (target, name) => target.#get(name) });
  }

  #assign(nameGiven: string, text: string, assigned: Set<string>): void {
    if (nameGiven.endsWith("_load")) {
      const lines = readFileSync(text, "utf8").split("\n").map((line) => line.replace(/#.*/, "").trim());
      for (const line of lines) if (line) this.#assign(nameGiven.slice(0, -5), line, assigned);
      return;
    }
    const option = this.#option(nameGiven);
    if (option.multiplicity === "singleton") {
      if (assigned.has(nameGiven)) throw error(`option '${nameGiven}' is assigned multiple times`);
      option.value = parseScalar(nameGiven, option.type, text);
    } else {
      const values = text.split(",").filter((part) => part !== "").map((part) => parseScalar(nameGiven, option.type, part));
      option.value = option.isDefault ? values : [...(option.value as Scalar[]), ...values];
    }
    option.isDefault = false;
    assigned.add(nameGiven);
  }

  #applySection(): void {
    const total = this.#options.get("totalSections")?.value as number;
    const section = this.#options.get("section")?.value as number;
    if (!total) return;
    if (section < 1 || section > total) throw error(`section=${section} must lie between 1 and totalSections=${total}`);
    const files = this.#options.get("inputFiles") ?? this.#options.get("files");
    if (!files) return;
    const all = files.value as Scalar[];
    const edge = (i: number) => Math.floor((i * all.length) / total);
    files.value = all.slice(edge(section - 1), edge(section));
  }

  #option(name: string): Option {
    const option = this.#options.get(name);
    if (!option) throw error(`option '${name}' is not registered${suggestion(name, this.#options.keys())}`);
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

  /** CMSSW tags an output name that was not given explicitly with the number of events asked for. */
  #tagged(name: string, value: string): string {
    const maxEvents = this.#options.get("maxEvents")?.value as number;
    if (!this.#option(name).isDefault || maxEvents <= 0 || value === "") return value;
    const dot = value.lastIndexOf(".");
    const stem = dot > 0 ? value.slice(0, dot) : value;
    return `${stem}_numEvent${maxEvents}${dot > 0 ? value.slice(dot) : ""}`;
  }

  #help(): string {
    const lines = ["Options, as name=value after the config:"];
    for (const [name, { type, multiplicity: mult, info, value }] of this.#options) {
      const shown = Array.isArray(value) ? value.join(",") : String(value);
      lines.push(`  ${name.padEnd(20)} ${`${type}${mult === "list" ? " list" : ""}`.padEnd(14)} ${info}${shown ? ` [${shown}]` : ""}`);
    }
    return `${lines.join("\n")}\n`;
  }
}

function parseScalar(name: string, type: VarType, given: Scalar): Scalar {
  const text = String(given);
  if (type === "string" || type === "tagString") return text;
  if (type === "bool") {
    const lower = text.toLowerCase();
    if (["true", "t", "on", "yes", "1"].includes(lower)) return true;
    if (["false", "f", "off", "no", "0"].includes(lower)) return false;
    throw error(`option '${name}' is a bool: write true or false, not '${text}'`);
  }
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (Number.isNaN(value) || (type === "int" && !Number.isInteger(value))) {
    throw error(`option '${name}' is ${type === "int" ? "a whole number" : "a number"}, not '${text}'`);
  }
  return value;
}

function error(message: string): Exception {
  return new Exception("ConfigFileReadError", `VarParsing: ${message}`);
}
