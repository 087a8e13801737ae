/** Labels and metadata of a model: what a model.yaml can hold, and everybody can read. */
import { Exception } from "../../base/errors.js";
import { isObject } from "../runner/methodSignatures.js";

/** What metadata is made of. */
export type PlainValue =
  | string
  | number
  | boolean
  | null
  | readonly PlainValue[]
  | { readonly [key: string]: PlainValue };

export type Metadata = Readonly<Record<string, PlainValue>>;
export type Labels = Readonly<Record<string, string>>;

/** Deeper is a mistake: an object that contains itself. */
const deepest = 32;

/** @throws Configuration for what is no text, and says how to write it */
export function checkLabels(given: unknown, where: string): Labels {
  if (!isObject(given)) throw wrong(where, "labels must be an object of texts: {owner: 'me'}");
  for (const [key, value] of Object.entries(given)) {
    if (typeof value === "string") continue;
    const remedy = isNumberLike(value)
      ? `write '${value}' in quotes`
      : "a label is a text; metadata may be anything";
    throw wrong(where, `label '${key}' is ${what(value)}; ${remedy}`);
  }
  return { ...(given as Labels) };
}

/** A copy, typed arrays as lists. @throws Configuration naming the place of what cannot be kept */
export function checkMetadata(given: unknown, where: string): Metadata {
  if (!isObject(given)) throw wrong(where, "metadata must be an object: {accuracy: 0.9}");
  return plain(given, `${where}: metadata`, 0) as Metadata;
}

function plain(value: unknown, where: string, depth: number): PlainValue {
  if (depth > deepest) throw wrong(where, "it is nested too deeply; does it contain itself?");
  if (value === null || typeof value === "string" || typeof value === "boolean" || typeof value === "number")
    return value;
  if (ArrayBuffer.isView(value) && !(value instanceof DataView))
    return Array.from(value as unknown as ArrayLike<number | bigint>, (element, i) =>
      plain(element, `${where}[${i}]`, depth + 1),
    );
  if (typeof value === "bigint" && BigInt(Number(value)) === value) return Number(value);
  if (Array.isArray(value)) return value.map((element, i) => plain(element, `${where}[${i}]`, depth + 1));
  if (isObject(value) && isPlain(value)) {
    const entries = Object.entries(value).filter(([, member]) => member !== undefined);
    return Object.fromEntries(
      entries.map(([key, member]) => [key, plain(member, `${where}.${key}`, depth + 1)]),
    );
  }
  const remedy = "it holds texts, numbers, true, false, null, lists and objects of them";
  throw wrong(where, `it is ${what(value)}; ${remedy}. customObjects keeps files`);
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function isNumberLike(value: unknown): boolean {
  return typeof value === "number" || typeof value === "boolean" || typeof value === "bigint";
}

function what(value: unknown): string {
  if (typeof value === "object" && value !== null) return `of type ${value.constructor?.name ?? "object"}`;
  return typeof value === "bigint" ? `${value}n` : `${typeof value} ${String(value)}`;
}

function wrong(where: string, problem: string): Exception {
  return new Exception("Configuration", `${where}: ${problem.replace(/([^?])$/, "$1.")}`);
}
