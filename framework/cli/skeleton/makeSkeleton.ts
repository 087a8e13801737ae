/** What mkedprod, mkedfltr and mkedanlzr share: a plugin, its config and its test in the current package, ready to run. */
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { Exception } from "../../base/errors.js";
import { skippedFolders } from "../../modules/PluginManager.js";
import { currentPackage } from "../currentPackage.js";
import { runTool } from "../runTool.js";
import {
  type Concurrency,
  concurrencies,
  type ModuleKind,
  skeletonConfig,
  skeletonPlugin,
  skeletonTest,
} from "./skeletonFiles.js";
import { skeletonNames } from "./skeletonNames.js";
import { missingInstalls, packageFiles, type WrittenFile } from "./skeletonPackage.js";
import { toolArguments, wrongArguments } from "../toolArguments.js";

const usage = (kind: ModuleKind) => `$0 NAME [options]

Writes an ${kind} into the package around the working directory:
plugins/NAME/NAME.ts     the plugin, on jets, to be changed into yours
configs/<name>_cfg.ts    a config that runs it on a sample of real events
test/NAME.test.ts        a test of both
and, where there is none, the package.json and tsconfig.json they need. What
is written compiles, passes its test and runs as it is.

Kinds of module:
stream   one instance a stream, each with one event at a time: members need
no locks. The one to choose when in doubt.
global   stateless; all streams call it at once.
one      one instance on the main thread. An analyzer sees all events in input
order; a producer or filter makes the whole job run on one thread.
limited  as global, with at most concurrencyLimit events inside at once.`;

/** Gives the exit code. */
export function makeSkeleton(tool: string, kind: ModuleKind, argv: readonly string[]): Promise<number> {
  return runTool(async () => {
    const given = await parse(tool, kind, argv);
    if (given) write(tool, kind, given);
    return 0;
  });
}

interface Arguments {
  readonly name: string;
  readonly kind: Concurrency;
  readonly subsystem: string | undefined;
  readonly force: boolean;
}

async function parse(
  tool: string,
  moduleKind: ModuleKind,
  argv: readonly string[],
): Promise<Arguments | undefined> {
  const example = { EDProducer: "MyJetProducer", EDFilter: "MyJetFilter", EDAnalyzer: "MyJetAnalyzer" }[
    moduleKind
  ];
  const given = await toolArguments(tool, argv, (parser) =>
    parser
      .usage(usage(moduleKind))
      .option("kind", {
        choices: concurrencies,
        default: moduleKind === "EDAnalyzer" ? ("one" as const) : ("stream" as const),
        describe: "how the module runs",
      })
      .option("subsystem", {
        type: "string",
        requiresArg: true,
        describe: "folder below plugins/ [default: NAME]",
      })
      .option("force", {
        type: "boolean",
        default: false,
        describe: "replace the plugin, config and test that are there",
      })
      .example(`$0 ${example}`, "")
      .example(`$0 ${example} --kind global --subsystem Jets`, ""),
  );
  if (!given) return undefined;
  const [name, ...rest] = given._.map(String);
  if (name === undefined || rest.length > 0)
    throw wrongArguments(tool, `it takes one NAME, not ${given._.length}; for example: ${tool} ${example}`);
  const { kind, subsystem, force } = given;
  return { name, kind, subsystem, force };
}

function write(
  tool: string,
  kind: ModuleKind,
  { name, kind: concurrency, subsystem = name, force }: Arguments,
): void {
  const { root, hasPackageJson, isCmsrun } = currentPackage();
  const plugin = `plugins/${subsystem}/${name}.ts`;
  const names = skeletonNames(tool, name, join(root, "plugins"), join(root, plugin));
  const folders = subsystem.split("/");
  if (!folders.every((folder) => /^[A-Za-z]\w*$/.test(folder) && !skippedFolders.has(folder))) {
    throw wrongArguments(
      tool,
      `--subsystem is a folder below plugins/, such as Jets; '${subsystem}' is not, or is not searched for plugins.`,
    );
  }
  const skeleton = {
    ...names,
    kind,
    concurrency,
    framework: isCmsrun ? "#framework" : "cmsrun",
    testing: isCmsrun ? "#testing" : "cmsrun/testing",
  };
  const config = `configs/${names.snake}_cfg.ts`;
  const test = `${isCmsrun ? "test/unit/plugins" : "test"}/${name}.test.ts`;
  const files: WrittenFile[] = [
    { path: plugin, text: skeletonPlugin(skeleton) },
    { path: config, text: skeletonConfig(skeleton) },
    {
      path: test,
      text: skeletonTest(skeleton, relative(dirname(test), plugin).replace(/\.ts$/, ".js"), config),
    },
  ];
  const present = files.filter(({ path }) => existsSync(join(root, path))).map(({ path }) => path);
  if (present.length > 0 && !force) {
    throw new Exception(
      "CommandLineProcessing",
      `${tool}: ${present.join(", ")} exist${present.length === 1 ? "s" : ""} already in ${root}; choose another NAME, or replace with --force.`,
    );
  }
  if (!isCmsrun) files.push(...packageFiles(root));
  writeAll(root, files);
  process.stdout.write(
    summary(root, files, hasPackageJson ? "" : "new ", [
      ...(isCmsrun ? [] : missingInstalls(root)),
      `npx cmsrun ${config}`,
      `npx vitest run ${test}`,
      "npx tsc --noEmit",
    ]),
  );
}

/** All files or none. @throws FileWriteError. */
function writeAll(root: string, files: readonly WrittenFile[]): void {
  const unfinished = files.map(({ path }) => join(root, `${path}.${process.pid}.partial`));
  try {
    for (const [index, { path, text }] of files.entries()) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(unfinished[index] as string, text);
    }
    for (const [index, { path }] of files.entries())
      renameSync(unfinished[index] as string, join(root, path));
  } catch (error) {
    for (const path of unfinished) rmSync(path, { force: true });
    throw new Exception("FileWriteError", `cannot write into ${root}: ${(error as Error).message}`);
  }
}

function summary(
  root: string,
  files: readonly WrittenFile[],
  isNew: string,
  commands: readonly string[],
): string {
  const list = (lines: readonly string[]) => lines.map((line) => `  ${line}\n`).join("");
  const cd = root === process.cwd() ? [] : [`cd ${root}`];
  return `Wrote into the ${isNew}package ${root}:\n${list(files.map(({ path }) => path))}Next:\n${list([...cd, ...commands])}`;
}
