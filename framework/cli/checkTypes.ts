/** What TypeScript says about a config and its plugins: tsc runs once, with the options of the package they belong to. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { Exception } from "../base/errors.js";
import { formatPlace } from "../config/origin.js";
import { packageRoot } from "./environment.js";

const timeoutMs = 120_000;

export interface TypeCheck {
  readonly packageFolder: string;
  readonly cacheDirectory: string | undefined;
  /** What errors are wanted of: the config, its fragments, the plugins it uses. */
  readonly files: readonly string[];
  /** Every other plugin that a config may name: without them their names would be unknown. */
  readonly declaring: readonly string[];
}

export interface TypeCheckResult {
  /** The version of TypeScript. */
  readonly version: string;
  /** Each as `configs/x_cfg.ts:9: message (TS2353)`. */
  readonly errors: readonly string[];
}

/** Undefined where there is no TypeScript. @throws Configuration when tsc itself does not work. */
export function checkTypes(check: TypeCheck): TypeCheckResult | undefined {
  const typescript = findTypeScript([check.packageFolder, packageRoot]);
  if (!typescript) return undefined;
  const folder = check.cacheDirectory ?? tmpdir();
  mkdirSync(folder, { recursive: true });
  const project = join(folder, `check-${process.pid}.json`);
  writeFileSync(project, JSON.stringify(projectFor(check)));
  try {
    const { stdout, stderr, status, error } = spawnSync(
      process.execPath,
      [typescript.tsc, "-p", project, "--pretty", "false"],
      { encoding: "utf8", timeout: timeoutMs, maxBuffer: 1 << 26 },
    );
    const { located, general } = parse(stdout);
    if (error || general.length > 0 || (status !== 0 && located.length === 0)) {
      const why = [...general, error?.message ?? "", stderr].filter((line) => line !== "").join("\n");
      throw new Exception(
        "Configuration",
        `TypeScript ${typescript.version} could not check the types: ${why || `tsc ended with code ${status}`}`,
      );
    }
    const wanted = new Set(check.files);
    return {
      version: typescript.version,
      errors: located.filter(({ file }) => wanted.has(file)).map(({ text }) => text),
    };
  } finally {
    rmSync(project, { force: true });
  }
}

function findTypeScript(folders: readonly string[]): { tsc: string; version: string } | undefined {
  for (const folder of folders) {
    try {
      const path = createRequire(join(folder, "package.json")).resolve("typescript/package.json");
      const { version, bin } = JSON.parse(readFileSync(path, "utf8")) as {
        version: string;
        bin: { tsc: string };
      };
      return { tsc: join(dirname(path), bin.tsc), version };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") throw error;
    }
  }
  return undefined;
}

/** The package's own tsconfig.json with other files; without one, what cmsrun is compiled with. */
function projectFor({ packageFolder, files, declaring }: TypeCheck): object {
  const base = join(packageFolder, "tsconfig.json");
  const typeRoots = [packageFolder, packageRoot]
    .map((root) => join(root, "node_modules", "@types"))
    .filter(existsSync);
  const isNodeTyped = typeRoots.some((root) => existsSync(join(root, "node")));
  const defaults = {
    target: "ES2022",
    module: "nodenext",
    moduleResolution: "nodenext",
    strict: true,
    experimentalDecorators: true,
    skipLibCheck: true,
    types: isNodeTyped ? ["node"] : [],
  };
  const always = {
    noEmit: true,
    composite: false,
    incremental: false,
    declaration: false,
    declarationMap: false,
    rootDir: "/",
    typeRoots,
  };
  // In cmsrun's own checkout #framework is the source; elsewhere both its names are the built declarations, plugins included.
  const isOwnSource = packageFolder === packageRoot && existsSync(join(packageRoot, "framework", "index.ts"));
  const types = [join(packageRoot, "dist", "types", "index.d.ts")];
  const paths = isOwnSource ? {} : { paths: { "#framework": types, cmsrun: types } };
  const typed = [...files, ...declaring].filter((file) => /\.m?ts$/.test(file));
  return {
    ...(existsSync(base) && { extends: base }),
    compilerOptions: { ...(!existsSync(base) && defaults), ...always, ...paths },
    files: [...new Set([...typed, ...(isOwnSource ? [] : types)])],
    include: [],
    references: [],
  };
}

/** tsc prints `path(line,column): error TS2353: message`, further lines indented. */
function parse(output: string): { located: { file: string; text: string }[]; general: string[] } {
  const located: { file: string; text: string }[] = [];
  const general: string[] = [];
  for (const line of output.split("\n")) {
    const at = /^(.+)\((\d+),\d+\): error (TS\d+): (.*)$/.exec(line);
    const last = located.at(-1);
    if (at) {
      const [, path = "", number = "1", code = "", message = ""] = at;
      const file = resolve(path);
      located.push({ file, text: `${formatPlace({ file, line: Number(number) })}: ${message} (${code})` });
    } else if (/^error TS\d+: /.test(line)) general.push(line.replace(/^error /, ""));
    else if (line.startsWith("  ") && last) last.text += `\n${line}`;
  }
  return { located, general };
}
