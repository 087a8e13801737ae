/**
 * Runs a config: transforms each TypeScript file it imports or loads, in process and cached by content, and gives the
 * Process it exports. No loader hooks: they cost 240 ms at start-up and again in every thread.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { createRequire, type SourceMapPayload } from "node:module";
import { dirname, extname, isAbsolute, join, resolve } from "node:path";
import { compileFunction } from "node:vm";
import { Exception } from "../base/errors.js";
import { replaceFile } from "../base/replaceFile.js";
import { formatPlace, placeOf, registerConfigSource } from "./origin.js";
import { Process, setFragmentLoader } from "./Process.js";
import { ConfigExit } from "./VarParsing.js";

export interface ConfigLoaderOptions {
  /** What `#framework` and `cmsrun` give: the running framework itself, so that there is one copy. */
  readonly framework: object;
  /** Where transformed files are kept; undefined: nowhere. */
  readonly cacheDirectory: string | undefined;
  /** Directories in which process.load looks for fragments, after the loading file's own. */
  readonly searchPath: readonly string[];
}

type Exports = Record<string, unknown>;
const frameworkNames = ["#framework", "cmsrun"];
/** Part of the cache key: change it when the transform's options change. */
const transformVersion = "2";

/**
 * Loads `path` and gives the Process that it exports.
 * @throws ConfigFileNotFound, ConfigFileReadError (syntax error, a throw inside, no process), or the framework
 *   exception that the config language itself raised. ConfigExit when the config asked for a clean end.
 */
export function loadConfig(path: string, options: ConfigLoaderOptions): Process {
  const exports = loadExports("cmsrun", path, options);
  const found = exports.process ?? exports.default;
  if (found instanceof Process) return found;
  if (typeof found === "object" && found !== null && "apis" in found)
    throw new Exception(
      "ConfigFileReadError",
      `no 'process' in ${path}, but a service; it is run by: edmServe ${path}`,
    );
  throw new Exception(
    "ConfigFileReadError",
    `no 'process' in ${path}, please add one: const process = new cms.Process("NAME"); … export default process;`,
  );
}

/** What a config exports, whatever it is, for a program of that name. @throws as loadConfig */
export function loadExports(program: string, path: string, options: ConfigLoaderOptions): Exports {
  const file = resolve(path);
  if (!existsSync(file) || !statSync(file).isFile()) {
    throw new Exception(
      "ConfigFileNotFound",
      `${program}: configuration file '${path}' does not exist; check the path (looked for ${file}).`,
    );
  }
  const loader = new ConfigLoader(options);
  setFragmentLoader((name) => loader.loadFragment(name));
  return loader.require(file);
}

class ConfigLoader {
  readonly #options: ConfigLoaderOptions;
  readonly #modules = new Map<string, { exports: Exports }>();
  readonly #loading: string[] = [];

  constructor(options: ConfigLoaderOptions) {
    this.#options = options;
  }

