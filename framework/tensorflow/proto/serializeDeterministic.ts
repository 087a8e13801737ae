/**
 * A message → the bytes that TensorFlow's SerializeToStringDeterministic gives: fields and maps in the order of their
 * numbers and keys, what has its default value left out. Fingerprints are hashes of these bytes.
 */
import type { Field, FieldBase, MapField, OneOf, Type, Writer } from "protobufjs/light.js";
import { protobuf } from "../../base/protobuf.js";

type Scalar = "int32" | "uint32" | "int64" | "uint64" | "float" | "double" | "bool" | "string" | "bytes";

const varint = 0;
const delimited = 2;
const wireTypes: Readonly<Record<string, number>> = {
  double: 1,
  fixed64: 1,
  float: 5,
  fixed32: 5,
  string: delimited,
  bytes: delimited,
};

/** `message`: as protobufjs decodes it, or plain objects of the same form; a 64-bit integer may be a bigint. */
export function serializeDeterministic(type: Type, message: object): Uint8Array {
  const writer = protobuf().Writer.create();
  writeMessage(writer, type, message);
  return writer.finish();
}

function writeMessage(writer: Writer, type: Type, message: object): void {
  const fields = [...type.fieldsArray].sort((a, b) => a.id - b.id);
  for (const field of fields) {
    if (!Object.hasOwn(message, field.name)) continue;
    const value = (message as Record<string, unknown>)[field.name];
    if (value === undefined || value === null) continue;
    field.resolve();
    if (field.map) writeMap(writer, field as unknown as MapField, value as object);
    else if (field.repeated) writeRepeated(writer, field, value as readonly unknown[]);
    else if (isPresent(field, value)) writeField(writer, field, field.id, value);
  }
}

/** A member of a oneof and a message are there even when they are empty. */
function isPresent({ partOf, resolvedType }: Field, value: unknown): boolean {
  if (partOf !== (null as OneOf | null) || isMessage(resolvedType)) return true;
  if (typeof value === "number") return !Object.is(value, 0);
  if (isHalves(value)) return value.low !== 0 || value.high !== 0;
  if (typeof value === "bigint") return value !== 0n;
  if (typeof value === "boolean") return value;
  return (value as string | Uint8Array).length > 0;
}

function writeMap(writer: Writer, field: MapField, entries: object): void {
  const isText = field.keyType === "string";
  const order = isText
    ? ([a]: [string, unknown], [b]: [string, unknown]) => Buffer.compare(Buffer.from(a), Buffer.from(b))
    : ([a]: [string, unknown], [b]: [string, unknown]) => Number(a) - Number(b);
  for (const [key, value] of Object.entries(entries).sort(order)) {
    writer.uint32((field.id << 3) | delimited).fork();
    if (isText) writer.uint32((1 << 3) | delimited).string(key);
    else scalar(writer.uint32((1 << 3) | varint), field.keyType as Scalar, Number(key));
    writeField(writer, field, 2, value);
    writer.ldelim();
  }
}

function writeRepeated(writer: Writer, field: Field, values: readonly unknown[]): void {
  if (values.length === 0) return;
  // Numbers are packed, as version 3 of protobuf does.
  if (isMessage(field.resolvedType) || wireTypes[scalarType(field)] === delimited) {
    for (const value of values) writeField(writer, field, field.id, value);
    return;
  }
  writer.uint32((field.id << 3) | delimited).fork();
  for (const value of values) scalar(writer, scalarType(field), value);
  writer.ldelim();
}

function writeField(writer: Writer, field: FieldBase, id: number, value: unknown): void {
  const { resolvedType } = field;
  if (isMessage(resolvedType)) {
    writer.uint32((id << 3) | delimited).fork();
    writeMessage(writer, resolvedType, value as object);
    writer.ldelim();
    return;
  }
  const type = scalarType(field);
  scalar(writer.uint32((id << 3) | (wireTypes[type] ?? varint)), type, value);
}

function isMessage(type: FieldBase["resolvedType"]): type is Type {
  return type !== null && "fieldsArray" in type;
}

/** An enum is written as the number it is. */
function scalarType({ type, resolvedType }: FieldBase): Scalar {
  return resolvedType === null ? (type as Scalar) : "int32";
}

function scalar(writer: Writer, type: Scalar, value: unknown): void {
  (writer[type] as (value: unknown) => Writer).call(
    writer,
    typeof value === "bigint" ? halves(value) : value,
  );
}

function isHalves(value: unknown): value is { low: number; high: number } {
  return typeof value === "object" && value !== null && "low" in value;
}

function halves(value: bigint): { low: number; high: number } {
  return { low: Number(BigInt.asIntN(32, value)), high: Number(BigInt.asIntN(32, value >> 32n)) };
}
