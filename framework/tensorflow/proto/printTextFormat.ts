/**
 * A message → protobuf's text format (.pb.txt), as TensorFlow prints it: fields by number, maps by key, defaults left
 * out. Which fields there are and what type they have comes from the same schema as for parseTextFormat, its inverse.
 */
import type { Enum, Field, Type } from "protobufjs/light.js";
import { type ProtoInt64, toBigInt } from "./decodeTensor.js";
import type { Message } from "./graphMessages.js";

/**
 * Text that TensorFlow's text_format.Parse reads as an equal message; numbers are the shortest that read back exactly.
 * @throws RangeError beyond the length of JavaScript's strings (512 MB)
 */
export function printTextFormat(type: Type, message: Message): string {
  const lines: string[] = [];
  printFields(type, message, "", lines);
  lines.push("");
  return lines.join("\n");
}

const orders = new WeakMap<Type, readonly Field[]>();

/** Resolved, in the order of their numbers. */
function fieldsOf(type: Type): readonly Field[] {
  const known = orders.get(type);
  if (known) return known;
  const fields = type.fieldsArray.map((field) => field.resolve()).sort((a, b) => a.id - b.id);
  orders.set(type, fields);
  return fields;
}

function printFields(type: Type, message: Message, indent: string, lines: string[]): void {
  for (const field of fieldsOf(type)) {
    // What protobufjs decodes has its defaults in the prototype.
    if (!Object.hasOwn(message, field.name)) continue;
    const value = message[field.name];
    if (value === undefined || value === null) continue;
    if (field.map) printMap(field, value as Message, indent, lines);
    else if (field.repeated)
      for (const element of value as readonly unknown[]) printField(field, element, indent, lines);
    else if (field.partOf || !isDefault(field, value)) printField(field, value, indent, lines);
  }
}

/** Sorted by their keys' bytes, or by number. */
function printMap(field: Field, map: Message, indent: string, lines: string[]): void {
  const isText = (field as Field & { readonly keyType: string }).keyType === "string";
  const keys = Object.keys(map);
  keys.sort(isText ? (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)) : (a, b) => +a - +b);
  for (const key of keys) {
    lines.push(`${indent}${field.name} {`, `${indent}  key: ${isText ? quote(Buffer.from(key)) : key}`);
    printNamed("value", field, map[key], `${indent}  `, lines);
    lines.push(`${indent}}`);
  }
}

function printField(field: Field, value: unknown, indent: string, lines: string[]): void {
  printNamed(field.name, field, value, indent, lines);
}

function printNamed(name: string, field: Field, value: unknown, indent: string, lines: string[]): void {
  const type = field.resolvedType;
  if (type && "fields" in type) {
    lines.push(`${indent}${name} {`);
    printFields(type, value as Message, `${indent}  `, lines);
    lines.push(`${indent}}`);
  } else {
    const text = type ? printEnum(type, value as number) : printScalar(field.type, value);
    lines.push(`${indent}${name}: ${text}`);
  }
}

function isDefault({ type, resolvedType }: Field, value: unknown): boolean {
  if (resolvedType && "fields" in resolvedType) return false;
  if (type === "bytes" || type === "string") return (value as string | Uint8Array).length === 0;
  if (typeof value === "object") return toBigInt(value as ProtoInt64) === 0n;
  return value === false || Object.is(value, 0);
}

function printEnum({ valuesById }: Enum, value: number): string {
  return valuesById[value] ?? String(value);
}

function printScalar(type: string, value: unknown): string {
  if (type === "bytes") return quote(value as Uint8Array);
  if (type === "string") return quote(Buffer.from(value as string));
  if (type === "bool") return value ? "true" : "false";
  if (type === "float") return printFloat(value as number);
  if (type === "double") return printDouble(value as number);
  if (type === "uint64") return String(BigInt.asUintN(64, toBigInt(value as ProtoInt64)));
  return type.endsWith("64") ? String(toBigInt(value as ProtoInt64)) : String(value);
}

/** Nine digits always suffice. */
function printFloat(value: number): string {
  const float = Math.fround(value);
  for (let digits = 6; digits < 9; digits++) {
    const text = float.toPrecision(digits);
    if (Object.is(Math.fround(Number(text)), float)) return printDouble(Number(text));
  }
  // -0 and NaN have no digits.
  return printDouble(float === 0 ? float : Number(float.toPrecision(9)));
}

function printDouble(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  return Object.is(value, -0) ? "-0" : String(value);
}

const escapes = new Map([
  [9, "\\t"],
  [10, "\\n"],
  [13, "\\r"],
  [34, '\\"'],
  [39, "\\'"],
  [92, "\\\\"],
]);
const firstPrintable = 32;
const lastPrintable = 126;
const plain = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= firstPrintable && byte <= lastPrintable && !escapes.has(byte) ? 1 : 0,
);

/** Between quotation marks, what is not printable as octal numbers. */
function quote(bytes: Uint8Array): string {
  if (bytes.every((byte) => plain[byte] === 1)) return `"${Buffer.from(bytes).toString("latin1")}"`;
  const text = Buffer.allocUnsafe(4 * bytes.length);
  let length = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number;
    const short = escapes.get(byte);
    if (plain[byte] === 1) text[length++] = byte;
    else if (short !== undefined) length += text.write(short, length, "latin1");
    else {
      text[length++] = 92;
      text[length++] = 48 + (byte >> 6);
      text[length++] = 48 + ((byte >> 3) & 7);
      text[length++] = 48 + (byte & 7);
    }
  }
  return `"${text.toString("latin1", 0, length)}"`;
}
