/** JSON in and out. Tensors and typed arrays in an output become nested lists. */
import { isUtf8 } from "node:buffer";
import { badRequest } from "../servingErrors.js";
import { plain } from "./plain.js";
import { type IODescriptor, type JsonSchema, notSendable } from "./IODescriptor.js";

export interface JsonOptions {
  /** What a request's body must be; otherwise 400 with the path of the fault. Nothing is converted or left out. */
  readonly schema?: JsonSchema;
}

const mimeType = "application/json";

export function jsonDescriptor<T>({ schema }: JsonOptions = {}): IODescriptor<T> {
  return {
    mimeType,
    schema: schema ?? {},
    bodySchema: schema,
    accepts: isJson,
    decode: (body) => parseJson(body) as T,
    encode: toJson,
  };
}

export function isJson(mediaType: string): boolean {
  return mediaType === mimeType || mediaType === "" || mediaType.endsWith("+json");
}

/** @throws BadRequest for what is no JSON, and for keys that would change an object's prototype */
export function parseJson(body: Buffer): unknown {
  if (body.length === 0) throw badRequest("the body is empty; it must be JSON.");
  if (!isUtf8(body)) throw badRequest("the body is no JSON: it has bytes that are no UTF-8.");
  const text = body.toString("utf8");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw badRequest(`the body is no JSON: ${(error as Error).message}.`, error);
  }
  // Written with escapes the key is as dangerous; few bodies have any.
  if (text.includes("__proto__") || text.includes("\\u")) refusePrototypes(value);
  return value;
}

/** Without recursion: JSON may be nested deeper than a stack. */
function refusePrototypes(value: unknown): void {
  const open: unknown[] = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next !== "object" || next === null) continue;
    if (Object.hasOwn(next, "__proto__")) throw badRequest("the body has the key '__proto__'.");
    for (const part of Object.values(next)) open.push(part);
  }
}

/** @throws Configuration */
export function toJson(value: unknown): string {
  try {
    const text = JSON.stringify(plain(value));
    if (text !== undefined) return text;
  } catch (error) {
    throw notSendable(`the output is no JSON: ${(error as Error).message}.`);
  }
  throw notSendable(`the output is ${String(value)}, which JSON does not have; does the function return?`);
}
