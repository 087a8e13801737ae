/** What the columns of a tf.Example have in common: the values of one feature in the event at hand, as one of its lists. */
import { Exception } from "../../base/errors.js";
import type { ByteBuffer } from "../ByteBuffer.js";

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
export function unfit(name: string, wanted: string, value: unknown): Exception {
  const isObject = typeof value === "object" && value !== null;
  const found = isObject
    ? `an object of class ${value.constructor?.name ?? "?"}`
    : `${typeof value} ${value}`;
  return new Exception(
    "InsertFailure",
    `${name} must be ${wanted} but is ${found}; the producer must fill each field as its .proto file declares it.`,
  );
}
