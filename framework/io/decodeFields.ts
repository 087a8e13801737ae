/** The inverse of encodeFields: one getter for each message column, whose typed arrays are views of whole columns. */
import { Exception } from "../base/errors.js";
import type { FieldDescription } from "../data/ProductType.js";
import { joinBytes } from "./byteSplit.js";
import type { FieldPlan, MessagePlan } from "./matchFields.js";
import { arrayTypeOf, storageOf, type NumericArrayConstructor } from "./storage.js";

/** The value of element i of a column. */
type Getter = (index: number) => unknown;

/** Walks over the raw bytes of one column; a read beyond the end is a FileReadError. */
export class RawCursor {
  #at = 0;

  constructor(readonly bytes: Uint8Array) {}

  get isAtEnd(): boolean {
    return this.#at === this.bytes.length;
  }

  /** The offset of the next `count` bytes, which are thereby read. */
  take(count: number): number {
    const start = this.#at;
    this.#at += count;
    if (this.#at <= this.bytes.length) return start;
    throw new Exception("FileReadError", `a column of ${this.bytes.length} bytes needs ${this.#at} or more.`);
  }
}

/** Decodes the columns of `count` messages; dropped fields are walked over, not decoded. */
export function decodeFields(plan: MessagePlan, count: number, raw: RawCursor): Getter {
  const { names } = plan;
  const getters: Getter[] = [...plan.defaults];
  for (const fieldPlan of plan.fields) {
    const getter = decodeField(fieldPlan, count, raw);
    if (fieldPlan.slot !== undefined) getters[fieldPlan.slot] = getter;
  }
  return (index) => {
    const message: Record<string, unknown> = {};
    for (let i = 0; i < names.length; i++) message[names[i] as string] = (getters[i] as Getter)(index);
    return message;
  };
}

function decodeField(plan: FieldPlan, count: number, raw: RawCursor): Getter {
  if (!plan.field.repeated) return decodeItems(plan, count, raw);
  const starts = decodeStarts(count, raw);
  const total = starts[count] as number;
  const ArrayType = arrayTypeOf(plan.field);
  if (ArrayType) return decodeArrays(plan, ArrayType, starts, total, raw);
  const item = decodeItems(plan, total, raw);
  return (index) => {
    const start = starts[index] as number;
    const list = new Array<unknown>((starts[index + 1] as number) - start);
    for (let i = 0; i < list.length; i++) list[i] = item(start + i);
    return list;
  };
}

function decodeArrays(
  plan: FieldPlan,
  ArrayType: NumericArrayConstructor,
  starts: Float64Array,
  total: number,
  raw: RawCursor,
): Getter {
  const at = raw.take(total * ArrayType.BYTES_PER_ELEMENT);
  if (plan.slot === undefined) return dropped;
  const { buffer, BYTES_PER_ELEMENT } = joinBytes(ArrayType, total, raw.bytes, at);
  return (index) => {
    const start = starts[index] as number;
    return new ArrayType(buffer, start * BYTES_PER_ELEMENT, (starts[index + 1] as number) - start);
  };
}

/** One value an element. */
function decodeItems({ field, slot, nested }: FieldPlan, count: number, raw: RawCursor): Getter {
  if (nested) return decodeFields(nested, count, raw);
  const ArrayType = arrayTypeOf(field);
  if (!ArrayType) return decodeContents(field, slot === undefined, count, raw);
  const at = raw.take(count * ArrayType.BYTES_PER_ELEMENT);
  if (slot === undefined) return dropped;
  const values = joinBytes(ArrayType, count, raw.bytes, at);
  return field.kind === "bool" ? (index) => values[index] !== 0 : (index) => values[index];
}

/** Strings or bytes. Strings of one column are decoded together where they are ASCII, as names are. */
function decodeContents(field: FieldDescription, isDropped: boolean, count: number, raw: RawCursor): Getter {
  const starts = decodeStarts(count, raw);
  const size = starts[count] as number;
  const at = raw.take(size);
  if (isDropped) return dropped;
  const contents = raw.bytes.slice(at, at + size);
  if (storageOf(field) === "bytes") return (index) => contents.subarray(starts[index], starts[index + 1]);
  const buffer = Buffer.from(contents.buffer);
  const text = buffer.toString("utf8");
  const isAscii = text.length === size;
  if (isAscii) return (index) => text.slice(starts[index], starts[index + 1]);
  return (index) => buffer.toString("utf8", starts[index], starts[index + 1]);
}

/** Where each element's items start, with the end of the last: count + 1 running sums of uint32 counts. */
function decodeStarts(count: number, raw: RawCursor): Float64Array {
  const at = raw.take(4 * count);
  const counts = joinBytes(Uint32Array, count, raw.bytes, at) as Uint32Array;
  const starts = new Float64Array(count + 1);
  let sum = 0;
  for (let i = 0; i < count; i++) {
    sum += counts[i] as number;
    starts[i + 1] = sum;
  }
  return starts;
}

function dropped(): never {
  throw new Exception("LogicError", "a field that the reader does not know was read.");
}
