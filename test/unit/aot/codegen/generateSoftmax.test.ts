/** Softmax steps: generated code against the slow twin, NaN rows, and the same bits in every batch. */
import { describe, expect, it } from "vitest";
import { call, read } from "../../../../framework/aot/tensor/element.js";
import type { SoftmaxStep } from "../../../../framework/aot/tensor/ir.js";
import { Storage, View } from "../../../../framework/aot/tensor/View.js";
import { Random, randomView } from "./randomSteps.js";
import { differences, type Numbers, runSlowly, runStep, storagesOf, targetOf } from "./runStep.js";

function dataOf(random: Random, step: SoftmaxStep): Map<Storage, Numbers> {
  return new Map(
    storagesOf(step).map((storage) => {
      const numbers = Array.from({ length: storage.count }, () => random.next() * 12 - 6);
      return [storage, storage.dtype === "float32" ? Float32Array.from(numbers) : Float64Array.from(numbers)];
    }),
  );
}

const lengths = [1, 2, 3, 4, 5, 10, 16, 31, 32, 33, 64, 131, 300];

describe("a softmax step", () => {
  it.each([4, 8, 16])("computes what its slow twin does, by %i lanes", (lanes) => {
    for (let seed = 0; seed < 120; seed++) {
      const random = new Random(seed);
      const shape = [...random.shape(2, [1, 2, 3, 5, 6]), random.pick(lengths)];
      const dtype = random.pick(["float32", "float32", "float64"] as const);
      const input = read(randomView(random, shape, dtype));
      const value = random.next() < 0.5 ? input : call("add", input, read(randomView(random, shape, dtype)));
      const out = randomView(random, shape, dtype, true);
      const step: SoftmaxStep = { kind: "softmax", origin: "s", out, isLog: seed % 3 === 0, value };
      const data = dataOf(random, step);
      const [fast, slow] = [runStep(step, data, targetOf(lanes, seed % 2 === 1)), runSlowly(step, data)];
      const tolerance = dtype === "float32" ? 2e-6 : 1e-13;
      expect(differences(fast.out, slow.out, tolerance, step.isLog ? 1 : 0), `seed ${seed}`).toEqual([]);
    }
  });

  it.each(lengths)("makes a row of %i with a NaN or +Inf all NaN; the same bits in every batch", (length) => {
    const random = new Random(length);
    const numbers = Float32Array.from({ length: 7 * length }, () => random.next() * 20 - 10);
    numbers[Math.floor(length / 2)] = Number.NaN;
    numbers[2 * length - 1] = Infinity;
    if (length > 1) numbers[2 * length] = -Infinity;
    const rows = (batch: number, lanes: number, isLog: boolean) => {
      const input = View.of(new Storage("in", "float32", batch * length), [batch, length]);
      const out = View.of(new Storage("out", "float32", batch * length), [batch, length]);
      const step: SoftmaxStep = { kind: "softmax", origin: "b", out, isLog, value: read(input) };
      const data = new Map<Storage, Numbers>([
        [input.storage, numbers.slice(0, batch * length)],
        [out.storage, new Float32Array(batch * length)],
      ]);
      return runStep(step, data, targetOf(lanes)).out as Float32Array;
    };
    for (const isLog of [false, true])
      for (const lanes of [4, 8, 16]) {
        const all = rows(7, lanes, isLog);
        expect(all.slice(0, 2 * length).every(Number.isNaN)).toBe(true);
        expect(all.slice(2 * length).some(Number.isNaN)).toBe(false);
        for (const batch of [1, 2, 5])
          expect(rows(batch, lanes, isLog)).toEqual(all.slice(0, batch * length));
      }
  });
});
