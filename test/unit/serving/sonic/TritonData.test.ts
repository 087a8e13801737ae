import { describe, expect, it } from "vitest";
import {
  type BatchState,
  TritonInputData,
  TritonOutputData,
} from "../../../../framework/serving/sonic/TritonData.js";
import { Tensor } from "../../../../framework/tensorflow/Tensor.js";

const state = (given: Partial<BatchState> = {}): BatchState => ({
  batchSize: 1,
  isRagged: false,
  entryCount: 1,
  hasOuterDim: true,
  ...given,
});

describe("TritonInputData", () => {
  it("has the rows of a rectangular batch in one entry", () => {
    const batch = state({ batchSize: 3 });
    const input = new TritonInputData("x", "float32", [2, 4], batch);
    expect([input.dname, input.variableDims, input.sizeDims, input.sizeShape(), input.sizeEntry()]).toEqual([
      "FP32",
      false,
      8,
      8,
      24,
    ]);
    const data = input.allocate("float32");
    expect(data).toHaveLength(24);
    input.toServer(data.fill(1));
    expect(input.tensor(0)).toEqual({ dtype: "float32", shape: [3, 2, 4], data });
  });

  it("has an entry a request in a ragged batch, each of its own shape", () => {
    const input = new TritonInputData("x", "int64", [-1, 2], state({ isRagged: true, entryCount: 2 }));
    expect([input.variableDims, input.sizeDims]).toEqual([true, -1]);
    expect(() => input.sizeShape()).toThrow("sizeShape() of 'x': dimension 0 of its shape [?,2] is open");
    input.setShape(0, 3, 0);
    input.setShape([1, 2], 1);
    input.toServer(new BigInt64Array(6), 0);
    input.toServer(new BigInt64Array(2), 1);
    expect([input.tensor(0).shape, input.tensor(1).shape]).toEqual([
      [1, 3, 2],
      [1, 1, 2],
    ]);
    expect(() => input.setShape(0, 1, 2)).toThrow("entry() of 'x': there is no entry 2; the batch has 2");
  });

  it("takes a tensor with its shape", () => {
    const input = new TritonInputData("x", "float64", [-1], state({ batchSize: 2 }));
    input.toServer(new Tensor("float64", [2, 3]));
    expect(input.shape()).toEqual([3]);
    expect(() => input.toServer(new Tensor("float64", [3, 3]))).toThrow("of shape [3,3] is given for 2 rows");
    const whole = new TritonInputData("y", "float64", [2, 3], state({ hasOuterDim: false }));
    whole.toServer(new Tensor("float64", [2, 3]));
    expect(whole.tensor(0).shape).toEqual([2, 3]);
  });

  it("refuses other types, sizes and dimensions", () => {
    const input = new TritonInputData("x", "float32", [-1, 2], state());
    expect(() => input.allocate("float64")).toThrow(
      "allocate() of 'x': it takes FP32 (float32), not float64.",
    );
    expect(() => input.setShape(1, 3)).toThrow(
      "attempt to change value of non-variable shape dimension 1 from 2 to 3",
    );
    expect(() => input.setShape(2, 3)).toThrow("dimension 2 is out of range for [?,2]");
    expect(() => input.setShape([1])).toThrow("[1] has not the rank of [?,2]");
    expect(() => input.setShape(0, -1)).toThrow("a size cannot be -1");
    input.setShape(0, 2);
    expect(() => input.toServer(new Float64Array(4))).toThrow("not the elements of a Float64Array");
    expect(() => input.toServer(new Float32Array(3))).toThrow(
      "3 elements are given where shape [1,2,2] has 4",
    );
    expect(() => input.toServer(new Tensor("int32", [1, 2, 2]))).toThrow(
      "it takes FP32 (float32), not int32",
    );
    expect(() => input.tensor(0)).toThrow("entry 0 was given no data before the call");
  });

  it("forgets data and shapes when it is reset", () => {
    const input = new TritonInputData("x", "float32", [-1], state());
    input.toServer(new Tensor("float32", [1, 3]));
    input.reset();
    expect(input.shape()).toEqual([-1]);
    expect(() => input.tensor(0)).toThrow("no data");
  });
});

describe("TritonOutputData", () => {
  it("gives what was received, with the batch dimension", () => {
    const output = new TritonOutputData("y", "float32", [-1], state({ batchSize: 2 }));
    const data = Float32Array.of(1, 2, 3, 4);
    output.receive({ dtype: "float32", shape: [2, 2], data }, 0);
    expect(output.fromServer("float32")).toEqual(new Tensor("float32", [2, 2], data));
    expect(output.shape()).toEqual([2]);
    expect(() => output.fromServer("int32")).toThrow(
      "fromServer() of 'y': it gives FP32 (float32), not int32.",
    );
    output.reset();
    expect(output.fromServer("float32").shape).toEqual([0, 0]);
  });

  it("is empty where nothing was sent", () => {
    const output = new TritonOutputData("y", "string", [3], state({ batchSize: 0 }));
    expect(output.fromServer("string")).toEqual(new Tensor("string", [0, 3], []));
    const whole = new TritonOutputData("z", "float32", [3], state({ hasOuterDim: false }));
    expect(whole.fromServer("float32").shape).toEqual([0]);
  });
});
