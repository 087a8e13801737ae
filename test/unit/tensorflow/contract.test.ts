/** What every inference engine promises: the same suite over all of them, on small graphs and on TensorFlow's goldens. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import "../../../framework/aot/engine/register.js";
import type { Exception } from "../../../framework/base/errors.js";
import { type DType, dtypeNumber } from "../../../framework/tensorflow/dtypes.js";
import { registeredEngines } from "../../../framework/tensorflow/engines.js";
import { type GraphDef, loadGraphDef } from "../../../framework/tensorflow/GraphDef.js";
import { loadSavedModel } from "../../../framework/tensorflow/savedmodel/SavedModel.js";
import { createSession } from "../../../framework/tensorflow/Session.js";
import { Tensor, type TensorLike } from "../../../framework/tensorflow/Tensor.js";
import { constant, constantGraphNodes, graphOf, node, placeholder, type TestNode } from "./buildGraph.js";
import { modelNames, modelsFolder } from "../../goldenModels.js";
import { expectClose, type PlainTensor, toTensor } from "./goldens.js";

const usable = registeredEngines().filter((engine) => {
  const why = engine.unavailable();
  if (why === undefined) return true;
  if (process.env.CMSRUN_REQUIRE_TENSORFLOW)
    throw new Error(`engine '${engine.name}' has to be tested here: ${why}`);
  console.warn(`\ncontract.test.ts: engine '${engine.name}' is NOT TESTED: ${why}\n`);
  return false;
});

const input = new Tensor("float32", [1, 10], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
const scale = new Tensor("float32", [], [1]);

/** Bit patterns that any conversion on the way would change. */
const samples: readonly TensorLike[] = [
  new Tensor("float32", [2, 2], [0.1, -0, Number.POSITIVE_INFINITY, 3]),
  new Tensor("float64", [2, 2], [0.1, -0, Number.NEGATIVE_INFINITY, 1 + 2 ** -52]),
  new Tensor("float64", [], [Math.PI]),
  new Tensor("int8", [3], [-128, -1, 127]),
  new Tensor("int16", [1, 3], [-32768, -1, 32767]),
  new Tensor("int32", [3], [-(2 ** 31), -1, 2 ** 31 - 1]),
  new Tensor("int64", [2, 1], [-(2n ** 63n), 2n ** 53n + 1n]),
  new Tensor("uint8", [3], [0, 128, 255]),
  new Tensor("uint16", [2, 1], [1, 65535]),
  new Tensor("uint32", [2], [1, 2 ** 32 - 1]),
  new Tensor("uint64", [2], [1n, 2n ** 64n - 1n]),
  new Tensor("bool", [3], [true, false, true]),
  new Tensor("half", [2], [0x3c00, 0x7e01]),
  new Tensor("bfloat16", [2], [0x3f80, 0xffc1]),
  new Tensor("string", [2], [bytes("short"), bytes("a string that is longer than TensorFlow keeps inline")]),
];

function bytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text));
}

const typed = (dtype: DType) => ({ T: { type: dtypeNumber(dtype) } });

function passThrough(dtype: DType): GraphDef {
  const identity = (name: string, from: string) => node(name, "Identity", [from], typed(dtype));
  return graphOf(placeholder("x", dtype, null), identity("between", "x"), identity("y", "between"));
}

function failure(action: () => unknown): { category: string; message: string } {
  try {
    action();
  } catch (error) {
    const { category, message } = error as Exception;
    return { category, message };
  }
  throw new Error("nothing was thrown");
}

