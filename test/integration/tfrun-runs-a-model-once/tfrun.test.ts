/** tfrun as a person and as a program see it: what it prints, and how it exits. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { exceptionBlock, root, temporaryFolder } from "../run.js";

const folder = temporaryFolder();
const jetTagger = join(root, "data", "models", "jet_btag");
const models = join(root, "test", "unit", "tensorflow", "savedModels");
const shared = process.env.CMSRUN_SHARED ?? "";

interface TensorJson {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: readonly (number | string | boolean)[];
}
interface Answer {
  readonly outputs: Readonly<Record<string, TensorJson>>;
  readonly us: number | null;
}
interface Case {
  readonly inputs: Readonly<Record<string, TensorJson>>;
  readonly outputs: Readonly<Record<string, TensorJson>>;
}

function tfrun(args: readonly string[], input?: string) {
  const program = join(root, "dist", "tfrun.js");
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
    cwd: folder,
    encoding: "utf8",
    timeout: 25_000,
    ...(input !== undefined && { input }),
  });
  return { code: status, stdout, stderr };
}

/** The path of a file of inputs. */
function inputs(name: string, content: unknown): string {
  const path = join(folder, `${name}.json`);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

function answer(...args: string[]): Answer {
  const { code, stdout, stderr } = tfrun([...args, "--json"]);
  expect(stderr).toBe("");
  expect(code).toBe(0);
  expect(stdout).toMatch(/^\{.*\}\n$/);
  return JSON.parse(stdout) as Answer;
}

const jets = { dtype: "float32", shape: [2, 5], data: [50, 0.5, 1, 8, 12, 30, -2, 3, 5, 9] };
const jetInputs = inputs("jets", { input: jets });
const graph = join(jetTagger, "graph.pb");

describe("tfrun", () => {
  it("says what a model takes and gives", () => {
    const frozen = tfrun([graph]);
    expect(frozen.stdout).toMatch(
      /frozen graph, \d+ nodes\ninputs:\n {2}input +float32 \[\?,5\]\noutputs:\n {2}output /,
    );
    const saved = tfrun([join(jetTagger, "saved_model")]);
    expect(saved.stdout).toContain("SavedModel, signature 'serving_default'");
    expect(saved.stdout).toMatch(/\n {2}output {2}float32 \[\?,1\] +StatefulPartitionedCall:0\n$/);
    const json = JSON.parse(tfrun([join(jetTagger, "saved_model"), "--json"]).stdout) as unknown;
    expect(json).toEqual({
      inputs: { input: { dtype: "float32", shape: [-1, 5] } },
      outputs: { output: { dtype: "float32", shape: [-1, 1] } },
    });
  });

  it("gives the outputs under the names they were asked by, the same from both forms of a model", () => {
    const frozen = answer(graph, "--inputs", jetInputs, "--outputs", "output:0");
    const saved = answer(join(jetTagger, "saved_model"), "--inputs", jetInputs);
    expect(frozen.us).toBeNull();
    expect(frozen.outputs["output:0"]).toMatchObject({ dtype: "float32", shape: [2, 1] });
    for (const [i, value] of (saved.outputs.output?.data ?? []).entries()) {
      expect(Math.abs(Number(value) - Number(frozen.outputs["output:0"]?.data[i]))).toBeLessThan(1e-6);
    }
  });

  it("gives the median of the timed runs, and shows people the tensors", () => {
    expect(answer(graph, "--inputs", jetInputs, "--time", "20").us).toBeGreaterThan(0);
    const { stdout, code } = tfrun([graph, "--inputs", "-", "--time", "20"], readFileSync(jetInputs, "utf8"));
    expect(stdout).toMatch(
      /^output: float32\[2,1\] 0\.\d+ 0\.\d+\n[\d.]+ µs a run \(median of 20, engine \w+\)\n$/,
    );
    expect(code).toBe(0);
  });

  it("writes as strings what JSON has no number for, and reads them", () => {
    const constants = join(models, "graph.pb.txt");
    const { outputs } = answer(
      constants,
      "--inputs",
      inputs("none", {}),
      "--outputs",
      "floats,longs,bools,strings,halves",
    );
    expect(outputs.floats?.data.slice(1, 4)).toEqual(["NaN", "Infinity", "-Infinity"]);
    expect(outputs.longs).toEqual({ dtype: "int64", shape: [2], data: [String(2n ** 62n), -1] });
    expect(outputs.bools?.data).toEqual([true, false, true]);
    expect(outputs.strings?.data[1]).toBe("é");
    expect(outputs.halves).toEqual({ dtype: "float16", shape: [2], data: [1.5, -2] });
    const odd = { dtype: "float32", shape: [2, 3], data: ["nan", "-inf", 1, "Infinity", "NaN", 2] };
    expect(
      answer(constants, "--inputs", inputs("odd", { x: odd }), "--outputs", "y").outputs.y?.data,
    ).toEqual(["NaN", "-Infinity", "Infinity", "NaN"]);
  });

  it("takes signature and tags", () => {
    const x = { dtype: "float32", shape: [2, 3], data: [1, -2, 3, 0.5, 0.25, -4] };
    const other = answer(join(models, "functions"), "--signature", "other", "--inputs", inputs("x", { x }));
    expect(Object.keys(other.outputs)).toEqual(["difference", "mean", "variance"]);
    const tagged = answer(
      join(models, "tags"),
      "--tag",
      "serve,gpu",
      "--inputs",
      inputs("in", { in: { dtype: "float32", shape: [1], data: [1.5] } }),
    );
    expect(tagged.outputs.out?.data).toEqual([31.5]);
  });

  it("teaches itself", () => {
    const { stdout, code } = tfrun(["--help"]);
    expect(code).toBe(0);
    for (const text of [
      "--inputs",
      '"dtype": "float32"',
      "tfrun data/models/jet_btag/graph.pb",
      "--signature",
    ])
      expect(stdout).toContain(text);
    expect(tfrun(["--version"]).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe("tfrun refuses", () => {
  let count = 0;
  const bad = (tensor: object) => ["--inputs", inputs(`bad${count++}`, { input: { ...jets, ...tensor } })];

  it.each<[string, string, string[], number, string, string]>([
    [
      "an unknown target",
      graph,
      ["--inputs", jetInputs, "--engineTarget", "wasn"],
      88,
      "CommandLineProcessing",
      'Given: "wasn", Choices: "auto", "wasm", "native"',
    ],
    [
      "an unknown engine",
      graph,
      ["--inputs", jetInputs, "--engine", "referenc"],
      65,
      "InvalidSession",
      "did you mean 'reference'?",
    ],
    ["no such model", "nothing.pb", ["--inputs", jetInputs], 65, "InvalidGraphDef", "no such file."],
    [
      "an unknown output",
      graph,
      ["--inputs", jetInputs, "--outputs", "outptu"],
      65,
      "InvalidRun",
      "output 'outptu' is not in the graph; did you mean 'output'?",
    ],
    [
      "a missing input",
      graph,
      ["--inputs", inputs("no", {})],
      65,
      "InvalidRun",
      "input 'input' (float32 [?,5]) is not fed, but the outputs need it.",
    ],
    [
      "another shape",
      graph,
      bad({ shape: [5, 2] }),
      65,
      "InvalidRun",
      "input 'input' expects shape [?,5], given is [5,2].",
    ],
    [
      "another type",
      graph,
      bad({ dtype: "int32", data: jets.data.map(Math.round) }),
      65,
      "InvalidRun",
      "input 'input' expects float32, given is int32.",
    ],
    [
      "no type",
      graph,
      bad({ dtype: "floot32" }),
      73,
      "Configuration",
      `input 'input': "dtype" is "floot32", which is no element type.`,
    ],
    [
      "too few elements",
      graph,
      bad({ shape: [3, 5] }),
      73,
      "Configuration",
      "needs 15 elements, 10 are given.",
    ],
    [
      "no number",
      graph,
      bad({ data: ["one"] }),
      73,
      "Configuration",
      `input 'input': element 0 is "one", which is no float32.`,
    ],
    [
      "no elements, so no outputs",
      graph,
      bad({ shape: [0, 5], data: [] }),
      65,
      "InvalidRun",
      "nothing was computed: input 'input' has no elements.",
    ],
    ["no JSON", graph, ["--inputs", inputs("text", "{")], 73, "Configuration", "is no JSON"],
    [
      "a list",
      graph,
      ["--inputs", inputs("list", [])],
      73,
      "Configuration",
      "must be one object, a tensor a name",
    ],
    ["no inputs file", graph, ["--inputs", "nothing.json"], 84, "FileOpenError", "the inputs cannot be read"],
    [
      "another signature",
      join(models, "functions"),
      ["--signature", "x"],
      65,
      "InvalidMetaGraphDef",
      "there is 'other', 'serving_default', 'train'.",
    ],
    [
      "a signature of a frozen graph",
      graph,
      ["--signature", "x"],
      88,
      "CommandLineProcessing",
      "is a frozen graph, which has no signatures.",
    ],
    ["an unknown option", graph, ["--input", "x"], 88, "CommandLineProcessing", "tfrun --help"],
    [
      "an odd number of runs",
      graph,
      ["--inputs", jetInputs, "--time", "0"],
      88,
      "CommandLineProcessing",
      "--time takes a whole number from 1 on.",
    ],
  ])("%s", (_, model, args, code, category, text) => {
    const outcome = tfrun([model, ...args]);
    expect(outcome.stdout).toBe("");
    expect(exceptionBlock(outcome)).toContain(`An exception of category '${category}' occurred`);
    expect(exceptionBlock(outcome)).toContain(text);
    expect(outcome.code).toBe(code);
  });
});

const golden = (model: string) => join(shared, "models", model, "golden.json");

describe.skipIf(!existsSync(golden("multi"))).each(["multi", "tf1_frozen"])(
  "tfrun with the shared model %s",
  (model) => {
    it("gives the golden outputs", () => {
      const { cases } = JSON.parse(readFileSync(golden(model), "utf8")) as { cases: Case[] };
      for (const [i, test] of cases.entries()) {
        const { outputs } = answer(
          join(shared, "models", model, "saved_model"),
          "--inputs",
          inputs(`${model}${i}`, test.inputs),
        );
        expect(Object.keys(outputs).sort()).toEqual(Object.keys(test.outputs).sort());
        for (const [key, { dtype, shape, data }] of Object.entries(test.outputs)) {
          expect([outputs[key]?.dtype, outputs[key]?.shape]).toEqual([dtype, shape]);
          for (const [j, value] of data.entries())
            expect(Math.abs(Number(outputs[key]?.data[j]) - Number(value))).toBeLessThan(1e-5);
        }
      }
    });
  },
);
