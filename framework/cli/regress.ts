/** `npm run regress`: runs every recorded config again, with 1 and 2 threads, and compares with its reference. */
import { mkdtempSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { suggestion } from "../base/didYouMean.js";
import { print } from "./compareOutput.js";
import { currentPackage } from "./currentPackage.js";
import { configName, listReferences, referencesFolder } from "./referenceFolder.js";
import { runConfig } from "./regressConfig.js";
import { runOrder } from "./regressJob.js";
import { type ConfigResult, details, isSame, type Row, tableHead, tableRow } from "./regressTable.js";
import { runTool } from "./runTool.js";
import { toolArguments, withUsage, wrongArguments } from "./toolArguments.js";

const name = "npm run regress --";
const usage = `$0 [NAME…] [options]

Runs every config that has a reference under data/references again, with 1 and 2 threads, and compares what
it writes with the reference: event by event, product by product, field by field, within the tolerances that
stand in its reference.json. NAME selects references, by the name of the config.

The exit code is 0 when all are the same and no file depends on the number of threads, 1 when not.
To make a reference, or to accept a change: cmsrun --record CONFIG`;

interface Arguments {
  readonly names: readonly string[];
  readonly threads: readonly number[];
  readonly timeoutSeconds: number;
  readonly json: boolean;
}

const [first, order] = process.argv.slice(2);
if (first === "--job" && order !== undefined) process.exit((await runOrder(order)) & 0xff);
// An exit handler removes what a run has written so far.
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => process.exit(128 + constants.signals[signal]));
process.exitCode = await runTool(async () => {
  const given = await parse(process.argv.slice(2));
  return given && regress(given);
});

/** Gives undefined when help or the version was asked for, and printed. */
async function parse(argv: readonly string[]): Promise<Arguments | undefined> {
  const parsed = await toolArguments(name, argv, (parser) =>
    withUsage(parser, usage)
      .option("threads", {
        type: "array",
        number: true,
        default: [1, 2],
        requiresArg: true,
        describe: "numbers of threads to run with",
      })
      .option("timeout", {
        type: "number",
        default: 600,
        requiresArg: true,
        describe: "time limit of one run [s]",
      })
      .option("json", {
        type: "boolean",
        default: false,
        describe: "print one JSON object a run, a line each",
      })
      .example("$0", "all of them")
      .example("$0 my_plugin_cfg --threads 1 2 4", "one config, with 4 threads too"),
  );
  if (!parsed) return undefined;
  const { threads, timeout, json } = parsed;
  if (!threads.every((count) => Number.isInteger(count) && count > 0))
    throw wrongArguments(name, "--threads takes whole numbers from 1 on.");
  if (!(timeout > 0)) throw wrongArguments(name, "--timeout takes a number of seconds above 0.");
  return { names: parsed._.map(String), threads, timeoutSeconds: timeout, json };
}

async function regress({ names, threads, timeoutSeconds, json }: Arguments): Promise<number> {
  const packageFolder = currentPackage().root;
  process.chdir(packageFolder);
  const selected = select(listReferences(packageFolder), names, packageFolder);
  const nameWidth = Math.max("config".length, ...selected.map((name) => name.length));
  if (!json) await print(tableHead(nameWidth));
  const temporary = mkdtempSync(join(tmpdir(), "cmsrun-regress-"));
  const remove = () => rmSync(temporary, { recursive: true, force: true });
  process.once("exit", remove);
  const results: ConfigResult[] = [];
  for (const name of selected) {
    const ended = async (row: Row) => (json ? undefined : await print(tableRow(row, nameWidth)));
    const result = await runConfig({ name, packageFolder, threads, timeoutSeconds, temporary, ended });
    if (json) await print(jsonLines(result));
    results.push(result);
  }
  const text = results
    .map(details)
    .filter((part) => part !== "")
    .join("\n");
  if (!json && text !== "") await print(`\n${text}`);
  return results.every(isSame) ? 0 : 1;
}

function select(
  known: readonly string[],
  names: readonly string[],
  packageFolder: string,
): readonly string[] {
  if (known.length === 0) {
    throw wrongArguments(
      name,
      `there is no reference in ${referencesFolder(packageFolder)}; make one: cmsrun --record CONFIG`,
    );
  }
  const wanted = names.map(configName);
  const unknown = wanted.find((each) => !known.includes(each));
  if (unknown !== undefined)
    throw wrongArguments(name, `there is no reference '${unknown}'${suggestion(unknown, known)}`);
  return names.length === 0 ? known : known.filter((name) => wanted.includes(name));
}

function jsonLines({ runs, sameBytes, changes }: ConfigResult): string {
  return runs
    .map(({ row }) => `${JSON.stringify({ ...row, sameBytes: sameBytes ?? null, changes })}\n`)
    .join("");
}
