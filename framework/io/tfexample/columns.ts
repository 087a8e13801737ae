/** The values of one feature in the event at hand, written as one of tf.Example's three kinds of lists. */
import { Exception } from "../../base/errors.js";
import type { FieldDescription } from "../../data/ProductType.js";
import type { ByteBuffer } from "../ByteBuffer.js";
import { arrayTypeOf, type NumericArrayConstructor, storageOf } from "../storage.js";
import { fieldSize, varintSize, writeFieldHead, writeVarint } from "./varint.js";

/** Protobuf's tag of field 1, 2 or 3 with a length: all that a tf.Example consists of. */
export const tag = { first: 0x0a, second: 0x12, third: 0x1a } as const;

/** `from` and `to` bound the rows that go into one Example. */
export interface ExampleColumn {
  /** Which list of a Feature it is. */
  readonly listTag: number;
  /** Rows in the event at hand. */
  readonly length: number;
  /** Takes the event's value. @throws InsertFailure when it is not what the field declares */
  load(value: unknown): void;
  /** The size of the list in bytes; `write` with the same rows must follow. */
  measure(from: number, to: number): number;
  /** Writes what was measured at `at`, room for which is there; returns the offset behind. */
  write(out: ByteBuffer, at: number, from: number, to: number): number;
}

/** @param name what errors call the column */
export function columnFor(field: FieldDescription, name: string): ExampleColumn {
  switch (storageOf(field)) {
    case "float32":
    case "float64":
      return new FloatColumn(field, name);
    case "int64":
    case "uint64":
      return new WideColumn(field, name);
    case "string":
    case "bytes":
      return new BytesColumn(field, name);
    default:
      return new IntegerColumn(field, name);
  }
}

/** The typed array of a numeric field, or its one value in an array that is used again. */
class NumericValues {
  values: Float64Array;
  readonly #field: FieldDescription;
  readonly #name: string;
  readonly #ArrayType: NumericArrayConstructor;
  readonly #one: Float64Array;

  constructor(field: FieldDescription, name: string) {
    this.#field = field;
    this.#name = name;
    this.#ArrayType = arrayTypeOf(field) as NumericArrayConstructor;
    // Any of the numeric arrays: they differ in nothing that matters here.
    this.#one = new this.#ArrayType(1) as Float64Array;
    this.values = this.#one;
  }

