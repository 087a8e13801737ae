/**
 * protobuf's text format (.pb.txt) → the message that the binary decoder would give. Which fields there are and what
 * type they have comes from the same schema; fields that it does not have are skipped, whatever they hold.
 */
import type { Enum, Field, MapField, Type } from "protobufjs/light.js";
import { suggestion } from "../../base/didYouMean.js";
import type { ProtoInt64 } from "./decodeTensor.js";
import { TextTokens, textError, type Token, unquote } from "./textFormatTokens.js";

type Fields = Record<string, unknown>;

const closing: Readonly<Record<string, string>> = { "{": "}", "<": ">" };
/** Messages in messages: deeper is damage, and would be a stack overflow. */
const maxDepth = 100;

/**
 * `refusesUnknown`: for files that people write by hand, where an unknown field is a misspelt one.
 * @throws InvalidGraphDef naming the line.
 */
export function parseTextFormat(type: Type, text: string, refusesUnknown = false): unknown {
  const tokens = new TextTokens(text, refusesUnknown);
  return parseMessage(tokens, type, undefined, 0);
}

function parseMessage(tokens: TextTokens, type: Type, end: string | undefined, depth: number): Fields {
  if (depth > maxDepth) throw textError(tokens.next.line, `messages are nested more than ${maxDepth} deep`);
  const message = type.create() as unknown as Fields;
  while (!isAt(tokens, end)) {
    const name = fieldName(tokens);
    const field = type.fields[name.text];
    const hasColon = tokens.accept(":");
    if (field) parseField(tokens, field.resolve(), message, hasColon, depth);
    else if (tokens.refusesUnknown) throw unknownField(name, type);
    else skipValue(tokens, depth);
    if (!tokens.accept(",")) tokens.accept(";");
  }
  return message;
}

function unknownField({ text, line }: Token, type: Type) {
  const hint = suggestion(text, Object.keys(type.fields));
  return textError(line, `${type.name} has no field '${text}'${hint}`);
}

/** Takes the closing bracket. */
function isAt(tokens: TextTokens, end: string | undefined): boolean {
  if (end !== undefined && tokens.accept(end)) return true;
  if (tokens.next.kind !== "end") return false;
  if (end === undefined) return true;
  throw textError(tokens.next.line, `the file ends where '${end}' is expected`);
}

/** A name, or the bracketed name of an extension, which no schema here has. */
function fieldName(tokens: TextTokens): Token {
  const token = tokens.take();
  if (token.kind === "word") return token;
  if (token.text !== "[") throw textError(token.line, `a field's name is expected, not ${shown(token)}`);
  while (!tokens.accept("]")) {
    if (tokens.take().kind === "end") throw textError(token.line, "'[' is not closed");
  }
  return { ...token, text: "[extension]" };
}

function parseField(
  tokens: TextTokens,
  field: Field,
  message: Fields,
  hasColon: boolean,
  depth: number,
): void {
  const isMessage = field.map || (field.resolvedType !== null && "fields" in field.resolvedType);
  if (!isMessage && !hasColon) throw textError(tokens.next.line, `':' is expected after '${field.name}'`);
  if (!field.repeated || !tokens.accept("[")) {
    store(message, field, parseValue(tokens, field, depth));
    return;
  }
  for (let first = true; !tokens.accept("]"); first = false) {
    if (!first && !tokens.accept(","))
      throw textError(tokens.next.line, `',' or ']' is expected, not ${shown(tokens.next)}`);
    store(message, field, parseValue(tokens, field, depth));
  }
}

