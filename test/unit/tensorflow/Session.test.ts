/** What plugins see: names, results, and the errors of CMSSW's PhysicsTools/TensorFlow tests. */
import { describe, expect, it } from "vitest";
import type { Exception } from "../../../framework/base/errors.js";
import type { Options } from "../../../framework/tensorflow/Options.js";
import { createSession } from "../../../framework/tensorflow/Session.js";
import { Tensor } from "../../../framework/tensorflow/Tensor.js";
import { constantGraphNodes, floats, graphOf, node, placeholder } from "./buildGraph.js";

const input = new Tensor("float32", [1, 10], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
const scale = new Tensor("float32", [], [1]);
const constantGraph = () => createSession(graphOf(...constantGraphNodes));

function failure(action: () => unknown): { category: string; message: string } {
  try {
    action();
  } catch (error) {
    const { category, message } = error as Exception;
    return { category, message };
  }
  throw new Error("nothing was thrown");
}

describe("Session.run", () => {
  it("gives exactly 46 for CMSSW's constant graph, in all thread pools and forms of feeding", () => {
    const session = constantGraph();
    for (const pool of ["no_threads", "tbb", "tensorflow"]) {
      const [output] = session.run({ input, scale }, ["output"], pool);
      expect([output?.dtype, output?.shape, output?.data]).toEqual([
        "float32",
        [1, 1],
        new Float32Array([46]),
      ]);
    }
    const pairs = session.run(
      [
        ["input:0", input],
        ["scale", scale],
      ],
      ["output:0", "matmul"],
    );
    expect(pairs.map((tensor) => tensor.data[0])).toEqual([46, 45]);
    expect(failure(() => session.run({ input, scale }, ["output"], "none"))).toEqual({
      category: "UnknownThreadPool",
      message: "thread pool 'none' unknown; known: 'no_threads', 'tbb', 'tensorflow'.",
    });
  });

  it("gives no outputs for an input without elements", () => {
    expect(constantGraph().run({ input: new Tensor("float32", [0, 10]), scale }, ["output"])).toEqual([]);
  });

  it("feeds and fetches inner tensors, and constants", () => {
    const session = constantGraph();
    const sum = new Tensor("float32", [1], [4]);
    expect(session.run({ sum, scale }, ["output"])[0]?.data[0]).toBe(4);
    expect(session.run({ input, scale, b: new Tensor("float32", [1], [5]) }, ["output"])[0]?.data[0]).toBe(
      50,
    );
    expect(session.run({}, ["ones"])[0]?.shape).toEqual([10, 1]);
    expect(session.run({ input }, ["input"])[0]?.data).toEqual(input.data);
  });

  it("takes a fed value in place of an op that the engine does not have", () => {
    const graph = graphOf(
      node("next", "IteratorGetNext", []),
      node("y", "Neg", ["next"], { T: { type: 1 } }),
    );
    const [y] = createSession(graph).run({ "next:0": new Tensor("float32", [2], [1, 2]) }, ["y"]);
    expect([...(y?.as("float32") ?? [])]).toEqual([-1, -2]);
  });

  it("runs only what the fetches need", () => {
    const session = createSession(graphOf(...constantGraphNodes, node("broken", "MatMul", ["input", "b"])));
    expect(session.run({ input, scale }, ["output"])[0]?.data[0]).toBe(46);
    expect(failure(() => session.run({ input }, ["broken"])).message).toBe(
      "error while running session: node 'broken' (MatMul) with inputs float32[1,10], float32[1]: " +
        "expects matrices, not a tensor of shape [1].",
    );
  });

  it("uses a folded constant again as itself once one of its inputs is fed", () => {
    const session = createSession(
      graphOf(
        floats("a", [1], [2]),
        floats("b", [1], [3]),
        node("c", "Mul", ["a", "b"]),
        node("d", "Neg", ["c"]),
      ),
    );
    expect(session.run({}, ["d"])[0]?.data[0]).toBe(-6);
    expect(session.run({ a: new Tensor("float32", [1], [10]) }, ["d", "c"]).map((t) => t.data[0])).toEqual([
      -30, 30,
    ]);
    expect(session.run({}, ["c", "d"]).map((t) => t.data[0])).toEqual([6, -6]);
  });

  it("returns tensors that later runs do not change", () => {
    const session = constantGraph();
    const first = session.run({ input, scale }, ["output"])[0];
    session.run({ input, scale: new Tensor("float32", [], [2]) }, ["output"]);
    expect(first?.data[0]).toBe(46);
  });
});

describe("errors of a run", () => {
  const inRun = (feeds: Record<string, Tensor>, fetches = ["output"]) =>
    failure(() => constantGraph().run(feeds, fetches));
  const message = (text: string) => ({
    category: "InvalidRun",
    message: `error while running session: ${text}.`,
  });

  it.each([
    ["an unknown input", { foo: input }, "input 'foo' is not in the graph; known: 'input', 'scale'"],
    ["a misspelt input", { inputt: input }, "input 'inputt' is not in the graph; did you mean 'input'?"],
    ["a missing input", { input }, "input 'scale' (float32 []) is not fed, but the outputs need it"],
    ["an order", { "^input": input }, "input '^input' is an order, not a tensor: leave out the '^'"],
    [
      "a wrong dtype",
      { input: new Tensor("float64", [1, 10]), scale },
      "input 'input' expects float32, given is float64",
    ],
    [
      "a wrong shape",
      { input: new Tensor("float32", [2, 5]), scale },
      "input 'input' expects shape [?,10], given is [2,5]",
    ],
    [
      "a wrong rank",
      { input, scale: new Tensor("float32", [1]) },
      "input 'scale' expects shape [], given is [1]",
    ],
  ])("names %s", (_, feeds, text) => {
    expect(inRun(feeds as Record<string, Tensor>)).toEqual(message(text));
  });

  it("names an unknown output, an output that the node does not have and a doubly fed input", () => {
    expect(inRun({ input, scale }, ["outptu"])).toEqual(
      message("output 'outptu' is not in the graph; did you mean 'output'?"),
    );
    expect(inRun({ input, scale }, ["output:1"])).toEqual(
      message("'output:1' is asked for, but node 'output' (Mul) has 1 outputs"),
    );
    expect(inRun({ input, "input:0": input, scale })).toEqual(
      message("an input is given twice among 'input', 'input:0', 'scale'"),
    );
  });

  it("sees through a tensor whose data does not fit what it says it is", () => {
    const lie = { dtype: "float32", shape: [1, 10], data: new Float64Array(10) } as const;
    expect(failure(() => constantGraph().run({ input: lie, scale }, ["output"])).message).toContain(
      "input 'input' is called float32[1,10], but its data is a Float64Array of 10 elements",
    );
  });

  it("accepts any shape where an old graph leaves it open as []", () => {
    const old = { ...graphOf(...constantGraphNodes), producer: 0 };
    expect(
      createSession(old).run({ input, scale: new Tensor("float32", [1, 1], [2]) }, ["output"])[0]?.data[0],
    ).toBe(92);
  });
});

describe("errors of creating a session", () => {
  it("refuses no graph and a graph without nodes", () => {
    expect(failure(() => createSession(null))).toEqual({
      category: "InvalidGraphDef",
      message: "error while creating session: graphDef is nullptr.",
    });
    const empty = { origin: "none", nodes: [], functions: [], producer: 0 };
    expect(failure(() => createSession(empty)).message).toBe(
      "error while creating session: graphDef has no nodes.",
    );
  });

  it("refuses a closed session", () => {
    const session = constantGraph();
    session.close();
    expect(failure(() => session.run({ input, scale }, ["output"]))).toEqual({
      category: "InvalidSession",
      message: "cannot run empty session: it has been closed.",
    });
  });

  it.each([
    [
      "an input that is no node",
      [node("a", "Neg", ["nodee"]), floats("node", [], [1])],
      "node 'a' (Neg) reads 'nodee', which is no node of the graph; did you mean 'node'?",
    ],
    ["a name used twice", [floats("a", [], [1]), floats("a", [], [2])], "two nodes are called 'a'"],
    [
      "a wrong number of inputs",
      [floats("a", [], [1]), node("b", "Mul", ["a"])],
      "node 'b' (Mul) has 1 inputs and needs 2",
    ],
    [
      "an output that is not there",
      [floats("a", [], [1]), node("b", "Neg", ["a:1"])],
      "node 'b' (Neg) reads output 1 of 'a', which has fewer outputs",
    ],
    [
      "a cycle",
      [node("a", "Neg", ["c"]), node("b", "Neg", ["a"]), node("c", "Neg", ["b"])],
      "the graph has a cycle: 'a' reads 'c' reads 'b' reads 'a'",
    ],
  ])("names %s", (_, nodes, text) => {
    const { category, message } = failure(() => createSession(graphOf(...nodes)));
    expect([category, message]).toEqual(["InvalidSession", expect.stringContaining(text)]);
  });

  it("names unsupported ops only when an output needs them", () => {
    const session = createSession(
      graphOf(
        node("f", "Frobnicate", []),
        node("z", "Zap", ["f"]),
        node("other", "Zap", []),
        ...constantGraphNodes,
      ),
    );
    expect(session.run({ input, scale }, ["output"])[0]?.data[0]).toBe(46);
    expect(failure(() => session.run({}, ["z"]))).toEqual({
      category: "InvalidSession",
      message:
        "error while attaching graphDef to session: the outputs need the ops Frobnicate ('f'), Zap ('z') of " +
        "'test graph', which the reference engine does not have; " +
        "choose another engine or freeze the graph without training nodes.",
    });
  });

  it.each<[Options, string, string]>([
    [
      { backend: "cuda" },
      "UnavailableAccelerator",
      "Cuda backend requested, but no NVIDIA GPU available in the job",
    ],
    [{ backend: "rocm" }, "UnavailableAccelerator", "not compiled yet"],
    [{ engine: "referense" }, "InvalidSession", "unknown engine 'referense'; did you mean 'reference'?"],
    [{ threads: 0 }, "InvalidSession", "threads must be a whole number of at least 1, not 0."],
  ])("refuses %o", (options, category, text) => {
    const thrown = failure(() => createSession(graphOf(placeholder("x", "float32", null)), options));
    expect([thrown.category, thrown.message]).toEqual([category, expect.stringContaining(text)]);
  });

  it("runs on the CPU when the best backend is asked for, by the engine that auto finds", () => {
    const session = createSession(graphOf(...constantGraphNodes), { backend: "best", engine: "auto" });
    expect([session.engine, session.run({ input, scale }, ["output"])[0]?.data[0]]).toEqual([
      "reference",
      46,
    ]);
  });
});
