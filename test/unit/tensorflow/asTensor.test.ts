/** What may stand for a tensor, and what is refused with a reason. */
import { describe, expect, it } from "vitest";
import { asTensor } from "../../../framework/tensorflow/asTensor.js";
import { Tensor } from "../../../framework/tensorflow/Tensor.js";

const plain = (value: unknown, wanted = {}) => {
  const { dtype, shape, data } = asTensor(value, wanted);
  return [dtype, shape, [...data]];
};

describe("asTensor takes", () => {
  it("nested arrays in row-major order", () => {
    expect(
      plain([
        [1, 2, 3],
        [4, 5, 6],
      ]),
    ).toEqual(["float32", [2, 3], [1, 2, 3, 4, 5, 6]]);
    expect(plain([[[1]], [[2]]])).toEqual(["float32", [2, 1, 1], [1, 2]]);
    expect(plain([new Float32Array([1, 2]), [3, 4]])).toEqual(["float32", [2, 2], [1, 2, 3, 4]]);
    expect(plain([[], []])).toEqual(["float32", [2, 0], []]);
    expect(plain([])).toEqual(["float32", [0], []]);
  });

  it("scalars, of the type they are", () => {
    expect(plain(3)).toEqual(["float32", [], [3]]);
    expect(plain(3n)).toEqual(["int64", [], [3n]]);
    expect(plain(true)).toEqual(["bool", [], [1]]);
    expect(plain("jet", {})).toEqual(["string", [], [Buffer.from("jet")]]);
  });

  it("the wanted type", () => {
    expect(plain([1, 2], { dtype: "int64" })).toEqual(["int64", [2], [1n, 2n]]);
    expect(plain([1.5, "NaN"], { dtype: "float64" })).toEqual(["float64", [2], [1.5, Number.NaN]]);
    expect(plain([1, 0, true], { dtype: "bool" })).toEqual(["bool", [3], [1, 0, 1]]);
    expect(plain([1], { dtype: "half" })).toEqual(["half", [1], [0x3c00]]);
    const png = new Uint8Array([137, 80]);
    expect(plain([png], { dtype: "string" })).toEqual(["string", [1], [png]]);
    expect(plain(png, { dtype: "string" })).toEqual(["string", [], [png]]);
  });

  it("typed arrays, in the wanted shape with its unknown size", () => {
    const values = new Float32Array([1, 2, 3, 4, 5, 6]);
    expect(plain(values)).toEqual(["float32", [6], [...values]]);
    expect(plain(values, { shape: [-1, 3] })).toEqual(["float32", [2, 3], [...values]]);
    expect(asTensor(values, { dtype: "float32", shape: [6] }).data).toBe(values);
    expect(plain(values, { dtype: "int32", shape: [3, -1] })).toEqual(["int32", [3, 2], [1, 2, 3, 4, 5, 6]]);
  });

  it("tensors as they are", () => {
    const tensor = new Tensor("int32", [1, 2], [1, 2]);
    expect(plain(tensor, { dtype: "int32" })).toEqual(["int32", [1, 2], [1, 2]]);
    expect(asTensor(tensor).data).toBe(tensor.data);
  });
});

describe("asTensor refuses", () => {
  it.each<[string, unknown, object, string]>([
    ["rows of different lengths", [[1, 2], [3]], {}, "different lengths at depth 1"],
    ["a number among rows", [[1], 2], {}, "different lengths at depth 1"],
    ["a row among numbers", [1, [2]], {}, "different lengths at depth 1"],
    ["a row among empty rows", [[], [[]]], {}, "different lengths at depth 1"],
    ["a fraction for an integer", [1, 2.5], { dtype: "int32" }, "element 1 is 2.5, which is no int32"],
    ["an integer out of range", [300], { dtype: "uint8" }, "element 0 is 300, which is no uint8"],
    [
      "a fraction in a typed array",
      new Float32Array([0.5]),
      { dtype: "int64" },
      "element 0 is 0.5, which is no int64",
    ],
    ["text for a number", ["one"], { dtype: "float32" }, "element 0 is one, which is no float32"],
    ["nothing", undefined, {}, "element 0 is undefined, which is no float32"],
    [
      "another tensor",
      new Tensor("int32", [1], [1]),
      { dtype: "float32" },
      "it is a int32 tensor, but float32 is wanted",
    ],
    [
      "too few elements",
      new Float32Array(5),
      { shape: [-1, 3] },
      "5 elements do not make a tensor of shape [?,3]",
    ],
  ])("%s", (_name, value, wanted, message) => {
    expect(() => asTensor(value, wanted, "input 'x'")).toThrow(`input 'x': `);
    expect(() => asTensor(value, wanted)).toThrow(message);
  });
});
