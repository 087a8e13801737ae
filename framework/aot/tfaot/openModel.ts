/** From a descriptor to code that runs: checks the files of a compiled model and loads them, once a thread. */
import { readFileSync } from "node:fs";
import { Exception } from "../../base/errors.js";
import type { CompiledCode, Unit } from "../Unit.js";
import type { ModelDescriptor } from "./descriptor.js";
import { checkSources } from "./sourceHash.js";
import { compileCommand, libPath, type LibFile, readToolFile, sha256, type ToolFile } from "./toolFile.js";
import { decodeWeights } from "./weightsFile.js";
import { Wrapper } from "./Wrapper.js";

/** What makes units of compiled code in this thread. */
export interface Runtime {
  loadUnit(code: CompiledCode): Unit;
  /** The compiler whose code it runs; without it any. */
  readonly compilerVersion?: string;
}

/** Of this thread, by tool file and revision: models of several streams share their scratch memory. */
const opened = new Map<string, Wrapper>();

/**
 * The loaded code of a model. All files are read and checked here, so that a job fails at its start, not in an event.
 * @throws FileOpenError, FileReadError for files that are missing, damaged or of another compilation;
 *   FormatIncompatibility for those of another compiler, another machine or a model that has changed since
 */
export function openModel(descriptor: ModelDescriptor, runtime: Runtime): Wrapper {
  const key = `${descriptor.toolFile}\0${descriptor.revision}`;
  const known = opened.get(key);
  if (known) return known;
  const wrapper = new Wrapper(descriptor, loadUnits(descriptor, runtime));
  opened.set(key, wrapper);
  return wrapper;
}

function loadUnits({ toolFile, revision }: ModelDescriptor, runtime: Runtime): Map<number, Unit> {
  const tool = readToolFile(toolFile);
  const { model, compiler, weights } = tool;
  const command = compileCommand(tool, toolFile);
  if (tool.revision !== revision) {
    const what = `'${toolFile}' and the model.js of '${model.name}' are of different compilations`;
    throw new Exception("FormatIncompatibility", `${what}; compile again: ${command}`);
  }
  const { compilerVersion } = runtime;
  if (compilerVersion !== undefined && compilerVersion !== compiler) {
    const what = `compiled model '${model.name}' was made by compiler ${compiler}, this cmsrun has ${compilerVersion}`;
    throw new Exception("FormatIncompatibility", `${what}; compile again: ${command}`);
  }
  checkSources(tool, toolFile);
  const constants = decodeWeights(readLib(tool, toolFile, weights), libPath(tool, toolFile, weights));
  // The largest first, so that the arena they share is made once.
  const units = [...tool.units].sort((a, b) => b.layout.arenaBytes - a.layout.arenaBytes);
  return new Map(
    units.map(({ batchSize, file, layout }) => {
      const code = readLib(tool, toolFile, file);
      const blocks = layout.constants.map(({ hash }) => constants.get(hash));
      if (blocks.includes(undefined))
        throw damaged(libPath(tool, toolFile, weights), "lacks a constant of the code", command);
      const compiled = { layout, code, constants: blocks as Uint8Array[] };
      return [batchSize, load(compiled, libPath(tool, toolFile, file), command, runtime)];
    }),
  );
}

function readLib(tool: ToolFile, toolFile: string, file: LibFile): Uint8Array {
  const path = libPath(tool, toolFile, file);
  const command = compileCommand(tool, toolFile);
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
    const what = isMissing ? "is missing" : `cannot be read: ${(error as Error).message}`;
    throw new Exception("FileOpenError", `compiled file '${path}' ${what}; compile again: ${command}`);
  }
  if (sha256(bytes) === file.sha256) return bytes;
  throw damaged(path, "is damaged or of another compilation", command);
}

function load(code: CompiledCode, path: string, command: string, { loadUnit }: Runtime): Unit {
  try {
    return loadUnit(code);
  } catch (error) {
    const why = Exception.from(error).message.replace(/\.$/, "");
    const { target, features } = code.layout;
    throw new Exception(
      "FormatIncompatibility",
      `compiled file '${path}' (${target}, ${features}) cannot be loaded on this machine: ${why}; compile here: ${command}`,
      { cause: error },
    );
  }
}

function damaged(path: string, what: string, command: string): Exception {
  return new Exception("FileReadError", `compiled file '${path}' ${what}; compile again: ${command}`);
}
