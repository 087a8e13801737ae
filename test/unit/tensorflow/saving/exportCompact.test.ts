/** Frozen graphs for inference: what the passes leave out, and what they must not change. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { type LogMessage, setLogSink } from "../../../../framework/base/log.js";
import { fromGraphDef, type SignedGraph } from "../../../../framework/tensorflow/ConcreteFunction.js";
import { type GraphDef, loadGraphDef } from "../../../../framework/tensorflow/GraphDef.js";
import { compareGraphs } from "../../../../framework/tensorflow/saving/compareGraphs.js";
import {
  exportCompact,
  type ExportCompactOptions,
} from "../../../../framework/tensorflow/saving/exportCompact.js";
import { createSession } from "../../../../framework/tensorflow/Session.js";
import { Tensor } from "../../../../framework/tensorflow/Tensor.js";
import {
  constant,
  constantGraphNodes,
  floats,
  graphOf,
  node,
  placeholder,
  type TestNode,
} from "../buildGraph.js";
import { scaling } from "./variableGraphs.js";

const folder = mkdtempSync(join(tmpdir(), "compact-"));
const file = join(folder, "graph.pb");
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => rmSync(file, { force: true }));

const T = { T: { type: 1 } };
const truth = (name: string, value: boolean) => constant(name, "bool", [], { bool_val: [value] });

async function compact(nodes: readonly TestNode[], options: ExportCompactOptions = {}): Promise<GraphDef> {
  await exportCompact(file, graphOf(...nodes), options);
  return loadGraphDef(file);
}

const opsOf = ({ nodes }: GraphDef) => nodes.map(({ op }) => op).sort();
const constOf = ({ nodes }: GraphDef, suffix: string) => [
  ...(nodes.find(({ name }) => name.endsWith(suffix))?.attrs.value?.tensor?.data ?? []),
];

/** y = BatchNorm(Conv2D(x) + bias), NHWC, two channels of one. */
function network(epsilon: number, isTraining = false): TestNode[] {
  const norm = {
    T: { type: 1 },
    U: { type: 1 },
    epsilon: { f: epsilon },
    is_training: { b: isTraining },
    data_format: { s: Buffer.from("NHWC") },
  };
  return [
    placeholder("x", "float32", [-1, 2, 2, 1]),
    floats("w", [1, 1, 1, 2], [2, -3]),
    floats("b", [2], [1, 0.5]),
    floats("scale", [2], [4, 1]),
    floats("offset", [2], [0.25, -1]),
    floats("mean", [2], [0.5, 2]),
    floats("variance", [2], [3, 15]),
    node("conv", "Conv2D", ["x", "w"], {
      ...T,
      strides: { list: { i: [1, 1, 1, 1] } },
      padding: { s: Buffer.from("VALID") },
      data_format: { s: Buffer.from("NHWC") },
    }),
    node("biased", "BiasAdd", ["conv", "b"], T),
    node("y", "FusedBatchNormV3", ["biased", "scale", "offset", "mean", "variance"], norm),
  ];
}

