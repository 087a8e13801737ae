/** Reduce steps: generated code against the slow twin, windows, NaN, and the same bits in every batch. */
import { describe, expect, it } from "vitest";
import { accumulator, call, cast, read } from "../../../../framework/aot/tensor/element.js";
import type { Element, ReduceOp, ReduceStep } from "../../../../framework/aot/tensor/ir.js";
import { type ElementType, sizeOf, Storage, View } from "../../../../framework/aot/tensor/View.js";
import { Random, randomData, randomElement, randomView } from "./randomSteps.js";
import { differences, type Numbers, runSlowly, runStep, storagesOf, targetOf } from "./runStep.js";

function dataOf(random: Random, step: ReduceStep): Map<Storage, Numbers> {
  return new Map(storagesOf(step).map((storage) => [storage, randomData(random, storage)]));
}

const ops: readonly ReduceOp[] = [
  "sum",
  "sum",
  "prod",
  "max",
  "maxNumber",
  "min",
  "all",
  "any",
  "argMax",
  "argMin",
];
const dtypes = ["float32", "float32", "float32", "int32", "float64", "int64", "uint8", "int16"] as const;

function randomReduce(random: Random, maximum: number): ReduceStep | undefined {
  const op = random.pick(ops);
  const isArg = op.startsWith("arg");
  const outer = random.shape(3, [1, 2, 3, 5, 8, 17]);
  const inner = isArg
    ? [random.pick([1, 3, 40, 70, 150])]
    : random.shape(2, [0, 1, 2, 3, 5, 8, 9, 16, 33, 70, 131]);
  if (sizeOf(outer) * sizeOf(inner) > maximum) return undefined;
  const isBool = op === "all" || op === "any";
  const dtype: ElementType = isBool ? "bool" : random.pick(dtypes);
  const shape = [...outer, ...inner];
  const plain = random.next() < 0.4;
  // Products of many small numbers stay exact as long as they are 1, 2 or −1.
  const value =
    plain || op === "prod"
      ? read(randomView(random, shape, dtype))
      : randomElement(random, shape, dtype, random.below(3));
  const result: ElementType = isArg ? "int32" : dtype;
  const outType: ElementType = isArg
    ? random.pick(["int32", "int64"] as const)
    : random.pick([dtype, "float32"] as const);
  const taken: Element = cast(accumulator(result), outType);
  const epilogue = outType === "bool" ? taken : call("add", taken, randomElement(random, outer, outType, 1));
  const out = randomView(random, outer, outType, true);
  return { kind: "reduce", origin: "r", out, op, inner, value, epilogue };
}

