/** saveFrozenGraph: what it takes, how it names, what it counts, what it refuses; and that a refusal leaves no file. */
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import type { Exception } from "../../../../framework/base/errors.js";
import { type LogMessage, setLogSink } from "../../../../framework/base/log.js";
import {
  type ConcreteFunction,
  freeze,
  fromGraphDef,
  signatureOf,
} from "../../../../framework/tensorflow/ConcreteFunction.js";
import { type GraphDef, loadGraphDef, parseGraphDef } from "../../../../framework/tensorflow/GraphDef.js";
import { expandPath } from "../../../../framework/tensorflow/saving/expandPath.js";
import { loadFrozenGraph, saveFrozenGraph } from "../../../../framework/tensorflow/saving/saveFrozenGraph.js";
import { toConcreteFunction } from "../../../../framework/tensorflow/saving/toConcreteFunction.js";
import {
  loadConcreteFunction,
  loadMetaGraphDef,
  loadSavedModel,
} from "../../../../framework/tensorflow/savedmodel/SavedModel.js";
import { createSession } from "../../../../framework/tensorflow/Session.js";
import { Tensor } from "../../../../framework/tensorflow/Tensor.js";
import {
  constantGraphNodes,
  encode,
  floats,
  graphOf,
  node,
  placeholder,
  type TestNode,
} from "../buildGraph.js";

