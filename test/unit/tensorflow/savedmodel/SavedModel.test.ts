/** SavedModels that TensorFlow wrote (savedModels/make_saved_models.py): what they compute, and what is wrong with others. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { Exception } from "../../../../framework/base/errors.js";
import { dtypeFromNumber } from "../../../../framework/tensorflow/dtypes.js";
import { type GraphDef, loadGraphDef } from "../../../../framework/tensorflow/GraphDef.js";
import {
  loadGraph,
  loadMetaGraphDef,
  loadSavedModel,
  type SavedModelOptions,
} from "../../../../framework/tensorflow/savedmodel/SavedModel.js";
import { createSession } from "../../../../framework/tensorflow/Session.js";
import { SessionCache } from "../../../../framework/tensorflow/SessionCache.js";
import { Tensor } from "../../../../framework/tensorflow/Tensor.js";
import { constantGraphNodes, encode } from "../buildGraph.js";
import { expectClose, type PlainTensor, toTensor } from "../goldens.js";

const source = join(import.meta.dirname, "..", "savedModels");
const root = join(import.meta.dirname, "..", "..", "..", "..");
const folder = mkdtempSync(join(tmpdir(), "savedmodel-"));
afterAll(() => rmSync(folder, { recursive: true }));

interface Case {
  readonly options: SavedModelOptions;
  readonly inputs: Readonly<Record<string, PlainTensor>>;
  readonly outputs: Readonly<Record<string, PlainTensor>>;
}

const expected = JSON.parse(readFileSync(join(source, "expected.json"), "utf8")) as Record<string, Case[]>;
const cases = Object.entries(expected).flatMap(([name, list]) =>
  list.map((test): [string, Case] => [name, test]),
);

function feedsOf({ inputs }: Case): [string, Tensor][] {
  return Object.entries(inputs).map(([name, plain]) => [name, toTensor(plain)]);
}

/** A copy of a model that may be damaged. */
function copy(name: string): string {
  const directory = mkdtempSync(join(folder, "copy-"));
  cpSync(join(source, name), directory, { recursive: true });
  return directory;
}

