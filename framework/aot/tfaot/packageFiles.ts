/** The files of a compiled model's npm package: code, weights, tool file, and the typed module that a plugin imports. */
import { relative } from "node:path";
import type { CompiledModel } from "./compileModel.js";
import { declarationText, moduleText } from "./moduleText.js";
import { configHash, savedModelHash } from "./sourceHash.js";
import {
  formatVersion,
  type LibFile,
  openToolBase,
  sha256,
  type ToolFile,
  withRevision,
} from "./toolFile.js";
import { encodeWeights } from "./weightsFile.js";

export interface PackageOptions {
  /** Full path, without links, of the directory that will hold the files. */
  readonly directory: string;
  /** Whether there are lib/ and include/; otherwise the files lie flat, for a packager. */
  readonly hasFolders: boolean;
  /** Whether the tool file says where the sources are, so that a change of theirs is noticed. */
  readonly namesSources: boolean;
  /** Without it "tfaot-model-NAME". */
  readonly toolName?: string | undefined;
  /** Without it the tool file's own directory, or @TOOL_BASE@ where the files lie flat. */
  readonly toolBase?: string | undefined;
}

export type Files = ReadonlyMap<string, string | Uint8Array>;

/** The name under which a model is installed: underscores become hyphens. */
export function toolNameOf(model: string): string {
  return `tfaot-model-${model.replaceAll("_", "-")}`;
}

/** Path, counted from the package's directory, → contents. */
export function packageFiles(model: CompiledModel, options: PackageOptions): Files {
  const { name, version, description } = model.config.model;
  const tool = options.toolName ?? toolNameOf(name);
  const [lib, include] = options.hasFolders ? ["lib/", `include/${tool}/`] : ["", ""];
  const files = new Map<string, string | Uint8Array>();
  const add = (path: string, contents: Uint8Array): LibFile => {
    files.set(path, contents);
    return { path, sha256: sha256(contents) };
  };
  const extension = model.target === "native" ? "node" : "wasm";
  const units = [...model.codes].map(([batchSize, { code, layout }]) => {
    return { batchSize, file: add(`${lib}${name}_bs${batchSize}.${extension}`, code), layout };
  });
  const weights = add(`${lib}${name}.weights`, encodeWeights(model.codes.values()));
  const toolFile = describeTool(model, tool, weights, units, options);
  files.set(`${tool}.json`, `${JSON.stringify(toolFile, undefined, 2)}\n`);
  const place = `${options.hasFolders ? "../../" : "./"}${tool}.json`;
  files.set(`${include}model.ts`, moduleText(toolFile, place, " as const"));
  files.set(`${include}model.js`, moduleText(toolFile, place, ""));
  files.set(`${include}model.d.ts`, declarationText(toolFile));
  const entry = { types: `./${include}model.d.ts`, default: `./${include}model.js` };
  const manifest = {
    name: tool,
    version: semanticVersion(version),
    description: description || `${name}, compiled ahead of time for cmsrun`,
    type: "module",
    exports: { "./model": entry, "./package.json": "./package.json" },
  };
  files.set("package.json", `${JSON.stringify(manifest, undefined, 2)}\n`);
  return files;
}

function describeTool(
  { config, target, flags, inputs, outputs, codes }: CompiledModel,
  name: string,
  weights: LibFile,
  units: ToolFile["units"],
  { directory, hasFolders, namesSources, toolBase }: PackageOptions,
): ToolFile {
  const { savedModel, ...model } = config.model;
  const { layout } = [...codes.values()][0]!;
  const places = {
    savedModel: relative(directory, savedModel),
    config: relative(directory, config.file),
  };
  return withRevision({
    formatVersion,
    name,
    base: toolBase ?? (hasFolders ? "." : openToolBase),
    model: { ...model, namespace: config.compilation.namespace },
    source: {
      savedModelHash: savedModelHash(savedModel),
      configHash: configHash(config.file),
      ...(namesSources && places),
    },
    compiler: layout.compiler,
    target,
    features: layout.features,
    fastMath: flags.fastMath,
    xlaFlags: { applied: flags.applied, ignored: flags.ignored },
    batchSizes: [...codes.keys()],
    inputs,
    outputs,
    weights,
    units,
  });
}

/** npm installs only what has a version of three numbers: "1.0" → "1.0.0", "v1_2" → "0.0.0-v1-2". */
function semanticVersion(version: string): string {
  if (/^\d+\.\d+\.\d+(-[\w.-]+)?$/.test(version)) return version;
  if (/^\d+(\.\d+)?$/.test(version)) return `${version}${version.includes(".") ? ".0" : ".0.0"}`;
  const tag = version.replace(/[^0-9A-Za-z]+/g, "-").replace(/^-|-$/g, "");
  return `0.0.0-${tag || sha256(version).slice(0, 8)}`;
}
