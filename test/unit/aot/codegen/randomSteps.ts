/** Random views and expressions for property tests, the same for the same seed. */
import {
  call,
  cast,
  constantElement,
  read,
  selectElement,
} from "../../../../framework/aot/tensor/element.js";
import type { Element } from "../../../../framework/aot/tensor/ir.js";
import { type ElementType, sizeOf, Storage, View } from "../../../../framework/aot/tensor/View.js";
import { newData } from "../../../../framework/tensorflow/dtypes.js";
import type { Numbers } from "./runStep.js";

export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed * 2654435761;
  }

  /** From 0 to below 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 to below `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  shape(maximumRank: number, sizes: readonly number[]): number[] {
    return Array.from({ length: this.below(maximumRank + 1) }, () => this.pick(sizes));
  }

  shuffled<T>(items: readonly T[]): T[] {
    return items
      .map((item) => ({ item, key: this.next() }))
      .sort((a, b) => a.key - b.key)
      .map(({ item }) => item);
  }
}

let storageCount = 0;

/** A view of that shape: transposed, sliced, reversed or as it is; unless `isOut`, also broadcast. */
export function randomView(
  random: Random,
  shape: readonly number[],
  dtype: ElementType,
  isOut = false,
): View {
  const isPlain = random.next() < 0.4;
  const axes = shape.map((size, axis) => {
    const isRepeated = !isOut && random.next() < 0.25;
    const step = isPlain ? 1 : random.pick([1, 1, 1, 2, -1]);
    const before = isPlain ? 0 : random.below(3);
    const kept = isRepeated ? 1 : size;
    return { axis, size, isRepeated, step, before, memory: kept * Math.abs(step) + before };
  });
  const order = isPlain || random.next() < 0.5 ? axes : random.shuffled(axes);
  const memory = order.map((axis) => axis.memory);
  const storage = new Storage(`s${storageCount++}`, dtype, sizeOf(memory));
  let view = View.of(storage, memory);
  for (const [at, { size, isRepeated, step, before, memory: length }] of order.entries()) {
    const kept = isRepeated ? 1 : size;
    view = view.slice(at, step < 0 ? length - 1 : before, kept, step);
  }
  view = view.permute(shape.map((_size, axis) => order.findIndex((other) => other.axis === axis)));
  return view.broadcast(shape);
}

/** Small whole numbers, so that sums are exact in any order. */
export function randomData(random: Random, storage: Storage): Numbers {
  const data = newData(storage.dtype, storage.count) as Numbers;
  const isUnsigned = storage.dtype.startsWith("u");
  for (let index = 0; index < data.length; index++) {
    const value = storage.dtype === "bool" ? random.below(2) : random.below(9) - (isUnsigned ? 0 : 4);
    (data as { [at: number]: number | bigint })[index] = storage.dtype === "int64" ? BigInt(value) : value;
  }
  return data;
}

const arithmetic = ["add", "sub", "mul", "minimum", "maximum"];
const numberTypes = [
  "float32",
  "float32",
  "int32",
  "float64",
  "int64",
  "uint8",
  "int8",
  "int16",
  "uint16",
] as const;
const divisions = ["floorDiv", "floorMod", "truncateDiv", "truncateMod"];

/** Of whole numbers that stay small, but for what small integers wrap. */
export function randomElement(
  random: Random,
  shape: readonly number[],
  dtype: ElementType,
  depth: number,
): Element {
  const of = (type: ElementType) => randomElement(random, shape, type, depth - 1);
  if (depth === 0 || random.next() < 0.15) {
    const isIndex = (dtype === "int32" || dtype === "int64") && shape.length > 0 && random.next() < 0.3;
    if (isIndex) return { kind: "index", dtype, axis: random.below(shape.length) };
    if (random.next() < 0.2) return constantElement(dtype, dtype === "int64" ? 3n : dtype === "bool" ? 1 : 3);
    return read(randomView(random, shape, dtype));
  }
  if (dtype === "bool") {
    const other = random.pick(numberTypes);
    if (random.next() < 0.3) return call(random.pick(["and", "or", "xor", "equal"]), of("bool"), of("bool"));
    if (random.next() < 0.2) return call("not", of("bool"));
    return call(
      random.pick(["equal", "notEqual", "less", "lessEqual", "greater", "greaterEqual"]),
      of(other),
      of(other),
    );
  }
  const kind = random.next();
  if (kind < 0.15) return selectElement(of("bool"), of(dtype), of(dtype));
  if (kind < 0.3) return cast(of(random.pick([...numberTypes, "bool"])), dtype);
  if (kind < 0.4) return call(random.pick(["neg", "abs", "square"]), of(dtype));
  if (kind < 0.5 && !dtype.startsWith("float"))
    return call(
      random.pick([...divisions, "and", "or", "xor", "leftShift", "rightShift"]),
      of(dtype),
      of(dtype),
    );
  return call(random.pick(arithmetic), of(dtype), of(dtype));
}
