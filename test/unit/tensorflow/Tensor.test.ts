import { describe, expect, it } from "vitest";
import { Tensor } from "../../../framework/tensorflow/Tensor.js";

describe("Tensor", () => {
  it("converts plain values and keeps a typed array as it is", () => {
    const data = new Float32Array(4);
    expect(new Tensor("float32", [2, 2], data).data).toBe(data);
    expect(new Tensor("int64", [2], [1, 2n]).data).toEqual(BigInt64Array.of(1n, 2n));
    expect(new Tensor("bool", [2], [true, false]).data).toEqual(Uint8Array.of(1, 0));
    expect(new Tensor("float64", [2, 3]).data).toEqual(new Float64Array(6));
  });

  it("gives its data typed, or says what it holds", () => {
    const tensor: Tensor = new Tensor("float32", [1], [2]);
    expect(tensor.as("float32")[0]).toBe(2);
    expect(() => tensor.as("int32")).toThrow("the tensor holds float32, not int32.");
  });

  it.each([
    [() => new Tensor("float32", [2], [1]), "a float32 tensor of shape [2] needs 2 elements, 1 are given."],
    [() => new Tensor("float32", [-1]), "a tensor cannot have the shape [?]."],
    [() => new Tensor("float32", [2 ** 20, 2 ** 20]), "more than the 268435456 that a tensor may have."],
    [
      () => new Tensor("float32", [1], new Float64Array(1) as never),
      "a float32 tensor cannot be made from a Float64Array.",
    ],
    [() => new Tensor("float" as never, [1]), "unknown dtype 'float'."],
  ])("refuses what does not fit", (make, text) => {
    expect(make).toThrow(text);
  });
});
