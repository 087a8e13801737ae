/** Map steps: generated code against the slow twin, over random views and expressions. */
import { describe, expect, it } from "vitest";
import { call, constantElement, read } from "../../../../framework/aot/tensor/element.js";
import type { Element, MapStep } from "../../../../framework/aot/tensor/ir.js";
import { LoopIndex, Storage, View } from "../../../../framework/aot/tensor/View.js";
import { Random, randomData, randomElement, randomView } from "./randomSteps.js";
import { differences, runSlowly, runStep, storagesOf, targetOf } from "./runStep.js";

function dataOf(random: Random, step: MapStep) {
  return new Map(storagesOf(step).map((storage) => [storage, randomData(random, storage)]));
}

const dtypes = [
  "float32",
  "float32",
  "int32",
  "bool",
  "float64",
  "int64",
  "uint8",
  "int8",
  "int16",
  "uint16",
] as const;

describe("a map step", () => {
  it.each([4, 8, 16])("computes what its slow twin does, by %i lanes", (lanes) => {
    for (let seed = 0; seed < 400; seed++) {
      const random = new Random(seed);
      const shape = random.shape(4, [1, 2, 3, 4, 5, 7, 8, 19, 35]).slice(0, 4);
      if (shape.reduce((a, b) => a * b, 1) > 5000) continue;
      const dtype = random.pick(dtypes);
      const value = randomElement(random, shape, dtype, random.below(4));
      const step: MapStep = { kind: "map", origin: "m", out: randomView(random, shape, dtype, true), value };
      const data = dataOf(random, step);
      const fast = runStep(step, data, targetOf(lanes, seed % 2 === 1));
      const slow = runSlowly(step, data);
      expect(differences(fast.out, slow.out), `seed ${seed}`).toEqual([]);
      expect(fast.fault === undefined, `seed ${seed}`).toBe(slow.fault === undefined);
    }
  });

  it("transposes large matrices in columns", () => {
    const value = read(View.of(new Storage("in", "float32", 133 * 130), [133, 130]).permute([1, 0]));
    const out = View.of(new Storage("out", "float32", 133 * 130), [130, 133]);
    const step: MapStep = { kind: "map", origin: "t", out, value };
    const data = dataOf(new Random(4), step);
    expect(differences(runStep(step, data, targetOf(4)).out, runSlowly(step, data).out)).toEqual([]);
  });

  it.each([9, -9])("gathers rows %i elements apart, and faults where an index is outside", (stride) => {
    const table = new Storage("table", "float32", 5 * 9);
    const ids = new Storage("ids", "int64", 3);
    const out = View.of(new Storage("out", "float32", 27), [3, 9]);
    const value: Element = {
      kind: "gather",
      dtype: "float32",
      view: View.of(table, [5, 9])
        .at(0, stride > 0 ? 0 : 4)
        .broadcast([3, 9]),
      indices: [{ value: read(View.of(ids, [3]).insertAxis(1), [3, 9]), stride, limit: 5 }],
      fault: "outside",
    };
    const step: MapStep = { kind: "map", origin: "g", out, value };
    const data = dataOf(new Random(1), step);
    for (const index of [2n, 4n, 5n, -1n]) {
      data.set(ids, BigInt64Array.of(0n, index, 3n));
      for (const lanes of [4, 16]) {
        const fast = runStep(step, data, targetOf(lanes));
        expect(differences(fast.out, runSlowly(step, data).out)).toEqual([]);
        expect(fast.fault).toBe(index === 5n || index === -1n ? "outside" : undefined);
      }
    }
  });

  it("reads and writes where the loops around it stand", () => {
    const index = new LoopIndex("t");
    const source = new Storage("in", "float32", 4 * 11);
    const target = new Storage("out", "float32", 4 * 11);
    const value = call(
      "add",
      read(View.of(source, [4, 11]).atIndex(0, index)),
      constantElement("float32", 1),
    );
    const out = View.of(target, [4, 11]).atIndex(0, index, 3, -1);
    const step: MapStep = { kind: "map", origin: "l", out, value };
    const data = dataOf(new Random(2), step);
    const loops = new Map([[index, 2]]);
    expect(
      differences(runStep(step, data, targetOf(4), loops).out, runSlowly(step, data, loops).out),
    ).toEqual([]);
  });

  it.each([
    ["pow", [2, 3, -2, 0, 2], [10, 40, 3, 0, 31]],
    ["leftShift", [1, 1, 1, -8, 3], [3, 33, -1, 100, 2]],
    ["rightShift", [100, 100, -100, -8, 9], [3, 33, -1, 100, 1]],
    ["truncateDiv", [-(2 ** 31), 7, -7, 7, 1], [-1, -2, 2, 0, 1]],
    ["floorMod", [-(2 ** 31), 7, -7, 7, 1], [-1, -2, 2, 3, 1]],
    ["pow", [2, 3, 1, 0, 2], [-1, 1, -1, 1, 1]],
  ])("computes %s of integers at the edges", (name, a, b) => {
    const [left, right] = [new Storage("a", "int32", 5), new Storage("b", "int32", 5)];
    const value = call(name, read(View.of(left, [5])), read(View.of(right, [5])));
    const out = View.of(new Storage("out", "int32", 5), [5]);
    const step: MapStep = { kind: "map", origin: "i", out, value };
    const data = dataOf(new Random(3), step);
    data.set(left, Int32Array.from(a));
    data.set(right, Int32Array.from(b));
    const [fast, slow] = [runStep(step, data, targetOf(4)), runSlowly(step, data)];
    expect(differences(fast.out, slow.out)).toEqual([]);
    expect(fast.fault).toBe(slow.fault);
  });
});
