/** What cms_tfaot_compile writes and says, with a compiler that is not the real one. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeEach, describe, expect, it } from "vitest";
import type { ToolFile } from "../../../../framework/aot/tfaot/toolFile.js";
import { decodeWeights } from "../../../../framework/aot/tfaot/weightsFile.js";
import {
  build,
  calc,
  descriptorOf,
  temporaryFolder,
  twice,
  writeModelFolder,
  writeSavedModel,
} from "./savedModels.js";

const folder = temporaryFolder();
const out = join(folder, "out");
let config: string;

beforeEach(() => {
  rmSync(out, { recursive: true, force: true });
  config = writeModelFolder(join(folder, "source"), calc, "test_calc", "[1, 2, 4]");
});

const listed = (directory: string) =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .sort();
const json = (path: string) => JSON.parse(readFileSync(path, "utf8")) as unknown;

describe("for local use", () => {
  it("there are folders, and the next steps", () => {
    const { said, warned } = build({ aotConfig: config, outputDirectory: out });
    expect(listed(out)).toEqual([
      "include/tfaot-model-test-calc/model.d.ts",
      "include/tfaot-model-test-calc/model.js",
      "include/tfaot-model-test-calc/model.ts",
      "lib/test_calc.weights",
      "lib/test_calc_bs1.wasm",
      "lib/test_calc_bs2.wasm",
      "lib/test_calc_bs4.wasm",
      "package.json",
      "tfaot-model-test-calc.json",
    ]);
    expect(said.slice(0, 6)).toEqual([
      `saved model at '${join(folder, "source", "saved_model")}'`,
      "compiling for batch size 1",
      "compiling for batch size 2",
      "compiling for batch size 4",
      "-".repeat(80),
      "successfully AOT compiled model 'test_calc' for batch sizes: 1,2,4",
    ]);
    for (const step of [
      `> npm install ${out}`,
      `"tfaot-model-test-calc": "file:${out}"`,
      'import { test_calc } from "tfaot-model-test-calc/model";',
      "new tfaot.Model(test_calc)",
      "run(batchSize, flag, scale, x)",
    ])
      expect(said[6]).toContain(step);
    expect(warned).toEqual([]);
  });

  it("the module exports frozen data, in each of its forms", async () => {
    build({ aotConfig: config, outputDirectory: out });
    const include = join(out, "include/tfaot-model-test-calc");
    const { test_calc } = (await import(pathToFileURL(join(include, "model.js")).href)) as Record<
      string,
      object
    >;
    expect(test_calc).toEqual(descriptorOf(out, "tfaot-model-test-calc"));
    expect(Object.isFrozen(test_calc)).toBe(true);
    const typescript = readFileSync(join(include, "model.ts"), "utf8");
    expect(typescript).toContain('    { name: "x", dtype: "float32", shape: [null, 3] },\n');
    expect(typescript).toContain("} as const);");
    expect(readFileSync(join(include, "model.d.ts"), "utf8")).toContain(
      '    { readonly name: "scale"; readonly dtype: "float32"; readonly shape: readonly [] },\n',
    );
    expect(json(join(out, "package.json"))).toEqual({
      name: "tfaot-model-test-calc",
      version: "1.2.3",
      description: "test_calc, compiled ahead of time for cmsrun",
      type: "module",
      exports: {
        "./model": {
          types: "./include/tfaot-model-test-calc/model.d.ts",
          default: "./include/tfaot-model-test-calc/model.js",
        },
        "./package.json": "./package.json",
      },
    });
  });

  it("the tool file tells all, and the weights are there once", () => {
    build({ aotConfig: config, outputDirectory: out });
    const tool = json(join(out, "tfaot-model-test-calc.json")) as ToolFile;
    expect(tool).toMatchObject({
      formatVersion: 1,
      name: "tfaot-model-test-calc",
      base: ".",
      model: { name: "test_calc", version: "1.2.3", namespace: "tfaot_model", servingKey: "serving_default" },
      source: { savedModel: "../source/saved_model", config: "../source/aot_config.yaml" },
      compiler: "test-1",
      target: "wasm",
      features: "simd128",
      fastMath: false,
      batchSizes: [1, 2, 4],
      weights: { path: "lib/test_calc.weights" },
    });
    expect(tool.units.map(({ batchSize, file }) => [batchSize, file.path])).toEqual([
      [1, "lib/test_calc_bs1.wasm"],
      [2, "lib/test_calc_bs2.wasm"],
      [4, "lib/test_calc_bs4.wasm"],
    ]);
    const path = join(out, "lib/test_calc.weights");
    const blocks = decodeWeights(readFileSync(path), path);
    expect([...blocks.keys()]).toEqual(tool.units[0]?.layout.constants.map(({ hash }) => hash));
    const [weights] = blocks.values();
    expect([...new Float32Array(Uint8Array.from(weights!).buffer)]).toEqual([1, 0, 0, 1, 1, 1]);
  });

  it("the same sources give the same bytes", () => {
    const read = () => listed(out).map((path) => readFileSync(join(out, path), "latin1"));
    build({ aotConfig: config, outputDirectory: out });
    const first = read();
    build({ aotConfig: config, outputDirectory: out });
    expect(read()).toEqual(first);
  });
});

describe("for a packager", () => {
  it("the files lie flat, without instructions and without the sources' places", () => {
    const { said } = build({ aotConfig: config, outputDirectory: out, dev: false, target: "native" });
    expect(listed(out)).toEqual([
      "model.d.ts",
      "model.js",
      "model.ts",
      "package.json",
      "test_calc.weights",
      "test_calc_bs1.node",
      "test_calc_bs2.node",
      "test_calc_bs4.node",
      "tfaot-model-test-calc.json",
    ]);
    expect(said.at(-1)).toBe("successfully AOT compiled model 'test_calc' for batch sizes: 1,2,4");
    const tool = json(join(out, "tfaot-model-test-calc.json")) as ToolFile;
    expect(tool.base).toBe("@TOOL_BASE@");
    expect(Object.keys(tool.source)).toEqual(["savedModelHash", "configHash"]);
  });

  it("the tool's name and base may be given", () => {
    const names = { toolName: "tfaot-model-other", toolBase: "/cvmfs/tools" };
    build({ aotConfig: config, outputDirectory: out, dev: false, ...names });
    expect(json(join(out, "tfaot-model-other.json"))).toMatchObject({ base: "/cvmfs/tools" });
    expect(json(join(out, "package.json"))).toMatchObject({ name: "tfaot-model-other" });
  });
});

describe("the output directory", () => {
  it("is replaced whole, and nothing is left beside it", () => {
    build({ aotConfig: config, outputDirectory: out });
    config = writeModelFolder(join(folder, "source"), calc, "test_calc", "[2]");
    const { warned } = build({ aotConfig: config, outputDirectory: out });
    expect(readdirSync(join(out, "lib"))).toEqual(["test_calc.weights", "test_calc_bs2.wasm"]);
    expect(warned).toEqual(["batch_sizes lacks 1: a single example will run as a padded batch of 2"]);
    expect(readdirSync(folder).sort()).toEqual(["out", "source"]);
  });

  it("keeps what is there when the compilation fails", () => {
    build({ aotConfig: config, outputDirectory: out });
    const before = listed(out);
    const odd = twice([-1, 3]);
    const nodes = [
      ...odd.nodes.slice(0, 2),
      { name: "y", op: "Erf", input: ["x"], attr: { T: { type: 1 } } },
    ];
    writeSavedModel(join(folder, "source", "saved_model"), { ...odd, nodes });
    expect(() => build({ aotConfig: config, outputDirectory: out })).toThrow(
      expect.objectContaining({
        message: "node 'y': op Erf cannot be compiled; use Tanh.",
        contexts: [`Compiling '${join(folder, "source", "saved_model")}' for batch size 1`],
      }),
    );
    expect(listed(out)).toEqual(before);
    expect(readdirSync(folder).sort()).toEqual(["out", "source"]);
  });

  it("is not taken from anybody", () => {
    mkdirSync(out);
    writeFileSync(join(out, "thesis.tex"), "");
    const compile = () => build({ aotConfig: config, outputDirectory: out });
    expect(compile).toThrow(
      /holds what is not of tfaot-model-test-calc \(thesis.tex\); give each model an empty/,
    );
    expect(existsSync(join(out, "thesis.tex"))).toBe(true);
    rmSync(out, { recursive: true });
    build({ aotConfig: config, outputDirectory: out, toolName: "tfaot-model-x" });
    expect(compile).toThrow("holds what is not of tfaot-model-test-calc");
    rmSync(out, { recursive: true });
    writeFileSync(out, "");
    expect(compile).toThrow("is a file");
  });

  it("may be a link", () => {
    mkdirSync(join(folder, "real"));
    symlinkSync(join(folder, "real"), out);
    build({ aotConfig: config, outputDirectory: out });
    expect(json(join(folder, "real", "tfaot-model-test-calc.json"))).toMatchObject({
      source: { savedModel: "../source/saved_model" },
    });
    rmSync(join(folder, "real"), { recursive: true });
  });
});

describe("a model", () => {
  const compile = (shape: readonly number[]) => {
    writeSavedModel(join(folder, "source", "saved_model"), twice(shape));
    return () => build({ aotConfig: config, outputDirectory: out });
  };

  it("with another unknown dimension than the batch is refused", () => {
    expect(compile([-1, -1, 3])).toThrow(
      "input 'x' has the shape [?,?,3]; only the first dimension, the batch, may be unknown.",
    );
  });

  it("that is not there is refused, as is a signature", () => {
    rmSync(join(folder, "source", "saved_model"), { recursive: true });
    const compileMissing = () => build({ aotConfig: config, outputDirectory: out });
    expect(compileMissing).toThrow(/saved_model/);
    writeFileSync(config, readFileSync(config, "utf8").replace("model: {", "model: { serving_key: x,"));
    expect(compile([-1, 3])).toThrow("it has no signature 'x'; there is 'serving_default'");
  });

  it("has its XLA flags sorted into those that count and those that are ignored", () => {
    const additionalFlags = ["--xla_cpu_enable_fast_math=true", "--tf_xla_min_cluster_size=4"];
    const { warned } = build({ aotConfig: config, outputDirectory: out, additionalFlags });
    expect(warned).toEqual([
      "--xla_cpu_enable_fast_math=true changes nothing for target wasm, whose arithmetic is strict",
      "flag --tf_xla_min_cluster_size=4 is ignored: it is XLA's own and has no counterpart here",
    ]);
    expect(json(join(out, "tfaot-model-test-calc.json"))).toMatchObject({
      fastMath: true,
      xlaFlags: { applied: additionalFlags.slice(0, 1), ignored: additionalFlags.slice(1) },
    });
  });
});
