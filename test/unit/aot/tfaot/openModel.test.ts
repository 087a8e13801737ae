/** Compiled files that are damaged, foreign, of another compiler or older than their sources: one sentence each. */
import { appendFileSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { openModel } from "../../../../framework/aot/tfaot/openModel.js";
import { compilerVersion, loadUnit } from "./fakeCompiler.js";
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
let round = 0;
let out: string;
let config: string;
const runtime = { loadUnit, compilerVersion };
const tool = "tfaot-model-calc";
const open = (used = runtime) => openModel(descriptorOf(out, tool), used);
const command = () =>
  `compile again: cms_tfaot_compile --aot-config ${config} --output-directory ${out} --dev`;

beforeEach(() => {
  // A folder of its own each: what has been loaded once is kept.
  out = join(folder, String(round++), "out");
  config = writeModelFolder(join(out, "..", "source"), calc, "calc", "[1, 2]");
  build({ aotConfig: config, outputDirectory: out });
});

function refused(category: string, message: string, used = runtime): void {
  expect(() => open(used)).toThrow(expect.objectContaining({ category, message }));
}

it("files are loaded once a thread", () => {
  let loaded = 0;
  const counting = {
    ...runtime,
    loadUnit(code: Parameters<typeof loadUnit>[0]) {
      loaded++;
      return loadUnit(code);
    },
  };
  expect(open(counting)).toBe(open(counting));
  expect(loaded).toBe(2);
});

it("a package may be moved", () => {
  const moved = join(folder, "moved");
  renameSync(out, moved);
  out = moved;
  expect(open().batchSizes()).toEqual([1, 2]);
});

describe("refused is", () => {
  it("a damaged code file", () => {
    const path = join(out, "lib/calc_bs2.wasm");
    const bytes = readFileSync(path);
    bytes[9]! ^= 1;
    writeFileSync(path, bytes);
    refused("FileReadError", `compiled file '${path}' is damaged or of another compilation; ${command()}`);
  });

  it("a weights file that is cut short, or missing", () => {
    const path = join(out, "lib/calc.weights");
    writeFileSync(path, readFileSync(path).subarray(0, 100));
    refused("FileReadError", `compiled file '${path}' is damaged or of another compilation; ${command()}`);
    rmSync(path);
    refused("FileOpenError", `compiled file '${path}' is missing; ${command()}`);
  });

  it("a damaged or missing tool file", () => {
    const path = join(out, `${tool}.json`);
    const descriptor = descriptorOf(out, tool);
    const text = readFileSync(path, "utf8");
    writeFileSync(path, text.slice(0, 50));
    expect(() => openModel(descriptor, runtime)).toThrow(`tool file '${path}' is damaged: `);
    writeFileSync(path, "[]");
    expect(() => openModel(descriptor, runtime)).toThrow(`'${path}' is no tool file of cms_tfaot_compile.`);
    writeFileSync(path, text.replace('"formatVersion": 1', '"formatVersion": 2'));
    expect(() => openModel(descriptor, runtime)).toThrow(
      "has format 2, this cmsrun reads 1; compile again: ",
    );
    rmSync(path);
    expect(() => openModel(descriptor, runtime)).toThrow(
      "compile the model with cms_tfaot_compile and install what",
    );
  });

  it("a model.js of another compilation", () => {
    expect(() => openModel({ ...descriptorOf(out, tool), revision: "older" }, runtime)).toThrow(
      `'${join(out, `${tool}.json`)}' and the model.js of 'calc' are of different compilations; ${command()}`,
    );
  });

  it("the code of another compiler", () => {
    const message = `compiled model 'calc' was made by compiler test-1, this cmsrun has test-2; ${command()}`;
    refused("FormatIncompatibility", message, { ...runtime, compilerVersion: "test-2" });
  });

  it("code that this machine cannot load", () => {
    const message =
      `compiled file '${join(out, "lib/calc_bs2.wasm")}' (wasm, simd128) cannot be loaded on this machine: ` +
      `it needs avx512f; ${command().replace("again", "here")}`;
    const cannot = () => {
      throw new Error("it needs avx512f.");
    };
    refused("FormatIncompatibility", message, { ...runtime, loadUnit: cannot });
  });

  it("a model whose SavedModel or aot_config has changed since", () => {
    appendFileSync(config, "# a remark\n");
    refused(
      "FormatIncompatibility",
      `compiled model 'calc' no longer fits '${config}', which has changed since; ${command()}`,
    );
    build({ aotConfig: config, outputDirectory: out });
    const savedModel = join(out, "../source/saved_model");
    writeSavedModel(savedModel, twice([-1, 3]));
    refused(
      "FormatIncompatibility",
      `compiled model 'calc' no longer fits '${savedModel}', which has changed since; ${command()}`,
    );
  });
});

it("sources that are gone, or those of a packager, are no matter", () => {
  rmSync(join(out, "../source"), { recursive: true });
  expect(open().nBatchSizes).toBe(2);
  out = `${out}-flat`;
  config = writeModelFolder(join(out, "../source"), calc, "calc", "[1]");
  build({ aotConfig: config, outputDirectory: out, dev: false });
  rmSync(join(out, "../source"), { recursive: true });
  expect(open().nBatchSizes).toBe(1);
});