  loadFragment(name: string): { exports: Exports; file: string } {
    const path = name.includes("/") || name.startsWith(".") ? name : name.replaceAll(".", "/");
    const from = this.#loading.at(-1);
    const directories = [...(from ? [dirname(from)] : []), ...this.#options.searchPath];
    const candidates = isAbsolute(path) ? [path] : directories.map((directory) => join(directory, path));
    const file = candidates.map(findModule).find((f) => f !== undefined);
    if (!file) {
      throw new Exception(
        "ConfigFileReadError",
        `process.load("${name}"): no such fragment. Looked for ${candidates.map((c) => `${c}.ts`).join(", ")}.`,
      );
    }
    return { exports: this.require(file), file };
  }

  require(file: string): Exports {
    const known = this.#modules.get(file);
    if (known) return known.exports;
    const module = { exports: {} as Exports };
    this.#modules.set(file, module);
    this.#loading.push(file);
    try {
      const code = this.#transformed(file);
      const run = compileFunction(code, ["exports", "require", "module", "__filename", "__dirname"], {
        filename: file,
      });
      run(module.exports, (name: string) => this.#import(name, file), module, file, dirname(file));
      return module.exports;
    } catch (error) {
      this.#modules.delete(file);
      throw readError(error, file);
    } finally {
      this.#loading.pop();
    }
  }

  #import(name: string, from: string): unknown {
    if (frameworkNames.includes(name)) return this.#options.framework;
    if (!name.startsWith(".") && !isAbsolute(name)) return createRequire(from)(name);
    const path = resolve(dirname(from), name);
    const file = findModule(path) ?? findModule(path.replace(/\.[cm]?js$/, ""));
    if (!file) throw new Exception("ConfigFileReadError", `import "${name}" in ${from}: no such file.`);
    return this.require(file);
  }

  #transformed(file: string): string {
    const source = readFileSync(file, "utf8");
    const key = createHash("sha256")
      .update(`${transformVersion}\0${file}\0${source}`)
      .digest("hex")
      .slice(0, 32);
    const { cacheDirectory } = this.#options;
    const cached = cacheDirectory && join(cacheDirectory, key);
    const hit = cached !== undefined && existsSync(`${cached}.cjs`) && existsSync(`${cached}.map`);
    if (hit) {
      registerConfigSource(file, () => JSON.parse(readFileSync(`${cached}.map`, "utf8")) as SourceMapPayload);
      return readFileSync(`${cached}.cjs`, "utf8");
    }
    const { code, map } = transform(file, source);
    registerConfigSource(file, () => JSON.parse(map) as SourceMapPayload);
    if (cached) keep(cached, code, map);
    return code;
  }
}

function findModule(path: string): string | undefined {
  const candidates = [".ts", ".mts", ".js", ".mjs", ".cjs"].includes(extname(path))
    ? [path]
    : [`${path}.ts`, `${path}.js`, path];
  return candidates.find((candidate) => existsSync(candidate) && statSync(candidate).isFile());
}

function transform(file: string, source: string): { code: string; map: string } {
  const esbuild = createRequire(import.meta.url)("esbuild") as typeof import("esbuild");
  return esbuild.transformSync(source, {
    loader: "ts",
    format: "cjs",
    target: "node20",
    sourcefile: file,
    sourcemap: "external",
    sourcesContent: false,
    logLevel: "silent",
    define: { "import.meta.dirname": "__dirname", "import.meta.filename": "__filename" },
    tsconfigRaw: { compilerOptions: { experimentalDecorators: true, verbatimModuleSyntax: false } },
  });
}

/** A cache that cannot be written is no error: the next start transforms again. */
function keep(cached: string, code: string, map: string): void {
  try {
    mkdirSync(dirname(cached), { recursive: true });
    replaceFile(`${cached}.map`, map);
    replaceFile(`${cached}.cjs`, code);
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
  }
}

/** Parameter values know nothing of configs; here their errors get the line that made them. */
function placed(error: Exception): Exception {
  const place = /\([^()]+:\d+\)/.test(error.message) ? undefined : placeOf(error);
  return place ? new Exception(error.category, `${error.message} (${formatPlace(place)})`) : error;
}

interface EsbuildFailure extends Error {
  errors: { text: string; location: { line: number; column: number } | null }[];
}

function readError(error: unknown, file: string): unknown {
  if (error instanceof ConfigExit) return error;
  if (error instanceof Exception) return placed(error);
  if (error instanceof Error && "errors" in error) {
    const first = (error as EsbuildFailure).errors[0];
    const place = first?.location ? formatPlace({ file, line: first.location.line }) : file;
    return new Exception("ConfigFileReadError", `${place}: ${first?.text ?? error.message}`);
  }
  if (error instanceof Error) {
    const place = placeOf(error);
    return new Exception(
      "ConfigFileReadError",
      `${error.name}: ${error.message} (${place ? formatPlace(place) : file})`,
    );
  }
  return new Exception("ConfigFileReadError", `${file} threw ${String(error)}`);
}
