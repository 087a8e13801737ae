/** smartInit: a file whose variables are still variables, with values from elsewhere, computes what the original does. */
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { setLogSink } from "../../../../framework/base/log.js";
import {
  type ConcreteFunction,
  freeze,
  fromGraphDef,
} from "../../../../framework/tensorflow/ConcreteFunction.js";
import type { SmartInitSource } from "../../../../framework/tensorflow/checkpoint/smartInit.js";
import { smartInit } from "../../../../framework/tensorflow/checkpoint/smartInit.js";
import { writeBundle } from "../../../../framework/tensorflow/checkpoint/writeBundle.js";
import { writeCheckpoint } from "../../../../framework/tensorflow/checkpoint/writeCheckpoint.js";
import { type DType, dtypeNumber } from "../../../../framework/tensorflow/dtypes.js";
import { type GraphDef, loadGraphDef } from "../../../../framework/tensorflow/GraphDef.js";
import { saveNpz } from "../../../../framework/tensorflow/numpy/npz.js";
import { encodeGraphDef } from "../../../../framework/tensorflow/proto/encodeGraph.js";
import {
  loadConcreteFunction,
  loadSavedModel,
} from "../../../../framework/tensorflow/savedmodel/SavedModel.js";
import { createSession } from "../../../../framework/tensorflow/Session.js";
import { Tensor } from "../../../../framework/tensorflow/Tensor.js";

const folder = mkdtempSync(join(tmpdir(), "smartInit-"));
afterAll(() => rmSync(folder, { recursive: true }));
const models = join(import.meta.dirname, "..", "savedModels");
const shared = process.env.CMSRUN_SHARED;
if (shared === undefined)
  process.stderr.write(
    "CMSRUN_SHARED is not set: smartInit is NOT tested on the SavedModels of the samples\n",
  );

let warnings: string[] = [];
beforeEach(() => {
  warnings = [];
  setLogSink(({ severity, text }) => warnings.push(`${severity} ${text}`));
});
afterEach(() => setLogSink(() => {}));

/** A graph of variables alone, each read. */
function graphOf(variables: Record<string, [DType, readonly number[] | null]>): ConcreteFunction {
  const nodes = Object.entries(variables).flatMap(([name, [dtype, shape]]) => [
    {
      name,
      op: "VarHandleOp",
      inputs: [],
      attrs: { dtype: { type: dtypeNumber(dtype) }, shape: { shape }, shared_name: { s: name } },
    },
    {
      name: `${name}/Read`,
      op: "ReadVariableOp",
      inputs: [name],
      attrs: { dtype: { type: dtypeNumber(dtype) } },
    },
  ]);
  return fromGraphDef({ origin: "graph", nodes, functions: [], producer: 1395 });
}

const two = graphOf({ w: ["float32", [2, 3]], b: ["float32", [3]] });
const w = new Tensor("float32", [2, 3], [1, 2, 3, 4, 5, 6]);
const b = new Tensor("float32", [3], [7, 8, 9]);