function store(message: Fields, field: Field, value: unknown): void {
  if (field.map) {
    const { key, value: entry } = value as { key: string; value: unknown };
    Object.defineProperty(message[field.name], key, {
      value: entry,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  } else if (field.repeated) (message[field.name] as unknown[]).push(value);
  else message[field.name] = value;
}

function parseValue(tokens: TextTokens, field: Field, depth: number): unknown {
  if (field.map) return parseMapEntry(tokens, field, depth);
  const type = field.resolvedType;
  if (type && "fields" in type) return parseMessage(tokens, type, openBracket(tokens, field.name), depth + 1);
  if (field.type === "bytes" || field.type === "string") return parseString(tokens, field);
  return type ? parseEnum(tokens, type, field) : parseNumber(tokens, field);
}

function openBracket(tokens: TextTokens, name: string): string {
  const token = tokens.take();
  const end = token.kind === "punctuation" ? closing[token.text] : undefined;
  if (end === undefined) throw textError(token.line, `'{' is expected after '${name}', not ${shown(token)}`);
  return end;
}

/** { key: "name" value { … } }, in any order; what is left out has its default. */
function parseMapEntry(tokens: TextTokens, field: Field, depth: number): { key: string; value: unknown } {
  const end = openBracket(tokens, field.name);
  const type = field.resolvedType && "fields" in field.resolvedType ? field.resolvedType : undefined;
  const scalar = () => (field.type === "string" ? textOf(concatenated(tokens)) : parseNumber(tokens, field));
  let key = (field as Field & Pick<MapField, "keyType">).keyType === "string" ? "" : "0";
  let value: unknown = type ? type.create() : field.type === "string" ? "" : 0;
  while (!isAt(tokens, end)) {
    const name = fieldName(tokens);
    tokens.accept(":");
    if (name.text === "key")
      key = tokens.next.kind === "string" ? textOf(concatenated(tokens)) : wordOf(tokens, field).text;
    else if (name.text !== "value") skipValue(tokens, depth);
    else if (type) value = parseMessage(tokens, type, openBracket(tokens, "value"), depth + 1);
    else value = scalar();
    if (!tokens.accept(",")) tokens.accept(";");
  }
  return { key, value };
}

function parseString(tokens: TextTokens, field: Field): unknown {
  const bytes = concatenated(tokens);
  return field.type === "bytes" ? bytes : textOf(bytes);
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("utf8");
}

/** Strings side by side are one, as in C. */
function concatenated(tokens: TextTokens): Uint8Array {
  if (tokens.next.kind !== "string")
    throw textError(tokens.next.line, `a string is expected, not ${shown(tokens.next)}`);
  const parts: Uint8Array[] = [];
  while (tokens.next.kind === "string") parts.push(unquote(tokens.take()));
  return parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts);
}

function parseEnum(tokens: TextTokens, { values }: Enum, field: Field): number {
  const token = wordOf(tokens, field);
  const number = Object.hasOwn(values, token.text) ? values[token.text] : Number(token.text);
  if (number !== undefined && Number.isInteger(number)) return number;
  throw textError(
    token.line,
    `'${field.name}' cannot be ${token.text}${suggestion(token.text, Object.keys(values))}`,
  );
}

function parseNumber(tokens: TextTokens, field: Field): unknown {
  const token = wordOf(tokens, field);
  const value = scalarOf(token.text, field);
  if (value === undefined)
    throw textError(token.line, `'${field.name}' is a ${field.type}, not ${token.text}`);
  return value;
}

function wordOf(tokens: TextTokens, field: Field): Token {
  const sign = tokens.accept("-") ? "-" : "";
  const token = tokens.take();
  if (token.kind !== "word")
    throw textError(token.line, `'${field.name}' is a ${field.type}, not ${shown(token)}`);
  return sign ? { ...token, text: `-${token.text}` } : token;
}

function scalarOf(text: string, field: Field): unknown {
  if (field.type === "bool") return boolOf(text);
  if (field.type !== "float" && field.type !== "double") return integerOf(text, field);
  const value = floatOf(text);
  // "0.001" is written for the float nearest to it.
  return value !== undefined && field.type === "float" ? Math.fround(value) : value;
}

function boolOf(text: string): boolean | undefined {
  if (["true", "True", "t", "1"].includes(text)) return true;
  return ["false", "False", "f", "0"].includes(text) ? false : undefined;
}

function floatOf(text: string): number | undefined {
  const plain = text.toLowerCase().replace(/^\+/, "");
  if (/^-?inf(inity)?f?$/.test(plain))
    return plain.startsWith("-") ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (/^-?nan$/.test(plain)) return Number.NaN;
  return /^-?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?f?$/.test(plain) ? Number(plain.replace(/f$/, "")) : undefined;
}

/** Decimal, octal (017) or hexadecimal (0x1f), within its type's range; 64 bits in protobufjs' form. */
function integerOf(text: string, { type }: Field): ProtoInt64 | number | undefined {
  const [, sign, digits] = /^([-+]?)(0x[\da-f]+|0[0-7]*|[1-9]\d*)$/i.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const size = BigInt(/^0\d/.test(digits) ? `0o${digits}` : digits);
  const value = sign === "-" ? -size : size;
  const bits = type.endsWith("64") ? 64 : 32;
  const fits = type.startsWith("u")
    ? BigInt.asUintN(bits, value) === value
    : BigInt.asIntN(bits, value) === value;
  if (!fits) return undefined;
  if (bits === 32) return Number(value);
  return { low: Number(BigInt.asIntN(32, value)), high: Number(BigInt.asIntN(32, value >> 32n)) };
}

/** The value of a field that the schema does not have: a message, a list or scalars. */
function skipValue(tokens: TextTokens, depth: number): void {
  if (depth > maxDepth) throw textError(tokens.next.line, `messages are nested more than ${maxDepth} deep`);
  if (tokens.accept("[")) {
    for (; !tokens.accept("]"); tokens.accept(",")) skipValue(tokens, depth + 1);
    return;
  }
  const token = tokens.take();
  const end = token.kind === "punctuation" ? closing[token.text] : undefined;
  if (end !== undefined) {
    while (!isAt(tokens, end)) {
      fieldName(tokens);
      tokens.accept(":");
      skipValue(tokens, depth + 1);
      if (!tokens.accept(",")) tokens.accept(";");
    }
    return;
  }
  if (token.kind === "punctuation" && token.text === "-") tokens.take();
  else if (token.kind !== "word" && token.kind !== "string")
    throw textError(token.line, `a value is expected, not ${shown(token)}`);
  while (token.kind === "string" && tokens.next.kind === "string") tokens.take();
}

function shown({ kind, text }: Token): string {
  return kind === "end" ? text : `'${text}'`;
}
