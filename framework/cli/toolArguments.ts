/** The command line of a small tool, with yargs: help and version are printed, anything wrong is one Exception. */
import type { Argv } from "yargs";
import yargs from "yargs";
import { type TargetName, targetNames } from "../aot/Unit.js";
import { suggestion } from "../base/didYouMean.js";
import { Exception } from "../base/errors.js";
import { release } from "./environment.js";

/** Gives undefined when help or the version was asked for, and printed. @throws CommandLineProcessing. */
export async function toolArguments<T>(
  name: string,
  argv: readonly string[],
  declare: (parser: Argv) => Argv<T>,
) {
  let failure: string | undefined;
  let answer = "";
  const parser = declare(yargs([]).scriptName(name))
    .version(await release())
    .help()
    .alias("help", "h")
    .strictOptions()
    .exitProcess(false)
    .fail((message, error) => {
      failure = message ?? error?.message;
    });
  const parsed = await parser.parseAsync([...argv], {}, (_error, _parsed, output) => {
    answer = output;
  });
  if (failure !== undefined) throw wrongArguments(name, failure);
  if (answer === "") return parsed;
  process.stdout.write(`${answer}\n`);
  return undefined;
}

export function wrongArguments(name: string, problem: string): Exception {
  return new Exception("CommandLineProcessing", `${name}: ${problem}\nFor its options, type: ${name} --help`);
}

const helpWidth = 110;

/** A tool whose usage is a text of some lines; its arguments are names, even where they look like numbers or follow a list. */
export function withUsage(parser: Argv, usage: string) {
  return parser
    .usage(usage)
    .wrap(helpWidth)
    .parserConfiguration({ "parse-positional-numbers": false, "greedy-arrays": false });
}

/** yargs gathers an option that is given twice in an array. @throws CommandLineProcessing naming the first of them */
export function refuseTwice<T>(name: string, parsed: T, options: readonly (keyof T & string)[]): void {
  const twice = options.find((option) => Array.isArray(parsed[option]));
  if (twice !== undefined) throw wrongArguments(name, `--${twice} is given more than once.`);
}

/** What --target asks for. @throws CommandLineProcessing */
export function targetOf(name: string, given: string): TargetName {
  const found = targetNames.find((target) => target === given);
  if (found) return found;
  throw wrongArguments(name, `unknown --target '${given}'${suggestion(given, targetNames)}`);
}