describe("a reduce step", () => {
  it.each([4, 8, 16])("computes what its slow twin does, by %i lanes", (lanes) => {
    for (let seed = 0; seed < 500; seed++) {
      const random = new Random(seed);
      const step = randomReduce(random, 4000);
      if (!step) continue;
      const data = dataOf(random, step);
      if (step.op === "prod")
        for (const numbers of data.values())
          for (let i = 0; i < numbers.length; i++)
            (numbers as { [at: number]: unknown })[i] =
              typeof numbers[0] === "bigint" ? 1n : i % 40 === 7 ? 2 : 1;
      const fast = runStep(step, data, targetOf(lanes, seed % 2 === 1));
      const slow = runSlowly(step, data);
      expect(differences(fast.out, slow.out, 1e-6), `seed ${seed}`).toEqual([]);
    }
  });

  it.each([
    ["max", 2, 2, 6],
    ["max", 3, 1, 33],
    ["sum", 3, 2, 8],
    ["sum", 7, 1, 5],
  ] as const)("%s of %i×%i windows by %i", (op, window, stride, channels) => {
    const size = 4;
    const side = (size - 1) * stride + window;
    const input = View.of(new Storage("in", "float32", 2 * side * side * channels), [
      2,
      side,
      side,
      channels,
    ]);
    const [n, y, x, c] = input.strides as [number, number, number, number];
    const shape = [2, size, size, channels, window, window];
    const windows = read(input.strided(shape, [n, y * stride, x * stride, c, y, x]));
    const weights = View.of(new Storage("w", "float32", window * window * channels), [
      window,
      window,
      channels,
    ]);
    const filter = read(weights.permute([2, 0, 1]), shape);
    const value = op === "sum" ? call("mul", windows, filter) : windows;
    const out = View.of(new Storage("out", "float32", 2 * size * size * channels), [2, size, size, channels]);
    const step: ReduceStep = {
      kind: "reduce",
      origin: "w",
      out,
      op,
      inner: [window, window],
      value,
      epilogue: accumulator("float32"),
    };
    const data = dataOf(new Random(5), step);
    for (const lanes of [4, 8, 16])
      expect(differences(runStep(step, data, targetOf(lanes)).out, runSlowly(step, data).out)).toEqual([]);
  });

  it.each([
    ["max", 3],
    ["min", 3],
    ["max", 50],
    ["argMax", 3],
    ["argMin", 150],
  ] as const)("%s keeps a NaN (or passes it over) as TensorFlow does, in rows of %i", (op, length) => {
    const input = View.of(new Storage("in", "float32", 6 * length), [6, length]);
    const isArg = op.startsWith("arg");
    const dtype = isArg ? "int32" : "float32";
    const out = View.of(new Storage("out", dtype, 6), [6]);
    const epilogue = accumulator(dtype);
    const step: ReduceStep = {
      kind: "reduce",
      origin: "n",
      out,
      op,
      inner: [length],
      value: read(input),
      epilogue,
    };
    const data = dataOf(new Random(6), step);
    const numbers = data.get(input.storage) as Float32Array;
    numbers[0] = Number.NaN;
    numbers[length + 1] = Number.NaN;
    numbers[2 * length + 2] = Number.NaN;
    numbers.fill(Number.NaN, 3 * length, 4 * length);
    for (const lanes of [4, 8])
      expect(differences(runStep(step, data, targetOf(lanes)).out, runSlowly(step, data).out)).toEqual([]);
  });

  it.each([[[5000]], [[7, 700]], [[1300, 3]], [[2, 3, 515]]])(
    "sums columns over %j without piling up errors",
    (inner) => {
      const columns = 5;
      // With gaps, so that the inner axes cannot be joined.
      const strides = inner.map((_, axis) =>
        inner.slice(axis + 1).reduce((stride, size) => stride * (size + 1), columns),
      );
      const input = new Storage("in", "float32", (strides[0] as number) * (inner[0] as number));
      const random = new Random(input.count);
      const numbers = Float32Array.from({ length: input.count }, () => 1 + random.next());
      const view = new View(input, [columns, ...inner], [1, ...strides]);
      const out = View.of(new Storage("out", "float32", columns), [columns]);
      const epilogue = accumulator("float32");
      const step: ReduceStep = {
        kind: "reduce",
        origin: "l",
        out,
        op: "sum",
        inner,
        value: read(view),
        epilogue,
      };
      const data = new Map<Storage, Numbers>([
        [input, numbers],
        [out.storage, new Float32Array(columns)],
      ]);
      const sumFrom = (place: number, axis = 0): number => {
        if (axis === inner.length) return numbers[place] as number;
        const places = Array.from(
          { length: inner[axis] as number },
          (_, i) => place + i * (strides[axis] as number),
        );
        return places.reduce((sum, at) => sum + sumFrom(at, axis + 1), 0);
      };
      const exact = Array.from({ length: columns }, (_, column) => sumFrom(column));
      for (const lanes of [4, 16]) {
        const sums = runStep(step, data, targetOf(lanes)).out as Float32Array;
        for (const [column, sum] of exact.entries())
          expect(Math.abs((sums[column] as number) - sum) / sum).toBeLessThan(1e-6);
      }
    },
  );

  it.each([3, 20, 64, 100])("gives a row of %i the same bits in a batch of 1 and of 7", (length) => {
    const random = new Random(length);
    const numbers = Float32Array.from({ length: 7 * length }, () => random.next() * 3 - 1);
    const sums = (batch: number, lanes: number) => {
      const input = View.of(new Storage("in", "float32", batch * length), [batch, length]);
      const out = View.of(new Storage("out", "float32", batch), [batch]);
      const value = call("mul", read(input), read(input));
      const epilogue = accumulator("float32");
      const step: ReduceStep = {
        kind: "reduce",
        origin: "b",
        out,
        op: "sum",
        inner: [length],
        value,
        epilogue,
      };
      const data = new Map<Storage, Numbers>([
        [input.storage, numbers.slice(0, batch * length)],
        [out.storage, new Float32Array(batch)],
      ]);
      return runStep(step, data, targetOf(lanes, true)).out;
    };
    for (const lanes of [4, 8, 16]) {
      const all = sums(7, lanes);
      for (const batch of [1, 2, 3, 5]) expect(sums(batch, lanes)).toEqual(all.slice(0, batch));
    }
  });
});
