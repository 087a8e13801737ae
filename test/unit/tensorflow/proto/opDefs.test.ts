/** TensorFlow's definitions of its ops: there, whole, and quickly found. */
import { describe, expect, it } from "vitest";
import { isOp, opDef, opDefs, opNames } from "../../../../framework/tensorflow/proto/opDefs.js";

describe("the definitions of ops", () => {
  it("are those of TensorFlow 2.15", () => {
    expect([...opNames()].length).toBeGreaterThan(1600);
    expect(["MatMul", "VarHandleOp", "RestoreV2", "_SwitchN"].every(isOp)).toBe(true);
    expect(isOp("MatMull")).toBe(false);
    expect(opDef("MatMull")).toBeUndefined();
  });

  it("say what an op takes, gives and is called with", () => {
    const split = opDef("Split");
    expect(split?.input_arg.map(({ name }) => name)).toEqual(["split_dim", "value"]);
    expect(
      split?.output_arg.map(({ name, number_attr, type_attr }) => [name, number_attr, type_attr]),
    ).toEqual([["output", "num_split", "T"]]);
    expect(split?.attr.map(({ name, type }) => `${name}: ${type}`)).toEqual(["num_split: int", "T: type"]);
    expect(split?.is_stateful).toBe(false);
    expect(opDef("VarHandleOp")?.is_stateful).toBe(true);
    expect(opDef("Identity")?.output_arg[0]?.type_attr).toBe("T");
    expect(opDef("TopKV2")?.output_arg.map(({ name }) => name)).toEqual(["values", "indices"]);
  });

  it("are given by name, each once, sorted", () => {
    expect(opDefs(["MatMul", "Add", "MatMul", "NotAnOp"]).map(({ name }) => name)).toEqual(["Add", "MatMul"]);
  });
});