describe("exportCompact", () => {
  it("puts constants in place of variables and keeps inputs and outputs", async () => {
    await exportCompact(file, scaling(3));
    const graph = loadGraphDef(file);
    expect(opsOf(graph)).toEqual(["Const", "Mul", "Placeholder"]);
    const [y] = createSession(graph).run({ x: new Tensor("float32", [2], [1, 2]) }, ["y"]);
    expect(y?.data).toEqual(Float32Array.of(3, 6));
    await exportCompact(join(folder, "graph.pb.txt"), scaling(3));
    expect(opsOf(loadGraphDef(join(folder, "graph.pb.txt")))).toEqual(opsOf(graph));
  });

  it("folds constants and leaves out what hands on, but nothing that is asked for by name", async () => {
    const nodes = [
      ...constantGraphNodes,
      node("doubled", "AddV2", ["b", "b"], T),
      node("same", "Identity", ["output"], T),
      node("checked", "CheckNumerics", ["same"], T),
      node("end", "AddV2", ["checked", "doubled"], T),
      node("out", "Identity", ["end"], T),
    ];
    const graph = await compact(nodes, { outputNames: ["out", "output"] });
    expect(opsOf(graph)).toEqual([
      "AddV2",
      "AddV2",
      "Const",
      "Const",
      "Const",
      "Identity",
      "MatMul",
      "Mul",
      "Placeholder",
      "Placeholder",
    ]);
    expect(constOf(graph, "doubled")).toEqual([2]);
    expect(graph.nodes.find(({ name }) => name === "end")?.inputs).toEqual(["output", "doubled"]);
  });

  it("keeps what an order hangs on", async () => {
    const nodes = [
      placeholder("x", "float32", [-1]),
      placeholder("flag", "bool", []),
      node("s", "Switch", ["flag", "flag"], { T: { type: 10 } }),
      node("pivot", "Identity", ["s:1"], { T: { type: 10 } }),
      floats("ten", [], [10]),
      node("given", "Switch", ["x", "flag"], T),
      { ...floats("two", [], [2]), input: ["^pivot"] },
      node("scaled", "Mul", ["given:1", "two"], T),
      node("y", "Merge", ["given", "scaled"], { ...T, N: { i: 2 } }),
    ];
    const graph = await compact(nodes, { outputNames: ["y"] });
    expect(graph.nodes.find(({ name }) => name === "two")?.inputs).toEqual(["^pivot"]);
    for (const [flag, expected] of [
      [true, 6],
      [false, 3],
    ] as const) {
      const [y] = createSession(graph, { engine: "reference" }).run(
        { x: new Tensor("float32", [1], [3]), flag: new Tensor("bool", [], [flag]) },
        ["y"],
      );
      expect(y?.data[0]).toBe(expected);
    }
  });

  it("takes the branches that a constant decides: what is left of a training's dropout", async () => {
    const nodes = [
      placeholder("x", "float32", [-1]),
      truth("is_training", false),
      node("drop", "Switch", ["x", "is_training"], T),
      node("shape", "Shape", ["drop:1"], { ...T, out_type: { type: 3 } }),
      node("noise", "RandomUniform", ["shape"], { T: { type: 3 }, dtype: { type: 1 } }),
      node("dropped", "Mul", ["drop:1", "noise"], T),
      node("kept", "Identity", ["drop"], T),
      node("y", "Merge", ["kept", "dropped"], { ...T, N: { i: 2 } }),
      node("which", "AddV2", ["y:1", "y:1"], { T: { type: 3 } }),
    ];
    const graph = await compact(nodes, { outputNames: ["y", "which"] });
    expect(graph.nodes.some(({ op }) => /Switch|Merge|Random/.test(op))).toBe(false);
    const [y, which] = createSession(graph).run({ x: new Tensor("float32", [2], [3, 4]) }, ["y", "which"]);
    expect([[...(y?.data ?? [])], [...(which?.data ?? [])]]).toEqual([[3, 4], [0]]);
  });

  it("makes batch norms part of the weights before them", async () => {
    const graph = await compact(network(1));
    expect(opsOf(graph)).toEqual(["BiasAdd", "Const", "Const", "Conv2D", "Placeholder"]);
    // scale / √(variance + 1) = 2 and 1/4.
    expect(constOf(graph, "folded_weights")).toEqual([4, -0.75]);
    expect(constOf(graph, "folded_bias")).toEqual([1.25, -1.375]);
  });

  it("folds scales after dense layers, and what is added to a bias", async () => {
    const nodes = [
      placeholder("x", "float32", [-1, 2]),
      floats("w", [2, 2], [1, 2, 3, 4]),
      floats("b", [2], [1, -1]),
      floats("m", [2], [2, 4]),
      floats("a", [1, 2], [0.5, 1]),
      node("dense", "MatMul", ["x", "w"], T),
      node("biased", "BiasAdd", ["dense", "b"], T),
      node("scaled", "Mul", ["m", "biased"], T),
      node("y", "AddV2", ["scaled", "a"], T),
    ];
    const graph = await compact(nodes);
    expect(opsOf(graph)).toEqual(["BiasAdd", "Const", "Const", "MatMul", "Placeholder"]);
    const [y] = createSession(graph).run({ x: new Tensor("float32", [1, 2], [1, 1]) }, ["y"]);
    expect([...(y?.data ?? [])]).toEqual([10.5, 21]);
  });

  it("leaves batch norms where the layer before is read twice, asked for, or where they are of a training", async () => {
    const isFolded = async (nodes: TestNode[], options?: ExportCompactOptions) =>
      !opsOf(await compact(nodes, options)).includes("FusedBatchNormV3");
    expect(await isFolded(network(1), { outputNames: ["y", "biased"] })).toBe(false);
    expect(await isFolded([...network(1), node("z", "Neg", ["conv"], T)])).toBe(false);
    expect(await isFolded(network(1, true), { outputNames: ["y"] })).toBe(false);
    expect(await isFolded(network(1), { outputNames: ["y", "y:1"] })).toBe(false);
    expect(await isFolded(network(1), { optimize: false })).toBe(false);
  });

  it("leaves batch norms where folding them would change the outputs, and says so", async () => {
    const messages: LogMessage[] = [];
    setLogSink((message) => messages.push(message));
    // The output is the small difference of large numbers: what is rounded there is seen.
    const nodes = network(1e-3).map((one) =>
      one.name === "mean"
        ? floats("mean", [2], [12345.678, 2])
        : one.name === "b"
          ? floats("b", [2], [12345.678, 0.5])
          : one.name === "variance"
            ? floats("variance", [2], [1e-7, 1e-7])
            : one,
    );
    const graph = await compact(nodes);
    expect(opsOf(graph)).toContain("FusedBatchNormV3");
    expect(messages.map(({ text }) => text).join()).toMatch(
      /batch norms are not folded, because output 'y' differs from the source's by/,
    );
  });

  it("refuses a file whose outputs differ, naming the output and the difference, and leaves none", async () => {
    const wrong = (graph: SignedGraph) => ({
      ...graph,
      nodes: graph.nodes.map((one) => (one.op === "Mul" ? { ...one, op: "AddV2" } : one)),
    });
    await expect(exportCompact(file, scaling(3), { optimize: wrong })).rejects.toThrow(
      /exporting to '.*graph.pb' is refused: output 'y' differs from the source's by [\d.]+ \(relative to max\(1, \|x\|\); 0.000001 is allowed\); nothing is written/,
    );
    const broken = (graph: SignedGraph) => ({
      ...graph,
      nodes: graph.nodes.filter(({ op }) => op !== "Const"),
    });
    await expect(exportCompact(file, scaling(3), { optimize: broken })).rejects.toThrow(
      /is refused: it does not run: .*'w\/read'/,
    );
    expect(
      readdirSync(folder).filter((name) => name.startsWith("graph.pb") && !name.endsWith("txt")),
    ).toEqual([]);
  });

  it("writes with a warning what cannot be run here", async () => {
    const messages: LogMessage[] = [];
    setLogSink((message) => messages.push(message));
    const nodes = [
      placeholder("x", "float32", [-1]),
      node("y", "Lgamma", ["x"], T),
      node("z", "Betainc", ["x", "x", "y"], T),
    ];
    await compact(nodes);
    expect(existsSync(file)).toBe(true);
    expect(messages.map(({ text }) => text).join()).toMatch(
      /was not compared with its source, which cannot be run here: .*Betainc/,
    );
  });

  it("places nodes beside nodes that are there, as TensorFlow demands", async () => {
    const beside = (...names: string[]) => ({
      ...T,
      _class: { list: { s: names.map((name) => Buffer.from(`loc:@${name}`)) } },
    });
    const nodes = [
      placeholder("x", "float32", [-1]),
      node("n", "Neg", ["x"], beside("gone")),
      node("y", "Abs", ["n"], beside("gone", "n")),
    ];
    const graph = await compact(nodes);
    expect(graph.nodes.map(({ attrs }) => attrs._class?.list?.s)).toEqual([undefined, undefined, ["loc:@n"]]);
  });

  it("refuses for TOCO what it does not take, and leaves out orders and notes", async () => {
    await expect(compact(constantGraphNodes, { tocoCompatible: true, optimize: false })).rejects.toThrow(
      /tocoCompatible needs optimize/,
    );
    const branching = [
      placeholder("x", "float32", [-1]),
      placeholder("flag", "bool", []),
      node("s", "Switch", ["x", "flag"], T),
      node("n", "Neg", ["s:1"], T),
      node("y", "Merge", ["s", "n"], { ...T, N: { i: 2 } }),
    ];
    await expect(compact(branching, { outputNames: ["y"], tocoCompatible: true })).rejects.toThrow(
      /TOCO does not take node 's' \(Switch\)/,
    );
    const noted = [
      placeholder("x", "float32", [-1]),
      node("n", "Neg", ["x"], T),
      node("y", "Abs", ["x", "^n"], { ...T, _output_shapes: { list: {} } }),
    ];
    const graph = await compact(noted, { outputNames: ["y"], tocoCompatible: true });
    expect(graph.nodes.map(({ name, inputs, attrs }) => [name, inputs, Object.keys(attrs)])).toEqual([
      ["x", [], ["dtype", "shape"]],
      ["y", ["x"], ["T"]],
    ]);
  });
});