const folder = mkdtempSync(join(tmpdir(), "cmsrun-saving-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const savedModels = join(import.meta.dirname, "..", "savedModels");
const said: LogMessage[] = [];
beforeEach(() => {
  said.length = 0;
  setLogSink((message) => said.push(message));
});

/** y = x·w + b, its variables those of TensorFlow 2. */
const variableNodes: readonly TestNode[] = [
  placeholder("x", "float32", [-1, 2]),
  node("w", "VarHandleOp", [], { dtype: { type: 1 }, shape: { shape: { dim: [{ size: 2 }, { size: 1 }] } } }),
  node("b", "VariableV2", [], { dtype: { type: 1 }, shape: { shape: { dim: [{ size: 1 }] } } }),
  node("read", "ReadVariableOp", ["w"], { dtype: { type: 1 } }),
  node("product", "MatMul", ["x", "read"], { T: { type: 1 } }),
  node("y", "BiasAdd", ["product", "b"], { T: { type: 1 } }),
];

function withVariables(...more: readonly TestNode[]): ConcreteFunction {
  const graph = graphOf(...variableNodes, ...more);
  const variables = new Map([
    ["w", new Tensor("float32", [2, 1], [2, 3])],
    ["b", new Tensor("float32", [1], [10])],
  ]);
  return { graph: { ...graph, signature: signatureOf(graph, ["y"]) }, variables };
}

function run(graph: GraphDef, feeds: Record<string, Tensor>, fetches: readonly string[]): number[][] {
  return createSession(graph)
    .run(feeds, fetches)
    .map(({ data }) => [...(data as Float32Array)]);
}

async function messageOf(action: Promise<unknown>): Promise<string> {
  const error = (await action.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )) as Exception | undefined;
  return `${error?.category}: ${error?.message}`;
}

const path = (name: string) => join(folder, name);

describe("a frozen graph", () => {
  it("computes what the function computes with its variables", async () => {
    const saved = await saveFrozenGraph(path("frozen.pb"), withVariables(), { variablesToConstants: true });
    const graph = await loadFrozenGraph(saved.path);
    expect(run(graph, { x: new Tensor("float32", [1, 2], [1, 1]) }, ["y"])).toEqual([[15]]);
    expect(graph.nodes.map(({ op }) => op)).toEqual(["Placeholder", "Const", "Const", "MatMul", "BiasAdd"]);
    expect(saved).toMatchObject({
      variableCount: 0,
      nodeCount: 5,
      inputs: { x: "x:0" },
      outputs: { y: "y:0" },
    });
    expect(saved.sizeBytes).toBe(readFileSync(saved.path).length);
    expect(said).toEqual([
      expect.objectContaining({ severity: "INFO", text: expect.stringContaining("5 nodes") }),
    ]);
  });

  it("keeps its variables, with a warning, unless they are asked to be constants", async () => {
    const saved = await saveFrozenGraph(path("variables.pb"), withVariables());
    expect(saved.variableCount).toBe(2);
    expect(said.map(({ severity }) => severity)).toEqual(["INFO", "WARNING"]);
    expect(said[1]?.text).toContain(
      "has variables without their values (2): to run it needs a checkpoint (smartInit)",
    );
    const graph = await loadFrozenGraph(saved.path);
    expect(graph.nodes.map(({ op }) => op)).toEqual([
      "Placeholder",
      "VarHandleOp",
      "VariableV2",
      "ReadVariableOp",
      "MatMul",
      "BiasAdd",
    ]);
    const filled = { ...fromGraphDef(graph), variables: withVariables().variables };
    expect(run(freeze(filled), { x: new Tensor("float32", [1, 2], [1, 1]) }, ["y"])).toEqual([[15]]);
    expect(
      await messageOf(saveFrozenGraph(path("none.pb"), graph, { variablesToConstants: true })),
    ).toContain("InvalidSession: variable 'w' of");
  });

  it("is text by its name, or by asText", async () => {
    const graph = graphOf(...constantGraphNodes);
    for (const [name, asText, isText] of [
      ["a.pb", undefined, false],
      ["a.pb.txt", undefined, true],
      ["a.pbtxt", undefined, true],
      ["a.graph", true, true],
      ["b.pbtxt", false, false],
    ] as const) {
      await saveFrozenGraph(path(name), graph, { asText });
      expect([name, readFileSync(path(name), "latin1").startsWith("node {")]).toEqual([name, isText]);
    }
    expect(loadGraphDef(path("a.pb.txt"))).toEqual({
      ...loadGraphDef(path("a.pb")),
      origin: path("a.pb.txt"),
    });
  });

  it("is reduced to what the outputs need, and says what it left out", async () => {
    const training = withVariables(
      node("queue", "FIFOQueueV2", [], { component_types: { list: { type: [1] } } }),
      node("enqueue", "QueueEnqueueV2", ["queue", "x"]),
      node("loss", "Sum", ["y", "axis"], { T: { type: 1 } }),
      floats("axis", [], [0]),
      node("summary", "ScalarSummary", ["tag", "loss"]),
      floats("tag", [], [0]),
      node("gradient", "BiasAddGrad", ["loss"]),
      node("step", "ApplyGradientDescent", ["b", "rate", "gradient"]),
      floats("rate", [], [0]),
      node("train", "NoOp", ["^step"]),
      node("save", "SaveV2", ["names", "slices", "b"]),
      floats("names", [], [0]),
      floats("slices", [], [0]),
      floats("unused", [], [0]),
    );
    const saved = await saveFrozenGraph(path("training.pb"), training, {
      variablesToConstants: true,
      outputNames: ["y"],
    });
    expect(saved.dropped).toEqual({ queue: 2, summary: 4, optimizer: 4, saver: 3, other: 1 });
    expect(saved.nodeCount).toBe(5);
    expect(
      await messageOf(saveFrozenGraph(path("none.pb"), { ...training.graph, signature: undefined } as never)),
    ).toContain(
      "is the graph of a training, which does not say what its outputs are: name them with outputNames; nothing reads 'loss'.",
    );
  });

  it("lets nodes run beside others only where these are there", async () => {
    const beside = (...others: string[]) => ({
      _class: { list: { s: others.map((name) => Buffer.from(`loc:@${name}`)) } },
      T: { type: 1 },
    });
    const graph = graphOf(
      placeholder("x", "float32", [2]),
      node("a", "Neg", ["x"], beside("gone", "x")),
      node("b", "Neg", ["a"], beside("gone")),
    );
    const saved = await saveFrozenGraph(path("beside.pb"), graph);
    const [, a, b] = loadGraphDef(saved.path).nodes;
    expect([a?.attrs._class?.list?.s, Object.keys(b?.attrs ?? {})]).toEqual([["loc:@x"], ["T"]]);
  });

  it("takes tensors that are no node's first as outputs", async () => {
    const split = graphOf(
      placeholder("x", "float32", [2]),
      floats("axis", [], [0]),
      node("parts", "Split", ["axis", "x"], { T: { type: 1 }, num_split: { i: 2 } }),
    );
    const saved = await saveFrozenGraph(path("split.pb"), split, { outputNames: ["parts:1", "parts"] });
    expect(saved.outputs).toEqual({ "parts:1": "parts:1", parts: "parts:0" });
  });

  it("of GraphDef, path, meta graph and concrete function are the same file", async () => {
    const directory = join(savedModels, "functions");
    const options = { variablesToConstants: true };
    const files = await Promise.all(
      [
        directory,
        loadMetaGraphDef(directory),
        loadConcreteFunction(directory),
        loadSavedModel(directory),
      ].map((object, i) => saveFrozenGraph(path(`same${i}.pb`), object, options)),
    );
    for (const file of files.slice(1))
      expect(readFileSync(file.path)).toEqual(readFileSync(files[0]?.path as string));
  });

  it("is what loadSavedModel gives, under the names of TensorFlow's freezing", async () => {
    for (const name of ["functions", "reference_variables"]) {
      const directory = join(savedModels, name);
      const ours = freeze(await toConcreteFunction(directory));
      const { nodes, functions } = loadSavedModel(directory);
      expect([ours.nodes, ours.functions]).toEqual([nodes, functions]);
    }
  });

  it("expands ~ and the environment in paths", async () => {
    process.env.CMSRUN_TEST_FOLDER = folder;
    await saveFrozenGraph("$CMSRUN_TEST_FOLDER/expanded.pb", graphOf(...constantGraphNodes));
    await saveFrozenGraph(`$\{CMSRUN_TEST_FOLDER}/again.pb`, "$CMSRUN_TEST_FOLDER/expanded.pb");
    expect((await loadFrozenGraph(`$\{CMSRUN_TEST_FOLDER}/again.pb`)).nodes).toHaveLength(7);
    expect(expandPath("~/a")).toBe(join(homedir(), "a"));
    expect(expandPath("$CMSRUN_NOT_SET/a~b")).toBe("$CMSRUN_NOT_SET/a~b");
  });
});

describe("a refusal", () => {
  const empty = path("refusals");
  mkdirSync(empty);
  const target = join(empty, "none.pb");
  const cycle = [node("a", "Neg", ["z"]), node("z", "Neg", ["a"])];
  const deep = (name: string, input: string) => ({ name, op: "Neg", input: [input], attr: {} });

  it.each<[string, () => Promise<unknown>, string]>([
    [
      "a cycle",
      () => saveFrozenGraph(target, graphOf(...constantGraphNodes, ...cycle), { outputNames: ["a"] }),
      "the graph has a cycle: 'a' reads 'z' reads 'a'.",
    ],
    [
      "a cycle that nothing reads",
      () => saveFrozenGraph(target, graphOf(...constantGraphNodes, ...cycle)),
      "the graph has a cycle: 'a' reads 'z' reads 'a'.",
    ],
    [
      "a name that is there twice",
      () => saveFrozenGraph(target, graphOf(...constantGraphNodes, node("b", "NoOp", []))),
      "InvalidGraphDef: the graph of 'test graph' cannot be saved: two nodes are called 'b'.",
    ],
    [
      "an unknown op",
      () => saveFrozenGraph(target, graphOf(node("a", "MatMull", []))),
      "node 'a' has the unknown op 'MatMull'; did you mean 'MatMul'?",
    ],
    [
      "an op like no other",
      () => saveFrozenGraph(target, graphOf(node("a", "CMSWonderOperation", []))),
      "'CMSWonderOperation'; which TensorFlow does not have.",
    ],
    [
      "an input that is not there",
      () => saveFrozenGraph(target, graphOf(node("a", "Neg", ["nobody"]))),
      "node 'a' (Neg) reads 'nobody', which is no node of the graph",
    ],
    [
      "a missing output",
      () => saveFrozenGraph(target, graphOf(...constantGraphNodes), { outputNames: ["outptu"] }),
      "there is no output 'outptu' in 'test graph'; any node may be one, and those that nothing reads are 'output'; did you mean 'output'?",
    ],
    [
      "a missing key",
      () => saveFrozenGraph(target, join(savedModels, "functions"), { outputNames: ["nothing"] }),
      "there is no output 'nothing' in",
    ],
    [
      "no outputs",
      () => saveFrozenGraph(target, graphOf(...constantGraphNodes), { outputNames: [] }),
      "no output is named",
    ],
    [
      "a queue",
      () =>
        saveFrozenGraph(
          target,
          graphOf(node("q", "FIFOQueueV2", []), node("d", "QueueDequeueV2", ["q"]), node("y", "Neg", ["d"])),
          { outputNames: ["y"] },
        ),
      "the outputs are computed from 'd' (QueueDequeueV2), which feeds a training",
    ],
    [
      "a polymorphic function",
      () => saveFrozenGraph(target, function affine(_x: unknown) {} as never),
      "InvalidFunction: function 'affine' has no input signature: it can be called with any dtypes and shapes (polymorphic)",
    ],
    [
      "anything else",
      () => saveFrozenGraph(target, { hello: 1 } as never),
      "it is neither a path nor a graph",
    ],
    ["a missing file", () => saveFrozenGraph(target, join(folder, "missing.pb")), "no such file"],
    [
      "a missing meta graph",
      () => saveFrozenGraph(target, join(folder, "missing.meta")),
      "missing.meta': no such file.",
    ],
    [
      "a missing checkpoint",
      () => saveFrozenGraph(target, withVariables(), { checkpoint: join(folder, "missing") }),
      "missing.index' is missing.",
    ],
    [
      "a function with a cycle",
      () =>
        saveFrozenGraph(target, {
          ...graphOf(...constantGraphNodes),
          functions: [
            {
              name: "f",
              inputs: [],
              outputs: [],
              ret: {},
              nodes: [deep("a", "b:y:0"), deep("b", "a:y:0")].map(({ input, attr, ...rest }) => ({
                ...rest,
                inputs: input,
                attrs: attr,
              })),
            },
          ],
        }),
      "function 'f': its nodes 'a', 'b' wait for each other.",
    ],
  ])("of %s is one clear message, and leaves no file", async (_, action, text) => {
    expect(await messageOf(action())).toContain(text);
    expect(readdirSync(empty)).toEqual([]);
  });

  it("of a damaged SavedModel leaves no file, and the old one untouched", async () => {
    const damaged = join(folder, "damaged");
    const bundle = join(damaged, "variables", "variables.data-00000-of-00001");
    const freezing = () => messageOf(saveFrozenGraph(target, damaged, { variablesToConstants: true }));
    cpSync(join(savedModels, "functions"), damaged, { recursive: true });
    const bytes = readFileSync(bundle);
    writeFileSync(bundle, bytes.subarray(0, 2));
    expect(await freezing()).toContain("is too short");
    writeFileSync(
      bundle,
      bytes.map((byte, i) => (i === 0 ? byte ^ 1 : byte)),
    );
    expect(await freezing()).toContain("its checksum is wrong: the file is damaged");
    const index = bundle.replace(/data-.*/, "index");
    copyFileSync(bundle, index);
    expect(await freezing()).toContain("InvalidSession");
    expect(readdirSync(empty)).toEqual([]);
    writeFileSync(target, "old");
    await freezing();
    expect([readdirSync(empty), readFileSync(target, "utf8")]).toEqual([["none.pb"], "old"]);
    rmSync(target);
  });

  it("of a folder that is not there names it", async () => {
    const message = await messageOf(
      saveFrozenGraph(join(folder, "no", "graph.pb"), graphOf(...constantGraphNodes)),
    );
    expect(message).toContain(`FileWriteError: cannot write '${join(folder, "no", "graph.pb")}'`);
  });
});

describe("functions", () => {
  it("of a graph without a list of its ops have the outputs that TensorFlow's ops have", async () => {
    const directory = join(savedModels, "functions");
    const metaGraph = loadMetaGraphDef(directory);
    const expected = loadSavedModel(directory);
    const graph = freeze(await toConcreteFunction({ ...metaGraph, opOutputs: new Map() }));
    expect(graph.nodes).toEqual(expected.nodes);
  });

  it("are called with attributes that they leave to their call", async () => {
    const call = { name: "y", op: "f", inputs: ["x"], attrs: { T: { type: 1 } } };
    const body = { name: "n", op: "Neg", inputs: ["a"], attrs: { T: { placeholder: "T" } } };
    const definition = {
      name: "f",
      inputs: [{ name: "a", type: 0, typeAttr: "T" }],
      outputs: [{ name: "b", type: 0, typeAttr: "T" }],
      nodes: [body],
      ret: { b: "n:y:0" },
    };
    const graph = {
      ...parseGraphDef(encode([placeholder("x", "float32", [2])]), "test"),
      functions: [definition],
    };
    const frozen = freeze(fromGraphDef({ ...graph, nodes: [...graph.nodes, call] }));
    expect(frozen.nodes.find(({ op }) => op === "Neg")?.attrs).toEqual({ T: { type: 1 } });
    expect(run(frozen, { x: new Tensor("float32", [2], [1, 2]) }, ["y"])).toEqual([[-1, -2]]);
  });
});
