/** The tool file `tfaot-model-NAME.json`: all that is known of a compiled model but its bytes; scram's tool.xml for us. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, isAbsolute, relative, resolve } from "node:path";
import { Exception } from "../../base/errors.js";
import type { CodeLayout, TargetName } from "../Unit.js";
import type { TensorDescription } from "./descriptor.js";

/** Of the tool file and of the files that it names. */
export const formatVersion = 1;

/** What `base` says until a packager replaces it; then, as for ".", the files lie beside the tool file. */
export const openToolBase = "@TOOL_BASE@";

export interface LibFile {
  /** Counted from the tool's base. */
  readonly path: string;
  readonly sha256: string;
}

export interface ToolFile {
  readonly formatVersion: number;
  /** "tfaot-model-NAME". */
  readonly name: string;
  /** The directory from which `path`s count; a relative one counts from the tool file's own. */
  readonly base: string;
  /** Hex digest of everything below: what a model.js must have been made with. */
  readonly revision: string;
  readonly model: {
    readonly name: string;
    readonly version: string;
    readonly author: string;
    readonly description: string;
    readonly namespace: string;
    readonly servingKey: string;
  };
  readonly source: {
    /** Of all files of the SavedModel, with their names. */
    readonly savedModelHash: string;
    readonly configHash: string;
    /** Where they are, counted from the tool file: only for local use (--dev). */
    readonly savedModel?: string;
    readonly config?: string;
  };
  readonly compiler: string;
  readonly target: TargetName;
  readonly features: string;
  /** Whether results may differ in their last bits from machine to machine and from batch to batch. */
  readonly fastMath: boolean;
  readonly xlaFlags: { readonly applied: readonly string[]; readonly ignored: readonly string[] };
  readonly batchSizes: readonly number[];
  readonly inputs: readonly TensorDescription[];
  readonly outputs: readonly TensorDescription[];
  readonly weights: LibFile;
  readonly units: readonly {
    readonly batchSize: number;
    readonly file: LibFile;
    readonly layout: CodeLayout;
  }[];
}

/** The tool file with its revision. */
export function withRevision(tool: Omit<ToolFile, "revision">): ToolFile {
  const { source, ...built } = tool;
  const { savedModelHash, configHash } = source;
  const digest = sha256(JSON.stringify([built, savedModelHash, configHash]));
  return { ...tool, revision: digest.slice(0, 16) };
}

/** @throws FileOpenError, FileReadError for what is no tool file; FormatIncompatibility for one of another format */
export function readToolFile(path: string): ToolFile {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const remedy = "compile the model with cms_tfaot_compile and install what it writes";
    throw new Exception("FileOpenError", `tool file '${path}': ${(error as Error).message}; ${remedy}.`);
  }
  let tool: Partial<ToolFile>;
  try {
    tool = JSON.parse(text) as Partial<ToolFile>;
  } catch (error) {
    throw new Exception("FileReadError", `tool file '${path}' is damaged: ${(error as Error).message}.`);
  }
  if (typeof tool?.formatVersion !== "number" || !Array.isArray(tool.units))
    throw new Exception("FileReadError", `'${path}' is no tool file of cms_tfaot_compile.`);
  if (tool.formatVersion === formatVersion) return tool as ToolFile;
  throw new Exception(
    "FormatIncompatibility",
    `tool file '${path}' has format ${tool.formatVersion}, this cmsrun reads ${formatVersion}; compile again: ` +
      `${compileCommand(tool as ToolFile, path)}`,
  );
}

/** Full path of a file of the tool. */
export function libPath({ base }: ToolFile, toolFile: string, { path }: LibFile): string {
  return resolve(dirname(toolFile), base === openToolBase ? "." : base, path);
}

/** The command that makes a tool anew, for messages: with the paths of --dev where they are known. */
export function compileCommand({ source, target }: ToolFile, toolFile: string): string {
  const options = target === "wasm" ? "" : ` --target ${target}`;
  if (source?.config === undefined)
    return `cms_tfaot_compile --aot-config aot_config.yaml --output-directory DIR${options}`;
  const config = shortest(resolve(dirname(toolFile), source.config));
  return `cms_tfaot_compile --aot-config ${config} --output-directory ${shortest(dirname(toolFile))}${options} --dev`;
}

/** A path as a person would write it here: relative where that does not lead out of the working directory. */
export function shortest(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith("..") || isAbsolute(short) ? path : short || ".";
}

export function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}
