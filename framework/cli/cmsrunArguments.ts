/** cmsrun's own options. What follows the config belongs to the config, untouched. */
import { Exception, exitCodes } from "../base/errors.js";

export interface CommandLine {
  readonly config?: string;
  /** The configuration itself, in place of a file. */
  readonly command?: string;
  readonly configArguments: readonly string[];
  readonly threads?: number;
  readonly streams?: number;
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

/** yargs is loaded only when there are options: it costs a tenth of an empty job's start-up. */
export async function commandLine(argv: readonly string[]): Promise<CommandLine | CommandLineError> {
  const [first] = argv;
  if (first === undefined) return problem("cmsrun: No configuration file given.", "ConfigFileNotFound");
  if (!first.startsWith("-")) return { config: first, configArguments: argv.slice(1) };
  return parse(argv);
}

async function parse(argv: readonly string[]): Promise<CommandLine | CommandLineError> {
  const { default: yargs } = await import("yargs");
  let failure: string | undefined;
  const parser = yargs([...argv])
    .scriptName("cmsrun")
    .usage("$0 [options] config [config arguments]\n\nRuns the job that a config describes; the exit code is 0 when every event was processed.")
    .parserConfiguration({ "halt-at-non-option": true, "camel-case-expansion": false, "populate--": true })
    .option("numThreads", { alias: "n", type: "number", describe: "threads; 0 = all CPUs (overrides options.numberOfThreads)" })
    .option("streams", { type: "number", describe: "events in flight; 0 = as threads (overrides options.numberOfStreams)" })
    .option("command", { alias: "c", type: "string", describe: "configuration given as a string, in place of a file" })
    .option("check", { type: "boolean", describe: "type-check the config and validate every parameter; run no event" })
    .option("record", { type: "boolean", describe: "run the config and keep its output as reference under data/references" })
    .option("explain", { type: "number", describe: "tell what an exit code means: 8001, or 65 as the shell shows it" })
    .example("$0 configs/my_plugin_cfg.ts maxEvents=10", "the config reads maxEvents with VarParsing")
    .example("$0 -n 2 configs/my_plugin_cfg.ts", "the same job on two threads")
    .example("$0 configs/my_plugin_cfg.ts help", "the options of a config")
    .help("help")
    .alias("help", "h")
    .strictOptions()
    .exitProcess(false)
    .fail((message, error) => {
      failure = message ?? error?.message;
    });
  const parsed = await parser.parseAsync();
  if (argv.includes("--help") || argv.includes("-h") || argv.includes("--version")) {
    if (failure === undefined && isOwnOption(argv, ["--help", "-h", "--version"], parsed._.map(String))) process.exit(0);
  }
  if (failure !== undefined) return problem(`cmsrun: Error while trying to process command line arguments:\n${failure}`);
  const rest = [...parsed._.map(String), ...((parsed["--"] as string[] | undefined) ?? [])];
  const [config, ...configArguments] = rest;
  for (const name of ["numThreads", "streams", "explain"] as const) {
    const value = parsed[name];
    if (value !== undefined && (!Number.isInteger(value) || value < 0)) return problem(`cmsrun: --${name} takes a whole number, not '${value}'.`);
  }
  const { command, explain } = parsed;
  if (command !== undefined && config !== undefined) return problem("cmsrun: cannot use '-c [command line input]' with 'config_file'");
  if (command === undefined && config === undefined && explain === undefined) {
    return problem("cmsrun: No configuration file given.", "ConfigFileNotFound");
  }
  return {
    configArguments,
    ...(config !== undefined && { config }),
    ...(command !== undefined && { command }),
    ...(parsed.numThreads !== undefined && { threads: parsed.numThreads }),
    ...(parsed.streams !== undefined && { streams: parsed.streams }),
    ...(explain !== undefined && { explain }),
    check: parsed.check ?? false,
    record: parsed.record ?? false,
  };
}

/** Whether one of `names` stands before the config. */
function isOwnOption(argv: readonly string[], names: readonly string[], positional: readonly string[]): boolean {
  const end = positional[0] === undefined ? argv.length : argv.indexOf(positional[0]);
  return argv.slice(0, end).some((argument) => names.includes(argument));
}

/** `--explain CODE`: the names behind a code, in full or as the shell shows it. */
export function explainExitCode(code: number): string {
  const matches = Object.entries(exitCodes).filter(([, full]) => full === code || (code < 256 && (full & 0xff) === code));
  if (matches.length === 0) return `${code}: no exit code of cmsrun.\n`;
  return matches.map(([name, full]) => `${full} (shell ${full & 0xff}): ${name}\n`).join("");
}
