/** The model of `tfaot profile`: a SavedModel or an aot_config, compiled in memory, or what cms_tfaot_compile has written. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { Exception } from "../../../base/errors.js";
import type { TargetName } from "../../Unit.js";
import { type AotConfig, readAotConfig } from "../aotConfig.js";
import { type CompileGraph, compileModel } from "../compileModel.js";
import type { ModelDescriptor } from "../descriptor.js";
import { openModel, type Runtime } from "../openModel.js";
import { readToolFile } from "../toolFile.js";
import { Wrapper } from "../Wrapper.js";

export interface ProfiledModel {
  readonly wrapper: Wrapper;
  readonly descriptor: ModelDescriptor;
  readonly target: TargetName;
  /** What of the machine the code uses. */
  readonly features: string;
}

export interface OpenOptions {
  /** Without it those of the aot_config or the compiled tool; of a SavedModel 1, 2, 4 … 32. */
  readonly batchSizes?: readonly number[] | undefined;
  /** Without it wasm, or that of the compiled tool. */
  readonly target?: TargetName | undefined;
}

export interface Compiler extends Runtime {
  readonly compileGraph: CompileGraph;
  readonly warn: (line: string) => void;
}

const usualSizes = [1, 2, 4, 8, 16, 32];

/** @throws Configuration for what is none of the three, else as compileModel and openModel */
export function openProfiled(path: string, options: OpenOptions, compiler: Compiler): ProfiledModel {
  if (!existsSync(path)) throw new Exception("FileOpenError", `model '${path}' does not exist.`);
  if (!statSync(path).isDirectory()) return compiled(readAotConfig(path), options, compiler);
  if (existsSync(join(path, "saved_model.pb"))) return compiled(plainConfig(path), options, compiler);
  const toolFile = readdirSync(path).find((name) => /^(?!package).*\.json$/.test(name));
  if (toolFile !== undefined) return opened(join(path, toolFile), options, compiler);
  const what =
    "neither a SavedModel (saved_model.pb) nor what cms_tfaot_compile writes (tfaot-model-NAME.json)";
  throw new Exception("Configuration", `directory '${path}' is ${what}.`);
}

/** A SavedModel by itself, as an aot_config would name it. */
function plainConfig(path: string): AotConfig {
  const folder = basename(resolve(path));
  const name = folder === "saved_model" ? basename(dirname(resolve(path))) : folder;
  const model = { name, version: "", savedModel: resolve(path), servingKey: "serving_default" };
  return {
    file: "",
    model: { ...model, author: "", description: "" },
    compilation: { batchSizes: usualSizes, namespace: "", tfXlaFlags: [], xlaFlags: [] },
  };
}

function compiled(
  config: AotConfig,
  { batchSizes = config.compilation.batchSizes, target = "wasm" }: OpenOptions,
  { compileGraph, loadUnit, warn }: Compiler,
): ProfiledModel {
  const compilation = { ...config.compilation, batchSizes };
  const options = { compileGraph, target, say: () => undefined, warn };
  const { inputs, outputs, codes } = compileModel({ ...config, compilation }, options);
  const { name, version } = config.model;
  const descriptor = { name, version, revision: "", toolFile: "", batchSizes, inputs, outputs };
  // The largest first, so that the arena they share is made once.
  const byArena = [...codes].sort(([, a], [, b]) => b.layout.arenaBytes - a.layout.arenaBytes);
  const units = new Map(byArena.map(([size, code]) => [size, loadUnit(code)]));
  const { features } = byArena[0]![1].layout;
  return { wrapper: new Wrapper(descriptor, units), descriptor, target, features };
}

function opened(toolFile: string, { batchSizes, target }: OpenOptions, runtime: Runtime): ProfiledModel {
  const tool = readToolFile(resolve(toolFile));
  const { model, revision, inputs, outputs } = tool;
  if (target !== undefined && target !== tool.target)
    throw new Exception("Configuration", `'${toolFile}' is compiled for ${tool.target}, not for ${target}.`);
  const missing = batchSizes?.find((size) => !tool.batchSizes.includes(size));
  if (missing !== undefined) {
    const known = tool.batchSizes.join(",");
    throw new Exception("UnknownBatchSize", `'${toolFile}' is compiled for ${known}, not for ${missing}.`);
  }
  const { name, version } = model;
  const sizes = batchSizes ?? tool.batchSizes;
  const descriptor = {
    name,
    version,
    revision,
    toolFile: resolve(toolFile),
    batchSizes: sizes,
    inputs,
    outputs,
  };
  return {
    wrapper: openModel(descriptor, runtime),
    descriptor,
    target: tool.target,
    features: tool.features,
  };
}