describe.each(usable.map(({ name }) => name))("engine %s", (engine) => {
  const sessionOf = (...nodes: readonly TestNode[]) => createSession(graphOf(...nodes), { engine });

  it("says which engine it is", () => {
    expect(sessionOf(...constantGraphNodes).engine).toBe(engine);
  });

  it("gives exactly 46 for CMSSW's constant graph, run after run", () => {
    const session = sessionOf(...constantGraphNodes);
    for (let run = 0; run < 3; run++) {
      const [output] = session.run({ input, scale }, ["output"]);
      expect([output?.dtype, output?.shape, output?.data]).toEqual([
        "float32",
        [1, 1],
        new Float32Array([46]),
      ]);
    }
    session.close();
  });

  it("takes any batch size, and results of earlier runs stay as they were", () => {
    const session = sessionOf(...constantGraphNodes);
    const call = session.prepare(["input", "scale"], ["output"]);
    const outputs = [3, 1, 64, 2, 64].map((batch) => {
      const rows = new Float32Array(10 * batch).map((_, i) => Math.floor(i / 10));
      return { batch, output: call.run([new Tensor("float32", [batch, 10], rows), scale])[0] };
    });
    for (const { batch, output } of outputs) {
      expect([output?.shape, output?.data]).toEqual([
        [batch, 1],
        new Float32Array(batch).map((_, row) => 10 * row + 1),
      ]);
    }
    session.close();
  });

  it("gives several outputs in the order asked for, twice the same one too", () => {
    const session = sessionOf(...constantGraphNodes);
    const outputs = session.run({ input, scale }, ["output", "matmul", "sum:0", "matmul"]);
    expect(outputs.map(({ data }) => data[0])).toEqual([46, 45, 46, 45]);
    session.close();
  });

  it("feeds inner tensors and constants, and fetches what is fed or constant", () => {
    const session = sessionOf(...constantGraphNodes);
    const sum = new Tensor("float32", [1, 1], [4]);
    expect(session.run({ sum, scale }, ["output"])[0]?.data[0]).toBe(4);
    expect(session.run({ input, scale, b: new Tensor("float32", [1], [5]) }, ["output"])[0]?.data[0]).toBe(
      50,
    );
    expect(session.run({}, ["ones"])[0]?.shape).toEqual([10, 1]);
    expect(session.run({ input }, ["input"])[0]?.data).toEqual(input.data);
    expect(session.run({ input, scale }, ["input", "output"]).map(({ data }) => data.length)).toEqual([
      10, 1,
    ]);
    session.close();
  });

  it("gives no outputs for an input without elements", () => {
    const session = sessionOf(...constantGraphNodes);
    expect(session.run({ input: new Tensor("float32", [0, 10]), scale }, ["output"])).toEqual([]);
    session.close();
  });

  const named = samples.map((tensor) => [`${tensor.dtype}[${tensor.shape}]`, tensor] as const);
  it.each(named)("passes %s on bit for bit, from a placeholder and from an inner tensor", (_, x) => {
    const session = createSession(passThrough(x.dtype), { engine });
    for (const feeds of [{ x }, { x }, { between: x }] as readonly Record<string, TensorLike>[]) {
      const [y] = session.run(feeds, ["y"]);
      expect([y?.dtype, y?.shape, y?.data]).toEqual([x.dtype, x.shape, x.data]);
    }
    session.close();
  });

  it("computes in float64, and mixes types among inputs and outputs", () => {
    const session = sessionOf(
      placeholder("a", "float64", [-1]),
      placeholder("n", "int64", []),
      constant("small", "float64", [], { double_val: [2 ** -52] }),
      node("sum", "AddV2", ["a", "small"], typed("float64")),
      node("twice", "AddV2", ["n", "n"], typed("int64")),
      node("isMore", "Greater", ["sum", "a"], typed("float64")),
    );
    const feeds = { a: new Tensor("float64", [1], [1]), n: new Tensor("int64", [], [2n ** 60n + 1n]) };
    const outputs = session.run(feeds, ["sum", "twice", "isMore"]);
    expect(outputs.map(({ dtype, shape, data }) => [dtype, shape, data[0]])).toEqual([
      ["float64", [1], 1 + 2 ** -52],
      ["int64", [], 2n ** 61n + 2n],
      ["bool", [1], 1],
    ]);
    session.close();
  });

  it("keeps a constant string whole, however often it is fetched", () => {
    const text = "a string constant that is longer than TensorFlow keeps inline";
    const session = sessionOf(constant("s", "string", [], { string_val: [bytes(text)] }));
    for (let run = 0; run < 3; run++)
      expect(Buffer.from(session.run({}, ["s"])[0]?.data[0] as Uint8Array).toString()).toBe(text);
    session.close();
  });

  it("runs only what the fetches need", () => {
    const session = sessionOf(...constantGraphNodes, placeholder("unused", "float64", [-1]));
    expect(session.run({ input, scale }, ["output"])[0]?.data[0]).toBe(46);
    session.close();
  });

  it("refuses names, types and shapes that the graph does not have, and runs on afterwards", () => {
    const session = sessionOf(...constantGraphNodes);
    const inRun = (feeds: Record<string, Tensor>, fetches = ["output"]) =>
      failure(() => session.run(feeds, fetches));
    for (const [result, text] of [
      [inRun({ foo: input }), "input 'foo' is not in the graph"],
      [inRun({ input }), "input 'scale' (float32 []) is not fed"],
      [
        inRun({ input: new Tensor("float64", [1, 10]), scale }),
        "input 'input' expects float32, given is float64",
      ],
      [
        inRun({ input: new Tensor("float32", [2, 5]), scale }),
        "input 'input' expects shape [?,10], given is [2,5]",
      ],
      [inRun({ input, scale }, ["outptu"]), "output 'outptu' is not in the graph"],
      [inRun({ input, scale }, ["output:1"]), "'output'"],
    ] as const) {
      expect([result.category, result.message]).toEqual(["InvalidRun", expect.stringContaining(text)]);
    }
    expect(session.run({ input, scale }, ["output"])[0]?.data[0]).toBe(46);
    session.close();
  });

  it("reports a run that fails inside, and runs on afterwards", () => {
    const session = sessionOf(...constantGraphNodes);
    const wrong = {
      matmul: new Tensor("float32", [3], [1, 2, 3]),
      b: new Tensor("float32", [2], [1, 2]),
      scale,
    };
    const { category, message } = failure(() => session.run(wrong, ["output"]));
    expect([category, message]).toEqual([
      "InvalidRun",
      expect.stringMatching(/^error while running session: .*sum/),
    ]);
    expect(session.run({ input, scale }, ["output"])[0]?.data[0]).toBe(46);
    session.close();
  });

  it("refuses no graph, one without nodes, one with an unknown op, and a closed session", () => {
    expect(failure(() => createSession(null, { engine })).category).toBe("InvalidGraphDef");
    expect(
      failure(() => createSession({ origin: "none", nodes: [], functions: [], producer: 0 }, { engine }))
        .category,
    ).toBe("InvalidGraphDef");
    const unknown = failure(() => sessionOf(node("a", "Frobnicate", [])).run({}, ["a"]));
    expect([unknown.category, unknown.message]).toEqual([
      "InvalidSession",
      expect.stringMatching(/Frobnicate.*'a'/),
    ]);
    const session = sessionOf(...constantGraphNodes);
    session.run({ input, scale }, ["output"]);
    session.close();
    session.close();
    expect(failure(() => session.run({ input, scale }, ["output"]))).toEqual({
      category: "InvalidSession",
      message: "cannot run empty session: it has been closed.",
    });
  });

  it("runs sessions of one model side by side", () => {
    const sessions = [1, 2].map(() => sessionOf(...constantGraphNodes));
    for (const factor of [1, 2]) {
      for (const session of sessions) {
        expect(
          session.run({ input, scale: new Tensor("float32", [], [factor]) }, ["output"])[0]?.data[0],
        ).toBe(46 * factor);
      }
    }
    for (const session of sessions) session.close();
  });
});

