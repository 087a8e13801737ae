/** cmsrun's own options. What follows the config belongs to the config, untouched. */
import { delimiter } from "node:path";
import { Exception, exitCodes } from "../base/errors.js";
import { type EngineTarget, engineTargets } from "../tensorflow/Options.js";
import { release } from "./environment.js";

export interface CommandLine {
  readonly config?: string;
  /** The configuration itself, in place of a file. */
  readonly command?: string;
  readonly configArguments: readonly string[];
  readonly threads?: number;
  readonly streams?: number;
  readonly engine?: string;
  readonly engineTarget?: EngineTarget;
  readonly check?: boolean;
  readonly record?: boolean;
  readonly explain?: number;
}

/** A wrong command line, for runJob to report. */
export class CommandLineError {
  constructor(
    readonly exception: Exception,
    readonly configArguments: readonly string[] = [],
  ) {}
}

const help = "For more information about command line options, type: cmsrun --help";

function problem(text: string, category = "CommandLineProcessing"): CommandLineError {
  return new CommandLineError(new Exception(category, `${text}\n${help}`));
}

const epilogue = `A plugin is a file named as its class, looked for with subdirectories in this order:
1. the directories of CMSRUN_PLUGIN_PATH
2. plugins/ of the package around the config
3. plugins/ beside the config
4. plugins/ of the working directory
5. the plugins shipped with cmsrun
A cms.FileInPath and a fragment of process.load, relative paths, are looked for in:
1. the package around the config
2. the working directory
3. the directories of CMSRUN_SEARCH_PATH
4. cmsrun's own package
Both variables list directories with ${delimiter} between them.
A model of the model store (edmModels list) is named "model:NAME:VERSION" in place of its path; the store is
CMSRUN_MODEL_STORE, otherwise ~/.cmsrun/models.`;

/** yargs is loaded only when there are options: it costs a tenth of an empty job's start-up. */
export async function commandLine(argv: readonly string[]): Promise<CommandLine | CommandLineError> {
  const { own, rest } = split(argv);
  const [config, ...configArguments] = rest;
  if (own.length > 0) return parse(own, config, configArguments);
  return config === undefined ? noConfig() : { config, configArguments };
}

const noConfig = () => problem("cmsrun: No configuration file given.", "ConfigFileNotFound");

/** Options that take the next argument as their value. */
const valued = [
  "-n",
  "--numThreads",
  "--streams",
  "--engine",
  "--engineTarget",
  "-c",
  "--command",
  "--explain",
];

/** The first argument that is neither an option nor an option's value, or that follows `--`, is the config. */
function split(argv: readonly string[]): { own: readonly string[]; rest: readonly string[] } {
  let end = 0;
  while (argv[end]?.startsWith("-")) {
    if (argv[end] === "--") return { own: argv.slice(0, end), rest: argv.slice(end + 1) };
    end += valued.includes(argv[end] as string) ? 2 : 1;
  }
  return { own: argv.slice(0, end), rest: argv.slice(end) };
}

async function parse(
  own: readonly string[],
  config: string | undefined,
  configArguments: readonly string[],
): Promise<CommandLine | CommandLineError> {
  const { default: yargs } = await import("yargs");
  let failure: string | undefined;
  const parser = yargs([...own])
    .scriptName("cmsrun")
    .usage(
      "$0 [options] config [config arguments]\n\nRuns the job that a config describes; the exit code is 0 when every event was processed.",
    )
    .parserConfiguration({ "camel-case-expansion": false, "boolean-negation": false })
    .option("numThreads", {
      alias: "n",
      type: "number",
      requiresArg: true,
      describe: "threads; 0 = all CPUs (overrides options.numberOfThreads)",
    })
    .option("streams", {
      type: "number",
      requiresArg: true,
      describe: "events in flight; 0 = as threads (overrides options.numberOfStreams)",
    })
    .option("engine", {
      type: "string",
      requiresArg: true,
      describe: "inference engine: auto, compiled, reference, tensorflow (overrides options.inferenceEngine)",
    })
    .option("engineTarget", {
      choices: engineTargets,
      requiresArg: true,
      describe: "what the compiled engine makes; auto = native where there is a C compiler",
    })
    .option("command", {
      alias: "c",
      type: "string",
      requiresArg: true,
      describe: "configuration given as a string, in place of a file",
    })
    .option("check", {
      type: "boolean",
      describe: "type-check the config and validate every parameter; run no event",
    })
    .option("record", {
      type: "boolean",
      describe: "run the config and keep its output as reference under data/references",
    })
    .option("explain", {
      type: "number",
      requiresArg: true,
      describe: "tell what an exit code means: 8001, or 65 as the shell shows it",
    })
    .example("$0 configs/my_plugin_cfg.ts maxEvents=10", "the config reads maxEvents with VarParsing")
    .example("$0 -n 2 configs/my_plugin_cfg.ts", "the same job on two threads")
    .example("$0 configs/my_plugin_cfg.ts help", "the options of a config")
    .epilogue(epilogue)
    .help("help")
    .alias("help", "h")
    .version(await release())
    .strictOptions()
    .exitProcess(false)
    .fail((message, error) => {
      failure ??= message ?? error?.message;
    });
  const parsed = await parser.parseAsync();
  if (failure !== undefined)
    return problem(`cmsrun: Error while trying to process command line arguments:\n${failure}`);
  if (parsed.help || parsed.version) process.exit(0);
  for (const name of ["numThreads", "streams", "engine", "engineTarget", "explain", "command"] as const) {
    if (Array.isArray(parsed[name])) return problem(`cmsrun: --${name} is given more than once`);
  }
  for (const name of ["numThreads", "streams", "explain"] as const) {
    const value = parsed[name];
    if (value !== undefined && (!Number.isInteger(value) || value < 0))
      return problem(`cmsrun: --${name} takes a whole number, not '${value}'.`);
  }
  const { command, explain, numThreads: threads, streams, engine, engineTarget } = parsed;
  if (command !== undefined && config !== undefined)
    return problem("cmsrun: cannot use '-c [command line input]' with 'config_file'");
  if (command === undefined && config === undefined && explain === undefined) return noConfig();
  return {
    configArguments,
    ...(config !== undefined && { config }),
    ...(command !== undefined && { command }),
    ...(threads !== undefined && { threads }),
    ...(streams !== undefined && { streams }),
    ...(engine !== undefined && { engine }),
    ...(engineTarget !== undefined && { engineTarget }),
    ...(explain !== undefined && { explain }),
    check: parsed.check ?? false,
    record: parsed.record ?? false,
  };
}

/** `--explain CODE`: the names behind a code, in full or as the shell shows it. */
export function explainExitCode(code: number): string {
  const matches = Object.entries(exitCodes).filter(
    ([, full]) => full === code || (code < 256 && (full & 0xff) === code),
  );
  if (matches.length === 0) return `${code}: no exit code of cmsrun.\n`;
  return matches.map(([name, full]) => `${full} (shell ${full & 0xff}): ${name}\n`).join("");
}
