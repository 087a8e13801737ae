/** The options of VarParsing: their types, how a text becomes a value, and what "analysis" and "standard" register. */
import { Exception } from "../base/errors.js";

export const multiplicity = { singleton: "singleton", list: "list" } as const;
export const varType = {
  int: "int",
  float: "float",
  bool: "bool",
  string: "string",
  tagString: "tagString",
} as const;

export type VarType = keyof typeof varType;
export type Multiplicity = keyof typeof multiplicity;
export type Scalar = string | number | boolean;

export interface Option {
  readonly type: VarType;
  readonly multiplicity: Multiplicity;
  readonly info: string;
  value: Scalar | Scalar[];
  /** Not given on the command line: a list's first value there replaces it. */
  isDefault: boolean;
  /** Commas belong to the value of a list. */
  noCommaSplit: boolean;
  /** The command line adds to a list's default. */
  noDefaultClear: boolean;
}

export function varParsingError(message: string): Exception {
  return new Exception("ConfigFileReadError", `VarParsing: ${message}`);
}

/** The value of a text or a plain value. @throws ConfigFileReadError naming the option when it does not fit. */
export function parseScalar(name: string, type: VarType, given: Scalar): Scalar {
  const text = String(given);
  if (type === "string" || type === "tagString") return text;
  const value = type === "bool" ? parseBool(text) : type === "int" ? parseInteger(text) : parseFloat_(text);
  if (value !== undefined) return value;
  const expected = { bool: "true or false", int: "a whole number", float: "a number" }[type];
  throw varParsingError(`option '${name}' is ${expected}, not '${text}'`);
}

function parseBool(text: string): boolean | undefined {
  const lower = text.toLowerCase();
  if (["true", "t", "on", "yes", "y", "1"].includes(lower)) return true;
  return ["false", "f", "off", "no", "n", "0"].includes(lower) ? false : undefined;
}

/** With a sign, and a base prefix: -12, 0x1f, 0b101, 0o17. */
function parseInteger(text: string): number | undefined {
  const [, sign, digits] = /^\s*([+-]?)(0x[\da-f]+|0b[01]+|0o[0-7]+|\d+)\s*$/i.exec(text) ?? [];
  if (digits === undefined) return undefined;
  return sign === "-" ? 0 - Number(digits) : Number(digits);
}

function parseFloat_(text: string): number | undefined {
  const [, sign, isInfinite] = /^\s*([+-]?)(inf(?:inity)?)\s*$/i.exec(text) ?? [];
  if (isInfinite) return sign === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (/^\s*nan\s*$/i.test(text)) return Number.NaN;
  const value = text.trim() === "" ? Number.NaN : Number(text);
  return Number.isNaN(value) ? undefined : value;
}

type Registration = [
  name: string,
  defaultValue: Scalar | Scalar[],
  multiplicity: Multiplicity,
  type: VarType,
  info: string,
];

/** What "analysis" registers; "python" is taken as the same, "standard" has other names for the files. */
export function standardOptions(kind: "analysis" | "standard" | "python"): Registration[] {
  const isStandard = kind === "standard";
  const named = (analysis: string, standard: string) => (isStandard ? standard : analysis);
  const options: Registration[] = [
    ["maxEvents", -1, "singleton", "int", "number of events to process (-1 for all)"],
    ["totalSections", 0, "singleton", "int", "split the input files into this many sections"],
    ["section", 0, "singleton", "int", "the section to process, from 1"],
    [named("inputFiles", "files"), [], "list", "string", "files to process"],
    [named("secondaryInputFiles", "secondaryFiles"), [], "list", "string", "second files to process"],
    [named("outputFile", "output"), "output.edm", "singleton", "tagString", "name of the output file"],
    [
      named("secondaryOutputFile", "secondaryOutput"),
      "",
      "singleton",
      "tagString",
      "name of a second output file",
    ],
  ];
  if (isStandard)
    options.push([
      "storePrepend",
      "",
      "singleton",
      "string",
      "put before the name of every file that begins with /store/",
    ]);
  return options;
}
