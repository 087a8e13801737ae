/** The hot path of an event loop: varying batch sizes, reused outputs, memory that stops growing. */
import { describe, expect, it } from "vitest";
import { createSession } from "../../../framework/tensorflow/Session.js";
import { Tensor } from "../../../framework/tensorflow/Tensor.js";
import { floats, graphOf, node, placeholder } from "./buildGraph.js";

const weights = Array.from({ length: 7 * 9 }, (_, i) => Math.sin(i));
const graph = graphOf(
  placeholder("x", "float32", [-1, 7]),
  floats("w", [7, 9], weights),
  node("wide", "MatMul", ["x", "w"]),
  node("relu", "Relu", ["wide"]),
  node("y", "Softmax", ["relu"]),
);

function batchOf(rows: number): Tensor<"float32"> {
  return new Tensor(
    "float32",
    [rows, 7],
    Array.from({ length: rows * 7 }, (_, i) => Math.cos(i)),
  );
}

describe("PreparedCall.run", () => {
  it("gives a row the same bits in every batch size", () => {
    const call = createSession(graph).prepare(["x"], ["y"]);
    const [all] = call.run([batchOf(64)]) as [Tensor];
    for (const rows of [1, 2, 3, 4, 5, 8, 63]) {
      const [part] = call.run([batchOf(rows)]) as [Tensor];
      expect(part.shape).toEqual([rows, 9]);
      expect(part.data).toEqual(all.data.slice(0, rows * 9));
    }
  });

  it("writes into the tensors of the last call where they fit", () => {
    const call = createSession(graph).prepare(["x"], ["y", "wide"]);
    const outputs = call.run([batchOf(3)]);
    const [first, second] = outputs;
    expect(call.run([batchOf(3)], outputs)).toBe(outputs);
    expect(outputs[0]).toBe(first);
    expect(outputs[1]).toBe(second);
    call.run([batchOf(4)], outputs);
    expect(outputs[0]).not.toBe(first);
    expect(outputs[0]?.shape).toEqual([4, 9]);
    expect(call.run([new Tensor("float32", [0, 7])], outputs)).toEqual([]);
  });

  it("holds memory for the largest batch and no more", () => {
    const session = createSession(graph);
    const call = session.prepare(["x"], ["y"]);
    call.run([batchOf(64)]);
    const atLargest = session.arenaBytes;
    for (let event = 0; event < 500; event++) call.run([batchOf(1 + (event % 64))]);
    expect(session.arenaBytes).toBe(atLargest);
    // Three steps of 64 × 9 floats, of which two are alive at a time.
    expect(atLargest).toBe(2 * 64 * 9 * 4);
  });

  it("keeps several prepared calls of a session apart", () => {
    const session = createSession(graph);
    const wide = session.prepare(["x"], ["wide"]);
    const y = session.prepare(["x"], ["y"]);
    const before = wide.run([batchOf(2)])[0]?.data;
    y.run([batchOf(50)]);
    expect(wide.run([batchOf(2)])[0]?.data).toEqual(before);
  });
});