describe("compareGraphs", () => {
  it("takes dropout of a training for what it is: the reference engine draws the same at each run", () => {
    const nodes = [
      placeholder("x", "float32", [-1]),
      node("shape", "Shape", ["x"], { ...T, out_type: { type: 3 } }),
      node("noise", "RandomUniform", ["shape"], { T: { type: 3 }, dtype: { type: 1 } }),
      node("y", "Mul", ["x", "noise"], T),
    ];
    const { graph } = fromGraphDef(graphOf(...nodes));
    expect(compareGraphs(graph, graph, "it")).toBeUndefined();
  });

  it("draws again where the source refuses: indices beyond a table", () => {
    const gather = graphOf(
      placeholder("i", "int64", [-1]),
      floats("table", [2], [5, 6]),
      constant("axis", "int32", [], { int_val: [0] }),
      node("y", "GatherV2", ["table", "i", "axis"], {
        Tparams: { type: 1 },
        Tindices: { type: 9 },
        Taxis: { type: 3 },
      }),
    );
    const inputs = { i: { name: "i:0", dtype: "int64" as const, shape: [-1] } };
    const signature = {
      key: "serving_default",
      inputs,
      outputs: { y: { name: "y:0", dtype: undefined, shape: null } },
    };
    expect(compareGraphs({ ...gather, signature }, { ...gather, signature }, "it")).toBeUndefined();
  });
});
