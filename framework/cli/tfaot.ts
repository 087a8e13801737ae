/** `tfaot profile MODEL`: which batch sizes to compile a model for, and by which rules to run it. */
import { extname } from "node:path";
import { writeFileSync } from "node:fs";
import { compileGraph } from "../aot/compile.js";
import { compilerVersion } from "../aot/targets.js";
import { loadUnit } from "../aot/loadUnit.js";
import {
  type BatchDistribution,
  distributionOf,
  evenDistribution,
  parseDistribution,
} from "../aot/tfaot/profile/distribution.js";
import { eventSizes } from "../aot/tfaot/profile/eventSizes.js";
import { openProfiled } from "../aot/tfaot/profile/openProfiled.js";
import { profileJson } from "../aot/tfaot/profile/profileJson.js";
import { profileModel } from "../aot/tfaot/profile/profileModel.js";
import { profileHtml, profileSvg } from "../aot/tfaot/profile/profilePlot.js";
import { profileText } from "../aot/tfaot/profile/profileText.js";
import type { TargetName } from "../aot/Unit.js";
import { Exception } from "../base/errors.js";
import { print } from "./compareOutput.js";
import { runTool } from "./runTool.js";
import { refuseTwice, targetOf, toolArguments, withUsage, wrongArguments } from "./toolArguments.js";

const name = "tfaot";
const leastRounds = 7;

interface Arguments {
  readonly model: string;
  readonly batchSizes: readonly number[] | undefined;
  readonly target: TargetName | undefined;
  readonly events: string | undefined;
  readonly sizeOf: string | undefined;
  readonly distribution: string | undefined;
  readonly rounds: number;
  readonly json: boolean;
  readonly plot: string | undefined;
}

const usage = `$0 profile MODEL [options]

Measures a model at each compiled batch size. From that, and from how often each batch size comes in your
events, it finds the sizes worth compiling and the cheapest batch rules, ready to be pasted.

MODEL is the directory of a SavedModel, an aot_config.yaml, or a directory that cms_tfaot_compile has written.
The events are a NanoAOD file (--size-of Jet, or a branch: nJet, Jet_pt) or an event file of cmsrun
(--size-of PRODUCT/label); or give the distribution itself. Without either all batch sizes count alike.`;

process.exitCode = await runTool(async () => {
  const given = await parse(process.argv.slice(2));
  if (given) await profile(given);
  return 0;
});

async function profile(given: Arguments): Promise<void> {
  const warn = (line: string) => process.stderr.write(`WARNING: ${line}\n`);
  const known = await distributionIn(given);
  const model = openProfiled(given.model, given, { compileGraph, loadUnit, compilerVersion, warn });
  const distribution = known ?? evenDistribution(Math.max(...model.descriptor.batchSizes));
  const result = profileModel(model, distribution, given.rounds);
  if (given.plot !== undefined)
    write(given.plot, extname(given.plot) === ".svg" ? profileSvg(result) : profileHtml(result));
  await print(given.json ? `${JSON.stringify(profileJson(result))}\n` : profileText(result));
}

async function distributionIn({
  events,
  sizeOf,
  distribution,
}: Arguments): Promise<BatchDistribution | undefined> {
  if (events !== undefined && sizeOf !== undefined)
    return distributionOf(await eventSizes(events, sizeOf), `${sizeOf} in ${events}`);
  return distribution === undefined ? undefined : parseDistribution(distribution);
}

/** Gives undefined when help or the version was asked for, and printed. */
async function parse(argv: readonly string[]): Promise<Arguments | undefined> {
  const text = (describe: string) => ({ type: "string", requiresArg: true, describe }) as const;
  const parsed = await toolArguments(name, argv, (parser) =>
    withUsage(parser, usage)
      .option("batch-sizes", text("sizes to measure; else those of the config or tool, or 1,2,4,8,16,32"))
      .option("events", text("event file that shows how often each batch size comes"))
      .option("size-of", text("whose number of elements is the batch size of an event"))
      .option("distribution", text("SIZE:WEIGHT,… in place of a file, such as 1:10,2:30,5:7"))
      .option("target", text("wasm (the default) or native"))
      .option("rounds", {
        type: "number",
        requiresArg: true,
        default: 9,
        describe: `rounds of which the median counts, ${leastRounds} at least`,
      })
      .option("plot", text("write a plot, .svg or .html"))
      .option("json", { type: "boolean", default: false, describe: "print one line of JSON" })
      .example("$0 profile MODEL --events nano.root --size-of Jet", "from events")
      .example("$0 profile MODEL --distribution 1:10,2:30,5:7", "from numbers"),
  );
  if (!parsed) return undefined;
  const [command, model, ...rest] = parsed._.map(String);
  if (command !== "profile")
    throw wrongArguments(name, `it takes the command 'profile', not '${command ?? ""}'.`);
  if (model === undefined || rest.length > 0)
    throw wrongArguments(name, `profile takes one model, not ${parsed._.length - 1}.`);
  const { events, distribution, target, rounds, json, plot, batchSizes, sizeOf } = parsed;
  refuseTwice(name, parsed, ["events", "size-of", "distribution", "target", "rounds", "plot", "batch-sizes"]);
  if ((events === undefined) !== (sizeOf === undefined))
    throw wrongArguments(name, "--events and --size-of are given together.");
  if (events !== undefined && distribution !== undefined)
    throw wrongArguments(name, "it takes either --events or --distribution.");
  if (!Number.isInteger(rounds) || rounds < leastRounds)
    throw wrongArguments(name, `--rounds takes a whole number from ${leastRounds} on.`);
  if (plot !== undefined && ![".svg", ".html"].includes(extname(plot)))
    throw wrongArguments(name, `--plot takes a name that ends in .svg or .html, not '${plot}'.`);
  const sizes = batchSizes === undefined ? undefined : sizesIn(batchSizes);
  return {
    model,
    batchSizes: sizes,
    target: target === undefined ? undefined : targetOf(name, target),
    events,
    sizeOf,
    distribution,
    rounds,
    json,
    plot,
  };
}

function sizesIn(text: string): number[] {
  const sizes = text.split(",").map((entry) => (/^\s*\d+\s*$/.test(entry) ? Number(entry) : 0));
  if (sizes.every((size) => size >= 1) && new Set(sizes).size === sizes.length)
    return sizes.sort((a, b) => a - b);
  throw wrongArguments(name, `--batch-sizes takes different whole numbers from 1 on, not '${text}'.`);
}

function write(path: string, contents: string): void {
  try {
    writeFileSync(path, contents);
  } catch (error) {
    throw new Exception("FileWriteError", `the plot cannot be written: ${(error as Error).message}.`);
  }
}
