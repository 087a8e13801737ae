/** The column that a field of a product is written by; strings and bytes are written here. */
import type { FieldDescription } from "../../data/ProductType.js";
import type { ByteBuffer } from "../ByteBuffer.js";
import { storageOf } from "../storage.js";
import { type ExampleColumn, tag, unfit } from "./ExampleColumn.js";
import { FloatColumn, IntegerColumn, WideColumn } from "./numericColumns.js";
import { fieldSize, writeFieldHead } from "./varint.js";

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
