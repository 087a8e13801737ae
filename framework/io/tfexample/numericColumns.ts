/** Columns of numbers: floats as float_list, everything else as int64_list. */
import type { FieldDescription } from "../../data/ProductType.js";
import type { ByteBuffer } from "../ByteBuffer.js";
import { arrayTypeOf, type NumericArrayConstructor, storageOf } from "../storage.js";
import { type ExampleColumn, tag, unfit } from "./ExampleColumn.js";
import { fieldSize, varintSize, writeFieldHead, writeVarint } from "./varint.js";

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

export class FloatColumn implements ExampleColumn {
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
export class IntegerColumn implements ExampleColumn {
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
export class WideColumn implements ExampleColumn {
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
