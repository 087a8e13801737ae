/**
 * One product of the n events of a cluster as one block and back: a bitmap of the events that have it, then the fields
 * of its messages column by column (encodeFields), byte-split, compressed in blocks of 256 kB.
 */
import { Exception } from "../base/errors.js";
import type { FieldDescription } from "../data/ProductType.js";
import { packBlocks, unpackBlocks } from "./blockCodec.js";
import { ByteBuffer } from "./ByteBuffer.js";
import { decodeFields, RawCursor } from "./decodeFields.js";
import { encodeFields } from "./encodeFields.js";
import type { MessagePlan } from "./matchFields.js";

/** The raw bytes of the column at work; each thread has its own. */
const scratch = new ByteBuffer();

/** A decoded column. Its products are views of it: keeping one keeps the column of its cluster in memory. */
export interface Column {
  /** The product of the cluster's event `index`, undefined where the event has none. */
  get(index: number): unknown;
  has(index: number): boolean;
}

/**
 * Appends the block of `values`, one for each event (undefined: absent), to `out`.
 * @param path what errors call the product, e.g. its branch name.
 * @throws InsertFailure naming the field whose value is not of the declared type.
 */
export function encodeColumn(
  fields: readonly FieldDescription[],
  values: readonly unknown[],
  out: ByteBuffer,
  path: string,
): void {
  scratch.clear();
  const bitmapSize = Math.ceil(values.length / 8);
  scratch.reserve(bitmapSize);
  scratch.bytes.fill(0, 0, bitmapSize);
  const present = values.filter((value, index) => {
    if (value === undefined) return false;
    scratch.bytes[index >> 3] = (scratch.bytes[index >> 3] as number) | (1 << (index & 7));
    return true;
  });
  encodeFields(fields, present, scratch, path);
  packBlocks(scratch.written(), out);
}

/**
 * The products in a block that encodeColumn wrote for `eventCount` events.
 * @throws FileReadError when the block holds more or less than such products.
 */
export function decodeColumn(plan: MessagePlan, block: Uint8Array, eventCount: number): Column {
  const raw = new RawCursor(unpackBlocks(block, scratch));
  const bitmap = raw.take(Math.ceil(eventCount / 8));
  const position = new Int32Array(eventCount).fill(-1);
  let count = 0;
  for (let i = 0; i < eventCount; i++) {
    if (((raw.bytes[bitmap + (i >> 3)] as number) >> (i & 7)) & 1) position[i] = count++;
  }
  const message = decodeFields(plan, count, raw);
  if (!raw.isAtEnd) throw new Exception("FileReadError", "a column is longer than its products.");
  const positionOf = (index: number) => position[index] ?? -1;
  return {
    get: (index) => (positionOf(index) >= 0 ? message(positionOf(index)) : undefined),
    has: (index) => positionOf(index) >= 0,
  };
}
