/** The command line of a small tool, with yargs: help and version are printed, anything wrong is one Exception. */
import type { Argv } from "yargs";
import yargs from "yargs";
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
