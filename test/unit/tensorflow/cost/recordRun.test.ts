/** A recorded run: shapes, operations and parameters of every node, in loops too, against numbers worked out by hand. */
import { describe, expect, it } from "vitest";
import { Exception } from "../../../../framework/base/errors.js";
import { recordRun } from "../../../../framework/tensorflow/cost/recordRun.js";
import type { GraphDef } from "../../../../framework/tensorflow/GraphDef.js";
import { GraphIndex } from "../../../../framework/tensorflow/GraphIndex.js";
import { parseTensorName } from "../../../../framework/tensorflow/names.js";
import { lowerFunctions } from "../../../../framework/tensorflow/reference/functions/lowerFunctions.js";
import { Tensor } from "../../../../framework/tensorflow/Tensor.js";
import { floats, graphOf, node, placeholder } from "../buildGraph.js";
import { loop } from "./loopGraph.js";

const record = (graph: GraphDef, feeds: Record<string, Tensor>, fetches: readonly string[]) =>
  recordRun(
    new GraphIndex(lowerFunctions(graph)),
    Object.entries(feeds).map(([name, tensor]) => ({ name: parseTensorName(name), tensor })),
    fetches.map(parseTensorName),
  );

describe("recordRun", () => {
  it("knows a dense layer", () => {
    const graph = graphOf(
      placeholder("x", "float32", [-1, 20]),
      floats("w", [20, 64], [0.5]),
      node("w/read", "Identity", ["w"]),
      floats("b", [64], [1]),
      floats("epsilon", [], [0.001]),
      node("product", "MatMul", ["x", "w/read"]),
      node("sum", "BiasAdd", ["product", "b"]),
      node("y", "Relu", ["sum"]),
      node("small", "Add", ["y", "epsilon"]),
      node("idle", "Exp", ["x"]),
    );
    const { nodes, flops, parameters, types } = record(graph, { x: new Tensor("float32", [3, 20]) }, [
      "small",
    ]);
    expect([...nodes.keys()]).not.toContain("idle");
    const product = nodes.get("product");
    expect(product?.outputs).toEqual([{ dtype: "float32", shape: [3, 64] }]);
    expect(product?.flops).toBe(7680);
    expect(product?.outputBytes).toBe(768);
    expect(product?.parameters).toBe(1280);
    expect(nodes.get("w/read")?.parameters).toBe(0);
    expect(flops).toBe(7680 + 3 * 192);
    // ε is no parameter.
    expect(parameters).toBe(1280 + 64);
    expect(types.get("x:0")).toEqual({ dtype: "float32", shape: [3, 20] });
  });

  it("counts every round of a loop, and finds the weights that it hands on", () => {
    const { nodes, flops, types } = record(loop(4), { x: new Tensor("float32", [1, 3]) }, ["result"]);
    const product = nodes.get("while/body/product");
    expect(product?.runs).toBe(4);
    expect(product?.flops).toBe(4 * 2 * 3 * 3);
    expect(product?.parameters).toBe(9);
    // One addition to the counter a round, and one comparison more than rounds.
    expect(flops).toBe(4 * 18 + 4 + 5);
    expect(types.get("while/merge_1:0")).toEqual({ dtype: "float32", shape: [1, 3] });
    expect(nodes.get("while/exit_1")?.outputs).toEqual([{ dtype: "float32", shape: [1, 3] }]);
  });

  it("fails as a run does", () => {
    const graph = graphOf(placeholder("x", "float32", [-1]), node("y", "NoSuchOp", ["x"]));
    expect(() => record(graph, { x: new Tensor("float32", [1]) }, ["y"])).toThrow(Exception);
    expect(() => record(graph, { x: new Tensor("float32", [1]) }, ["y"])).toThrow(/NoSuchOp \('y'\)/);
  });
});