function thrown(action: () => unknown): Exception {
  try {
    action();
  } catch (error) {
    if (error instanceof Exception) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

function messageOf(category: string, action: () => unknown): string {
  const error = thrown(action);
  expect([error.category, error.returnCode]).toEqual([category, 8001]);
  return error.message;
}

describe("a SavedModel computes what TensorFlow does", () => {
  it.each(cases)("%s, %j", (name, test) => {
    const keys = Object.keys(test.outputs);
    const results = createSession(loadSavedModel(join(source, name), test.options)).run(feedsOf(test), keys);
    for (const [i, key] of keys.entries())
      expectClose(results[i] as Tensor, test.outputs[key] as PlainTensor, 1e-6);
  });

  it("through every way to a session", () => {
    const path = join(source, "functions");
    const test = expected.functions?.[1] as Case;
    const session = createSession(loadMetaGraphDef(path, "serve"), path, { signature: "serving_default" });
    const cache = new SessionCache(path, { tag: ["serve"] });
    const keys = ["y", "StatefulPartitionedCall:0", "y"];
    const feeds = {
      "serving_default_x:0": toTensor(test.inputs.x as PlainTensor),
      n: toTensor(test.inputs.n as PlainTensor),
    };
    const result = session.run(feeds, ["y"])[0];
    expectClose(result as Tensor, test.outputs.y as PlainTensor, 1e-6);
    expect(cache.getSession(1).run(feeds, ["y"])[0]).toEqual(result);
    const outputs = new Set(Object.values(cache.graph?.signature?.outputs ?? {}).map(({ name }) => name));
    expect([...outputs].sort()).toEqual([0, 1, 2, 3].map((port) => `StatefulPartitionedCall_1:${port}`));
    expect(thrown(() => session.run(feeds, keys)).message).toContain(
      "output 'StatefulPartitionedCall:0' is not in the graph",
    );
  });

  it("after being posted to another thread", () => {
    const test = expected.functions?.[3] as Case;
    const cache = new SessionCache(join(source, "functions"), { signature: "other" });
    const received = SessionCache.fromShared(structuredClone(cache.toShared()));
    const results = received.getSession().run(feedsOf(test), Object.keys(test.outputs));
    expect(results).toEqual(cache.getSession().run(feedsOf(test), Object.keys(test.outputs)));
  });

  // Its constants were folded by TensorFlow when it was frozen, ours are by us: not the same last bit.
  it("with the numbers of its frozen graph within 1e-6 in data/models/jet_btag", () => {
    const path = join(root, "data", "models", "jet_btag");
    const input = new Tensor("float32", [3, 5], [50, 0.5, 1, 8, 12, 30, -2, 3, 5, 9, 120, 0, -1, 14, 25]);
    const [frozen, saved] = ["graph.pb", "saved_model"].map((name) => {
      return createSession(loadGraph(join(path, name))).run({ input }, ["output"])[0] as Tensor<"float32">;
    });
    const { dtype, shape, data } = frozen as Tensor<"float32">;
    expectClose(saved as Tensor, { dtype, shape, data: [...data] }, 1e-6);
  });
});

describe("the loaded graph", () => {
  it("has no variables, calls or handles left, and only the functions of its loops and branches", () => {
    const graph = loadSavedModel(join(source, "functions"));
    const ops = (nodes: GraphDef["nodes"]) => nodes.map(({ op }) => op);
    const all = [...ops(graph.nodes), ...graph.functions.flatMap(({ nodes }) => ops(nodes))];
    expect(all.filter((op) => /Var|Call|Resource|Assign|Restore|Save|NoOp/.test(op))).toEqual([]);
    const types = graph.functions.flatMap(({ inputs, outputs }) =>
      [...inputs, ...outputs].map(({ type }) => type),
    );
    expect(types.filter((type) => dtypeFromNumber(type) === undefined)).toEqual([]);
    const called = [...graph.nodes, ...graph.functions.flatMap(({ nodes }) => nodes)].flatMap(({ attrs }) =>
      Object.values(attrs).flatMap(({ func, list }) => [
        ...(func ? [func.name] : []),
        ...(list?.func ?? []).map(({ name }) => name),
      ]),
    );
    expect([...new Set(called)].sort()).toEqual(graph.functions.map(({ name }) => name).sort());
  });

  it("says what the signature takes and gives", () => {
    const { signature } = loadSavedModel(join(source, "functions"));
    expect(signature?.key).toBe("serving_default");
    expect(signature?.inputs).toEqual({
      n: { name: "serving_default_n:0", dtype: "int32", shape: [] },
      x: { name: "serving_default_x:0", dtype: "float32", shape: [-1, 3] },
    });
    expect(Object.keys(signature?.outputs ?? {})).toEqual(["picked", "rows", "shape", "y"]);
  });

  it("keeps one tensor in memory for all that read a variable", () => {
    const graph = loadSavedModel(join(source, "functions"));
    const nodes = [...graph.nodes, ...graph.functions.flatMap((definition) => definition.nodes)];
    const weights = nodes.flatMap(({ attrs }) =>
      attrs.value?.tensor?.shape.join() === "3,3" ? [attrs.value.tensor.data] : [],
    );
    expect(weights.length).toBeGreaterThan(2);
    expect(new Set(weights).size).toBe(1);
  });
});

describe("a SavedModel that cannot be loaded", () => {
  const functions = join(source, "functions");
  const noModel = join(folder, "empty");
  mkdirSync(noModel);

  it.each<[string, string, SavedModelOptions, string]>([
    [
      "a directory without one",
      noModel,
      {},
      "it is no SavedModel: there is neither saved_model.pb nor saved_model.pbtxt in it",
    ],
    ["no directory", join(folder, "nothing"), {}, "no such directory"],
    ["a file", join(source, "graph.pb"), {}, "it is a file; a SavedModel is a directory"],
    ["another tag", functions, { tag: "gpu" }, "it has no meta graph with the tags {gpu}; there is {serve}"],
    [
      "one tag of two",
      join(source, "tags"),
      { tag: "gpu" },
      "with the tags {gpu}; there is {serve}, {gpu, serve}",
    ],
    [
      "another signature",
      functions,
      { signature: "Other" },
      "it has no signature 'Other'; there is 'other', 'serving_default', 'train'",
    ],
    [
      "no signature",
      join(source, "undecorated"),
      {},
      "decorate the module's __call__ with tf.function(input_signature=[…])",
    ],
    [
      "a signature of none",
      join(source, "reference_variables"),
      { signature: "a" },
      "it has no signature, so there is nothing to run",
    ],
    [
      "training",
      functions,
      { signature: "train" },
      "(AssignAddVariableOp) changes a variable: this is for training",
    ],
  ])("%s", (_, path, options, text) => {
    const message = messageOf("InvalidMetaGraphDef", () => loadSavedModel(path, options));
    expect(message).toContain(`error while loading metaGraphDef from '${path}': `);
    expect(message).toContain(text);
  });

  it("no meta graph, as in CMSSW", () => {
    expect(messageOf("InvalidMetaGraphDef", () => createSession(null, functions))).toContain(
      "metaGraphDef is nullptr",
    );
    const empty = {
      ...loadMetaGraphDef(functions),
      graph: { origin: "", nodes: [], functions: [], producer: 0 },
    };
    expect(messageOf("InvalidMetaGraphDef", () => createSession(empty, functions))).toContain(
      "graphDef has no nodes",
    );
  });

  it("missing variables are named", () => {
    const path = copy("functions");
    rmSync(join(path, "variables", "variables.data-00000-of-00001"));
    const message = messageOf("InvalidSession", () => loadSavedModel(path));
    expect(message).toMatch(
      /^error while restoring variables of '.*': variable '\w+': '.*': its shard '.*-00000-of-00001' is missing\.$/,
    );
    rmSync(join(path, "variables"), { recursive: true });
    expect(messageOf("InvalidSession", () => loadSavedModel(path))).toMatch(
      /variable '\w+': '.*variables\.index' is missing/,
    );
  });

  it("an error names a signature's key where it stands for a name", () => {
    const session = createSession(loadSavedModel(functions, { signature: "other" }));
    const x = new Tensor("float32", [1, 3]);
    expect(() => session.run({ z: x }, ["mean"])).toThrow("input 'z' is not in the graph; did you mean 'x'?");
    expect(() => session.run({ x }, ["meen"])).toThrow(
      "output 'meen' is not in the graph; did you mean 'mean'?",
    );
  });
});

describe("a damaged SavedModel gives one clear error or runs", () => {
  const test = expected.functions?.[3] as Case;
  const bytes = readFileSync(join(source, "functions", "saved_model.pb"));
  const path = copy("functions");
  const file = join(path, "saved_model.pb");

  function outcome(damaged: Uint8Array): string {
    writeFileSync(file, damaged);
    try {
      const session = createSession(loadSavedModel(path, { signature: "other" }));
      return `${session.run(feedsOf(test), ["difference", "mean"]).length} outputs`;
    } catch (error) {
      if (!(error instanceof Exception)) throw error;
      return error.category;
    }
  }
  const allowed = ["2 outputs", "InvalidMetaGraphDef", "InvalidSession", "InvalidRun", "InvalidGraphDef"];

  it("when it is cut off", () => {
    for (let length = 0; length < bytes.length; length += 211)
      expect(allowed).toContain(outcome(bytes.subarray(0, length)));
  });

  it("when a bit is flipped", { timeout: 60_000 }, () => {
    // A prime, so that all eight bits and all parts of the file have their turn.
    for (let bit = 0; bit < bytes.length * 8; bit += 307) {
      const damaged = Buffer.from(bytes);
      damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(allowed, `bit ${bit}`).toContain(outcome(damaged));
    }
  });
});

describe("loadGraph", () => {
  it("takes a directory for a SavedModel and a file for a frozen graph, binary or text", () => {
    const path = join(folder, "constantgraph.pb");
    writeFileSync(path, encode(constantGraphNodes));
    expect(loadGraph(path)).toEqual(loadGraphDef(path));
    expect(loadGraph(join(source, "graph.pb.txt")).nodes.length).toBeGreaterThan(5);
    expect(loadGraph(join(source, "functions")).signature?.key).toBe("serving_default");
    expect(existsSync(join(source, "functions", "variables"))).toBe(true);
    expect(messageOf("InvalidGraphDef", () => loadGraph(join(folder, "nothing")))).toContain("no such file");
  });
});
