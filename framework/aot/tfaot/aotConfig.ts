/** aot_config.yaml (or .json): which SavedModel to compile, under which name, for which batch sizes. */
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parse } from "yaml";
import { suggestion } from "../../base/didYouMean.js";
import { Exception } from "../../base/errors.js";

export interface AotConfig {
  /** Full path of the file. */
  readonly file: string;
  readonly model: {
    readonly name: string;
    readonly version: string;
    /** Full path. */
    readonly savedModel: string;
    readonly servingKey: string;
    readonly author: string;
    readonly description: string;
  };
  readonly compilation: {
    /** Ascending. */
    readonly batchSizes: readonly number[];
    readonly namespace: string;
    readonly tfXlaFlags: readonly string[];
    readonly xlaFlags: readonly string[];
  };
}

type Section = Readonly<Record<string, unknown>>;
/** Key → its default; undefined where it must be given. */
type Keys = Readonly<Record<string, unknown>>;

const modelKeys: Keys = {
  name: undefined,
  version: undefined,
  saved_model: "./saved_model",
  serving_key: "serving_default",
  author: "",
  description: "",
};
const compilationKeys: Keys = {
  batch_sizes: undefined,
  namespace: "tfaot_model",
  tf_xla_flags: [],
  xla_flags: [],
};

/** @throws ConfigFileNotFound, ConfigFileReadError; Configuration naming the file and the key that is wrong */
export function readAotConfig(path: string): AotConfig {
  const file = resolve(path);
  const root = section(path, "", readYaml(path), { model: undefined, compilation: undefined });
  const model = section(path, "model.", root.model, modelKeys);
  const compilation = section(path, "compilation.", root.compilation, compilationKeys);
  const text = (key: string) => stringOf(path, `model.${key}`, model[key]);
  const flags = (key: string) => stringsOf(path, `compilation.${key}`, compilation[key]);
  return {
    file,
    model: {
      name: identifier(path, text("name")),
      version: text("version"),
      savedModel: resolve(dirname(file), text("saved_model")),
      servingKey: text("serving_key"),
      author: text("author"),
      description: text("description"),
    },
    compilation: {
      batchSizes: batchSizesOf(path, compilation.batch_sizes),
      namespace: stringOf(path, "compilation.namespace", compilation.namespace),
      tfXlaFlags: flags("tf_xla_flags"),
      xlaFlags: flags("xla_flags"),
    },
  };
}

/** A YAML or JSON file as plain data. @throws ConfigFileNotFound, ConfigFileReadError with the line */
export function readYaml(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new Exception("ConfigFileNotFound", `'${path}' cannot be read: ${(error as Error).message}.`);
  }
  try {
    return parse(text);
  } catch (error) {
    const [first] = (error as Error).message.split("\n");
    throw new Exception("ConfigFileReadError", `${path}: ${first?.replace(/:$/, "")}.`);
  }
}

/** The keys of an object, with defaults for those that are absent or null. @throws Configuration */
export function section(path: string, prefix: string, value: unknown, keys: Keys): Section {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const what = prefix === "" ? "it" : `'${prefix.slice(0, -1)}'`;
    throw wrong(path, `${what} must be a section with the keys ${Object.keys(keys).join(", ")}`);
  }
  for (const key of Object.keys(value)) {
    if (!(key in keys))
      throw wrong(path, `unknown key '${prefix}${key}'${suggestion(key, Object.keys(keys))}`);
  }
  const given = value as Section;
  const entries = Object.entries(keys).map(([key, fallback]) => [key, given[key] ?? fallback]);
  const missing = entries.find(([, entry]) => entry === undefined);
  if (missing) throw wrong(path, `key '${prefix}${missing[0]}' is missing; it is required`);
  return Object.fromEntries(entries) as Section;
}

export function stringOf(path: string, key: string, value: unknown): string {
  if (typeof value === "string") return value;
  const hint = typeof value === "number" ? `; put it in quotes: "${value}"` : "";
  throw wrong(path, `'${key}' must be a string, not ${JSON.stringify(value)}${hint}`);
}

function stringsOf(path: string, key: string, value: unknown): string[] {
  if (Array.isArray(value) && value.every((entry) => typeof entry === "string")) return value;
  throw wrong(path, `'${key}' must be a list of strings, not ${JSON.stringify(value)}`);
}

/** It is the name of a variable in the generated module, as it is that of a class in C++. */
function identifier(path: string, name: string): string {
  if (/^[A-Za-z]\w*$/.test(name)) return name;
  const remedy = name.replace(/\W+/g, "_").replace(/^[^A-Za-z]+/, "");
  const what = `'model.name' must be an identifier of letters, digits and _, not '${name}'`;
  throw wrong(path, remedy === "" ? what : `${what}; write '${remedy}'`);
}

function batchSizesOf(path: string, value: unknown): number[] {
  const sizes: unknown[] = Array.isArray(value) ? value : [];
  const isRight = (size: unknown) => Number.isSafeInteger(size) && (size as number) >= 1;
  const offender = sizes.find((size, i) => !isRight(size) || sizes.indexOf(size) !== i);
  if (sizes.length > 0 && offender === undefined) return (sizes as number[]).sort((a, b) => a - b);
  const which = offender === undefined ? JSON.stringify(value) : `'${String(offender)}'`;
  const what =
    "'compilation.batch_sizes' must be a list of different whole numbers from 1 on, such as [1, 2, 4]";
  throw wrong(path, `${what}; wrong is ${which}`);
}

function wrong(path: string, what: string): Exception {
  return new Exception("Configuration", `${path}: ${what}${what.endsWith("?") ? "" : "."}`);
}
