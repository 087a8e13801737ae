/** Compares one field of a product over all events of two files and keeps what a report needs of it. */
import type { FieldDescription } from "../data/ProductType.js";
import { storageOf } from "./storage.js";

export type ComparisonStatus = "exact" | "close" | "different";

/** Two floating-point values are close when |a - b| <= max(absolute, relative · max(|a|, |b|)). */
export interface Tolerance {
  readonly relative: number;
  readonly absolute: number;
}

export interface FirstDifference {
  /** run:lumi:event */
  readonly event: string;
  /** Index of the item in a repeated field, "3.1" for item 1 within message 3, "" for a scalar. */
  readonly index: string;
  /** The values, printed; "absent" where one is longer than the other. */
  readonly a: string;
  readonly b: string;
}

/** Tallies of one field; names of nested fields are joined by dots. */
export class FieldComparison {
  /** Values compared, the absent counterpart of a longer list included. */
  valueCount = 0;
  /** Values that are neither equal nor close. */
  differentCount = 0;
  /** Values that are not equal but close. */
  closeCount = 0;
  /** In the field's unit, of all unequal pairs of numbers; Infinity where only one of them is NaN. */
  largestAbsolute = 0;
  /** |a - b| / max(|a|, |b|) */
  largestRelative = 0;
  /** In A's event order; of a value that is not close. */
  first: FirstDifference | undefined;
  #firstOrdinal = Number.POSITIVE_INFINITY;
  readonly #nested: readonly FieldComparison[];
  readonly #isFloat: boolean;

  /** Two fields of the same protobuf number; one is undefined when only the other file declares the field. */
  constructor(
    readonly field: string,
    readonly fieldA: FieldDescription | undefined,
    readonly fieldB: FieldDescription | undefined,
    readonly tolerance: Tolerance,
  ) {
    this.#nested = pairFields(fieldA?.fields ?? [], fieldB?.fields ?? [], tolerance, `${field}.`);
    this.#isFloat = [fieldA, fieldB].every(
      (each) => each !== undefined && storageOf(each).startsWith("float"),
    );
  }

  get status(): ComparisonStatus {
    if (this.differentCount > 0) return "different";
    return this.closeCount > 0 ? "close" : "exact";
  }

  /** This field, or for a message the fields inside it; its own line counts missing items. */
  get leaves(): FieldComparison[] {
    const inside = this.#nested.flatMap((nested) => nested.leaves);
    return this.#nested.length === 0 || this.differentCount > 0 ? [this, ...inside] : inside;
  }

  /** @param at the indices of the messages that contain these values. */
  compare(
    a: unknown,
    b: unknown,
    event: { name: string; ordinalA: number },
    at: readonly number[] = [],
  ): void {
    if (!this.fieldA?.repeated && !this.fieldB?.repeated) {
      this.#compareItem(a, b, event, at);
      return;
    }
    const listA = asList(a);
    const listB = asList(b);
    const length = Math.max(listA.length, listB.length);
    for (let i = 0; i < length; i++) {
      if (listA[i] === listB[i] && listA[i] !== undefined) this.valueCount++;
      else this.#compareItem(listA[i], listB[i], event, [...at, i]);
    }
  }

  #compareItem(
    a: unknown,
    b: unknown,
    event: { name: string; ordinalA: number },
    at: readonly number[],
  ): void {
    if (isMessage(a) && isMessage(b)) {
      for (const nested of this.#nested) nested.compare(nested.#of(a, "A"), nested.#of(b, "B"), event, at);
      return;
    }
    this.valueCount++;
    if (isEqual(a, b)) return;
    if (this.#isClose(a, b)) this.closeCount++;
    else {
      this.differentCount++;
      if (event.ordinalA < this.#firstOrdinal) {
        this.#firstOrdinal = event.ordinalA;
        this.first = { event: event.name, index: at.join("."), a: printed(a), b: printed(b) };
      }
    }
  }

  #of(message: Record<string, unknown>, side: "A" | "B"): unknown {
    const field = side === "A" ? this.fieldA : this.fieldB;
    return field && message[field.name];
  }

  /** Also keeps the largest differences of numbers. */
  #isClose(a: unknown, b: unknown): boolean {
    if (!isNumber(a) || !isNumber(b)) return false;
    const x = Number(a);
    const y = Number(b);
    const difference = Number.isNaN(x - y) ? Number.POSITIVE_INFINITY : Math.abs(x - y);
    const scale = Math.max(Math.abs(x), Math.abs(y));
    const relative = Number.isFinite(difference) ? difference / scale : Number.POSITIVE_INFINITY;
    this.largestAbsolute = Math.max(this.largestAbsolute, difference);
    this.largestRelative = Math.max(this.largestRelative, relative);
    if (!this.#isFloat || !Number.isFinite(difference)) return false;
    return difference <= Math.max(this.tolerance.absolute, this.tolerance.relative * scale);
  }
}

/** One comparison for each field that either message has, matched by protobuf number, in A's order. */
export function pairFields(
  fieldsA: readonly FieldDescription[],
  fieldsB: readonly FieldDescription[],
  tolerance: Tolerance,
  prefix = "",
): FieldComparison[] {
  const inBoth = fieldsA.map((a) => {
    const b = fieldsB.find(({ id }) => id === a.id);
    return new FieldComparison(prefix + a.name, a, b, tolerance);
  });
  const onlyInB = fieldsB.filter(({ id }) => !fieldsA.some((a) => a.id === id));
  return [...inBoth, ...onlyInB.map((b) => new FieldComparison(prefix + b.name, undefined, b, tolerance))];
}

function asList(value: unknown): ArrayLike<unknown> {
  if (Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))) {
    return value as unknown as ArrayLike<unknown>;
  }
  return value === undefined ? [] : [value];
}

function isMessage(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !ArrayBuffer.isView(value) && !Array.isArray(value);
}

function isNumber(value: unknown): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

/** NaN equals NaN and -0 equals 0; a number that became a bigint equals it. */
function isEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (isNumber(a) && isNumber(b)) return String(a) === String(b);
  return a instanceof Uint8Array && b instanceof Uint8Array && Buffer.compare(a, b) === 0;
}

function printed(value: unknown): string {
  if (value === undefined) return "absent";
  if (value instanceof Uint8Array) return `0x${Buffer.from(value.subarray(0, 16)).toString("hex")}`;
  return isMessage(value) ? "a message" : String(value);
}
