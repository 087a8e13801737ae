/** Names of nodes as tf.name_scope makes them. */
import { expect, it } from "vitest";
import { Names, validName } from "../../../../framework/tensorflow/trace/Names.js";

it("counts on where a name is taken, and opens a scope anew", () => {
  const names = new Names();
  expect([names.unique("MatMul"), names.unique("MatMul"), names.unique("MatMul_1")]).toEqual([
    "MatMul",
    "MatMul_1",
    "MatMul_1_1",
  ]);
  const inner = () => [names.unique("MatMul"), names.inScope("deep", () => names.unique("MatMul"))];
  expect(names.inScope("dense", inner)).toEqual(["dense/MatMul", "dense/deep/MatMul"]);
  expect(names.inScope("dense", inner)).toEqual(["dense_1/MatMul", "dense_1/deep/MatMul"]);
  expect(names.unique("dense")).toBe("dense");
  expect(names.inScope("a", () => names.uniqueAtRoot("w"))).toBe("w");
});

it("leaves a scope that fails", () => {
  const names = new Names();
  expect(() =>
    names.inScope("dense", () => {
      throw new Error("mine");
    }),
  ).toThrow("mine");
  expect(names.unique("x")).toBe("x");
});

it("makes names valid", () => {
  expect(["a b:0", "_Fused", "dense/kernel", "", "é"].map(validName)).toEqual([
    "a_b_0",
    "._Fused",
    "dense/kernel",
    ".",
    "._",
  ]);
});