describe("sources", () => {
  const prefix = join(folder, "sources", "model-7");
  writeCheckpoint(prefix, { w, b });
  saveNpz(join(folder, "values.npz"), { "w:0": w, b });
  cpSync(`${prefix}.index`, `${prefix}.meta`);
  const checkpoints = ["", ".index", ".data-00000-of-00001", ".meta"].map((suffix) => prefix + suffix);
  const zero = new Tensor("float32", [3]);
  const sources: Record<string, SmartInitSource> = {
    ...Object.fromEntries(checkpoints.map((path) => [path.slice(folder.length), path])),
    "the folder": join(folder, "sources"),
    "the state file": join(folder, "sources", "checkpoint"),
    "an .npz file": join(folder, "values.npz"),
    "an object": { w, "b:0": b },
    "a map": new Map(Object.entries({ w, b })),
    "a list, of which the last wins": [{ w, b: zero }, null, [{ b: zero, w }, join(folder, "values.npz")]],
  };
  it.each(Object.entries(sources))("%s", (_, source) => {
    expect(smartInit(two, source).variables).toEqual(
      new Map([
        ["w", w],
        ["b", b],
      ]),
    );
    expect(warnings).toEqual([]);
  });

  it.each([null, undefined, false, ""] as SmartInitSource[])("%s changes nothing", (source) => {
    expect(smartInit(two, source)).toBe(two);
  });

  it.each([
    [5, /^Invalid argument to SmartInit: a number; it takes the path of a checkpoint, .*a list of these\.$/],
    [w, /^Invalid argument to SmartInit: a tensor without a name;/],
    [
      { w: [1, 2] },
      /^Invalid argument to SmartInit: the dictionary: 'w' is no tensor \(dtype, shape and data\)\.$/,
    ],
    [{ w, "w:0": w }, /it has both 'w' and 'w:0'\.$/],
    [join(folder, "nothing"), /^checkpoint '.*nothing' is not there: '.*nothing\.index' is missing\.$/],
    [
      folder,
      /^checkpoint '.*' is a folder without a checkpoint: there is neither 'checkpoint' nor an \.index file\.$/,
    ],
    [join(folder, "nothing.npz"), /^'.*nothing\.npz' cannot be read: ENOENT/],
  ] as [SmartInitSource, RegExp][])("%o is refused", (source, message) => {
    expect(() => smartInit(two, source)).toThrow(message);
  });
});

describe("names", () => {
  it("that do not match are told both ways, without what training and savers need", () => {
    const source = {
      b,
      spare: b,
      "w/Adam_1": w,
      "EMA/w": w,
      "AccumGrad/w": w,
      apply_gradients: b,
      beta1_power: b,
      global_step: b,
    };
    const graph = graphOf({ w: ["float32", [2, 3]], b: ["float32", [3]], "w/Momentum": ["float32", [2, 3]] });
    expect([...smartInit(graph, source).variables.keys()]).toEqual(["b"]);
    expect(warnings).toEqual([
      "WARNING The following variables are in the graph, but not found in the dictionary: w",
      "WARNING The following variables are in the dictionary, but not in the graph: spare",
    ]);
  });

  it("may have a prefix in the graph", () => {
    const graph = graphOf({ "tower/w": ["float32", [2, 3]], w: ["float32", [2, 3]] });
    expect(smartInit(graph, { w }, { prefix: "tower" }).variables).toEqual(new Map([["tower/w", w]]));
    expect(warnings).toEqual([
      "WARNING The following variables are in the graph, but not found in the dictionary: w",
    ]);
  });

  it("of parts find the whole variable", () => {
    const graph = graphOf({
      "net/w/part_0": ["float32", [2, 1]],
      "net/w/part_1": ["float32", [2, 2]],
      "net/b/part_0": ["float32", [2]],
    });
    const { variables } = smartInit(graph, { w, b }, { prefix: "net" });
    expect(Object.fromEntries(variables)).toEqual({
      "net/w/part_0": new Tensor("float32", [2, 1], [1, 4]),
      "net/w/part_1": new Tensor("float32", [2, 2], [2, 3, 5, 6]),
    });
    expect(warnings).toEqual([
      "WARNING The following variables are in the graph, but not found in the dictionary: net/b/part_0",
      "WARNING The following variables are in the dictionary, but not in the graph: b",
    ]);
  });

  it("that are ignored keep their values, without a word", () => {
    const first = smartInit(two, { w, b });
    const zero = new Tensor("float32", [2, 3]);
    expect(smartInit(first, { w: zero, b }, { ignore: ["w:0"] }).variables).toEqual(first.variables);
    expect(warnings).toEqual([]);
  });
});