  load(value: unknown): void {
    const { repeated, kind } = this.#field;
    if (repeated) {
      if (!(value instanceof this.#ArrayType)) throw unfit(this.#name, this.#ArrayType.name, value);
      this.values = value as Float64Array;
      return;
    }
    const wanted = kind === "bool" ? "boolean" : this.#ArrayType.name.startsWith("Big") ? "bigint" : "number";
    if (typeof value !== wanted) throw unfit(this.#name, wanted, value);
    const stored = kind === "bool" ? Number(value) : (value as number);
    this.#one[0] = stored;
    if (!this.#ArrayType.name.startsWith("Float") && this.#one[0] !== stored)
      throw unfit(this.#name, `a value that an ${this.#ArrayType.name} can hold`, value);
  }
}

class FloatColumn implements ExampleColumn {
  readonly listTag = tag.second;
  readonly #held: NumericValues;

  constructor(field: FieldDescription, name: string) {
    this.#held = new NumericValues(field, name);
  }

  get length(): number {
    return this.#held.values.length;
  }

  load(value: unknown): void {
    this.#held.load(value);
  }

  measure(from: number, to: number): number {
    return to === from ? 0 : fieldSize(4 * (to - from));
  }

  write(out: ByteBuffer, at: number, from: number, to: number): number {
    if (to === from) return at;
    const { values } = this.#held;
    let end = writeFieldHead(out.bytes, at, tag.first, 4 * (to - from));
    for (let row = from; row < to; row++, end += 4) out.setFloat32(end, values[row] as number);
    return end;
  }
}

/** Integers in numbers: 32-bit fields, flags, and ids up to 2⁵³. */
class IntegerColumn implements ExampleColumn {
  readonly listTag = tag.third;
  readonly #held: NumericValues;
  #packedSize = 0;

  constructor(field: FieldDescription, name: string) {
    this.#held = new NumericValues(field, name);
  }

  get length(): number {
    return this.#held.values.length;
  }

  load(value: unknown): void {
    this.#held.load(value);
  }

  measure(from: number, to: number): number {
    const { values } = this.#held;
    let size = 0;
    for (let row = from; row < to; row++) size += integerSize(values[row] as number);
    this.#packedSize = size;
    return size === 0 ? 0 : fieldSize(size);
  }

  write({ bytes }: ByteBuffer, at: number, from: number, to: number): number {
    if (to === from) return at;
    const { values } = this.#held;
    let end = writeFieldHead(bytes, at, tag.first, this.#packedSize);
    for (let row = from; row < to; row++) end = writeInteger(bytes, end, values[row] as number);
    return end;
  }
}

function integerSize(value: number): number {
  return varintSize(value >>> 0, Math.floor(value / 2 ** 32));
}

function writeInteger(bytes: Uint8Array, at: number, value: number): number {
  return writeVarint(bytes, at, value >>> 0, Math.floor(value / 2 ** 32));
}

/** A number that is no field of a product: a part of the event's id, a count, a row. */
export class NumberColumn implements ExampleColumn {
  readonly listTag = tag.third;
  readonly length = 1;
  value = 0;

  load(value: unknown): void {
    this.value = value as number;
  }

  measure(): number {
    return fieldSize(integerSize(this.value));
  }

  write({ bytes }: ByteBuffer, at: number): number {
    return writeInteger(bytes, writeFieldHead(bytes, at, tag.first, integerSize(this.value)), this.value);
  }
}

/** 64-bit fields, read as pairs of 32-bit halves. */
class WideColumn implements ExampleColumn {
  readonly listTag = tag.third;
  readonly #held: NumericValues;
  readonly #name: string;
  readonly #isUnsigned: boolean;
  #halves = new Int32Array(0);
  #packedSize = 0;

  constructor(field: FieldDescription, name: string) {
    this.#held = new NumericValues(field, name);
    this.#name = name;
    this.#isUnsigned = storageOf(field) === "uint64";
  }

  get length(): number {
    return this.#held.values.length;
  }

  load(value: unknown): void {
    this.#held.load(value);
    const { buffer, byteOffset, length } = this.#held.values;
    this.#halves = new Int32Array(buffer as ArrayBuffer, byteOffset, 2 * length);
  }

  measure(from: number, to: number): number {
    const halves = this.#halves;
    let size = 0;
    for (let i = 2 * from; i < 2 * to; i += 2) {
      const high = halves[i + 1] as number;
      if (this.#isUnsigned && high < 0)
        throw unfit(this.#name, "less than 2^63, because a tf.Example holds int64,", "a larger number");
      size += varintSize(halves[i] as number, high);
    }
    this.#packedSize = size;
    return size === 0 ? 0 : fieldSize(size);
  }

  write({ bytes }: ByteBuffer, at: number, from: number, to: number): number {
    if (to === from) return at;
    const halves = this.#halves;
    let end = writeFieldHead(bytes, at, tag.first, this.#packedSize);
    for (let i = 2 * from; i < 2 * to; i += 2)
      end = writeVarint(bytes, end, halves[i] as number, halves[i + 1] as number);
    return end;
  }
}

class BytesColumn implements ExampleColumn {
  readonly listTag = tag.first;
  readonly #field: FieldDescription;
  readonly #name: string;
  #values: Uint8Array[] = [];

  constructor(field: FieldDescription, name: string) {
    this.#field = field;
    this.#name = name;
  }

  get length(): number {
    return this.#values.length;
  }

  load(value: unknown): void {
    const list = this.#field.repeated ? value : [value];
    if (!Array.isArray(list)) throw unfit(this.#name, "an Array", value);
    this.#values = list.map((item: unknown) => this.#bytesOf(item));
  }

  #bytesOf(item: unknown): Uint8Array {
    if (this.#field.kind === "string" ? typeof item !== "string" : !(item instanceof Uint8Array))
      throw unfit(this.#name, this.#field.kind === "string" ? "string" : "Uint8Array", item);
    return typeof item === "string" ? Buffer.from(item) : (item as Uint8Array);
  }

  measure(from: number, to: number): number {
    let size = 0;
    for (let row = from; row < to; row++) size += fieldSize((this.#values[row] as Uint8Array).length);
    return size;
  }

  write({ bytes }: ByteBuffer, at: number, from: number, to: number): number {
    let end = at;
    for (let row = from; row < to; row++) {
      const value = this.#values[row] as Uint8Array;
      end = writeFieldHead(bytes, end, tag.first, value.length);
      bytes.set(value, end);
      end += value.length;
    }
    return end;
  }
}

function unfit(name: string, wanted: string, value: unknown): Exception {
  const isObject = typeof value === "object" && value !== null;
  const found = isObject
    ? `an object of class ${value.constructor?.name ?? "?"}`
    : `${typeof value} ${value}`;
  return new Exception(
    "InsertFailure",
    `${name} must be ${wanted} but is ${found}; the producer must fill each field as its .proto file declares it.`,
  );
}