type Tensors = Readonly<Record<string, PlainTensor>>;

function readJson<T>(...path: string[]): T {
  return JSON.parse(readFileSync(join(...path), "utf8")) as T;
}

/** Runs every case of a golden.json and hands each output to `check`. */
function runGoldens(
  folder: string,
  graph: GraphDef,
  engine: string,
  tensorOf: (key: string) => string,
  check: (result: TensorLike, golden: PlainTensor, key: string) => void,
): void {
  const { cases } = readJson<{ cases: { inputs: Tensors; outputs: Tensors }[] }>(folder, "golden.json");
  const session = createSession(graph, { engine });
  for (const { inputs, outputs } of cases) {
    const feeds = Object.entries(inputs).map(([key, plain]) => [tensorOf(key), toTensor(plain)] as const);
    const results = session.run(feeds, Object.keys(outputs).map(tensorOf));
    for (const [i, key] of Object.keys(outputs).entries()) {
      check(results[i] as TensorLike, outputs[key] as PlainTensor, key);
    }
  }
  session.close();
  expect(cases.length).toBeGreaterThan(0);
}

const found = modelsFolder("contract.test.ts");
const folder = found ?? "";
const isThere = found !== undefined;

describe.skipIf(!isThere).each(usable.map(({ name }) => name))("engine %s on golden models", (engine) => {
  it.each(modelNames)("gives TensorFlow's outputs for %s", (name) => {
    type Names = Record<string, { tensor: string }>;
    const { inputs, outputs } = readJson<{ inputs: Names; outputs: Names }>(folder, name, "meta.json");
    const tensorOf = (key: string) => (inputs[key] ?? outputs[key])?.tensor ?? key;
    const graph = loadGraphDef(join(folder, name, "frozen.pb"));
    runGoldens(join(folder, name), graph, engine, tensorOf, (result, golden) =>
      expectClose(result, golden, 1e-5),
    );
  });

  it.each(modelNames)("gives them for the SavedModel of %s too", (name) => {
    const graph = loadSavedModel(join(folder, name, "saved_model"));
    runGoldens(
      join(folder, name),
      graph,
      engine,
      (key) => key,
      (result, golden) => expectClose(result, golden, 1e-5),
    );
  });

  it.each(isThere ? readdirSync(join(folder, "cms")) : [])(
    "gives TensorFlow's outputs for CMS's %s",
    (name) => {
      type Output = { name: string; max_std_over_batch32: number };
      const { outputs } = readJson<{ outputs: Output[] }>(folder, "cms", name, "meta.json");
      const spread = new Map(outputs.map((output) => [output.name, output.max_std_over_batch32]));
      const graph = loadGraphDef(join(folder, "cms", name, "graph.pb"));
      runGoldens(
        join(folder, "cms", name),
        graph,
        engine,
        (key) => key,
        (result, golden, key) => {
          // The rule of spec/cms-models.md: absolute, in units of the output's spread.
          const allowed = 2e-4 * (spread.get(key) ?? 0) + 1e-6;
          const worst = golden.data.reduce<number>(
            (most, b, i) => Math.max(most, Math.abs(Number(result.data[i]) - Number(b))),
            0,
          );
          expect(result.shape).toEqual(golden.shape);
          expect(worst).toBeLessThanOrEqual(allowed);
        },
      );
    },
    60_000,
  );
});