describe("values that do not fit", () => {
  const graph = graphOf({
    w: ["float64", [3, 2]],
    b: ["float32", [3]],
    n: ["int64", []],
    any: ["float32", [-1, 3]],
  });
  const source = {
    w,
    b: new Tensor("float64", [3], [1, 2, 3]),
    n: new Tensor("int32", [1], [-7]),
    any: new Tensor("half", [2, 3], [0x3c00, 0xc000, 0, 0, 0, 0x7c00]),
  };

  it("are refused, each with both types", () => {
    expect(() => smartInit(graph, source)).toThrow(
      "'the dictionary' does not fit 'graph': 'w' is float64[3,2] in the graph and float32[2,3] there; " +
        "'b' is float32[3] in the graph and float64[3] there; 'n' is int64[] in the graph and int32[1] there; " +
        "'any' is float32[?,3] in the graph and half[2,3] there; " +
        "give ignoreMismatch to reshape and widen what can be, and leave out the rest.",
    );
  });

  it("are reshaped and widened, or left out, when asked", () => {
    const { variables } = smartInit(graph, source, { ignoreMismatch: true });
    expect(Object.fromEntries(variables)).toEqual({
      w: new Tensor("float64", [3, 2], [1, 2, 3, 4, 5, 6]),
      n: new Tensor("int64", [], [-7]),
      any: new Tensor("float32", [2, 3], [1, -2, 0, 0, 0, Number.POSITIVE_INFINITY]),
    });
    expect(warnings).toEqual([
      "WARNING 'the dictionary' does not fit 'graph', left out: 'b' is float32[3] in the graph and float64[3] there",
    ]);
  });
});

/** Every SavedModel that has variables and that the reference engine runs: its own folder is a checkpoint too. */
const savedModels = [
  ...readdirSync(models).map((name) => join(models, name)),
  ...(shared === undefined
    ? []
    : readdirSync(join(shared, "models")).map((name) => join(shared, "models", name, "saved_model"))),
].filter(
  (directory) =>
    existsSync(join(directory, "variables", "variables.index")) &&
    !/undecorated|tags$|vocabulary/.test(directory),
);

describe("a file with variables, and its checkpoint", () => {
  it.each(savedModels)("gives the outputs of %s", (directory) => {
    const original = loadConcreteFunction(directory);
    const path = join(folder, "variables.pb");
    writeFileSync(path, encodeGraphDef(original.graph));
    const { signature } = original.graph;
    const unfilled = fromGraphDef({ ...loadGraphDef(path), signature });
    expect(unfilled.variables.size).toBe(0);
    expect(() => freeze(unfilled)).toThrow(/has no value; give it one from a checkpoint with smartInit/);
    const filled = smartInit(unfilled, directory);
    expect(hashes(filled)).toEqual(hashes(original));
    expect(warnings.filter((text) => text.includes("in the graph, but not found"))).toEqual([]);
    // The one without a signature has outputs in branches that are not taken.
    const outputs = directory.endsWith("reference_variables") ? ["y"] : Object.keys(signature.outputs);
    const expected = outputsOf({ signature, ...loadSavedModel(directory) }, outputs);
    expect(outputsOf(freeze(filled), outputs)).toEqual(expected);
    // The same through a checkpoint of our own, by the variables' names.
    mkdirSync(join(folder, "own"), { recursive: true });
    writeBundle(join(folder, "own", "model"), original.variables);
    expect(hashes(smartInit(unfilled, join(folder, "own")))).toEqual(hashes(original));
  });
});

/** Quicker to compare than values. */
function hashes({ variables }: ConcreteFunction): string[] {
  return [...variables].map(([name, { dtype, shape, data }]) => {
    const bytes = data as Uint8Array;
    const view = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return `${name} ${dtype}[${shape}] ${createHash("sha1").update(view).digest("hex")}`;
  });
}

/** The outputs for inputs that are the same in every call. */
function outputsOf(graph: GraphDef, names: readonly string[]): Tensor[] {
  const session = createSession(graph, { engine: "reference" });
  const feeds = Object.entries(graph.signature?.inputs ?? {}).map(([key, { dtype = "float32", shape }]) => {
    const tensor = new Tensor(
      dtype,
      (shape ?? []).map((size) => (size < 0 ? 2 : size)),
    );
    const data = tensor.data as unknown as { [i: number]: unknown };
    for (let i = 0; i < tensor.data.length; i++)
      data[i] = dtype === "int64" ? BigInt(i % 2) : dtype.startsWith("float") ? Math.sin(i) : i % 2;
    return [key, tensor] as const;
  });
  return session.run(feeds, names);
}
