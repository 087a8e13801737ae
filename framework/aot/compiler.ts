/**
 * The compiler, loaded when a graph has to be compiled: code that lies in the cache runs without it. It is 40% of the
 * framework's text, and 16 ms of a job's start-up.
 */
import { createRequire } from "node:module";

declare const CMSRUN_COMPILER: string | undefined;

type Compiler = typeof import("./compile.js");

/** Not built, as in tests: there is no file to load later. */
const source = typeof CMSRUN_COMPILER === "string" ? undefined : await import("./compile.js");
let built: Compiler | undefined;

export function compiler(): Compiler {
  if (source) return source;
  built ??= createRequire(import.meta.url)("./compiler.js") as Compiler;
  return built;
}
