/** `edmCompare A.edm B.edm`: what differs between two event files; exits 0 when nothing does, 1 when something does. */
import { branchName } from "../data/BranchDescription.js";
import { compareEventFiles, type ComparisonResult } from "../io/compareEventFiles.js";
import { EventFileReader } from "../io/EventFileReader.js";
import { formatComparison } from "../io/formatComparison.js";
import { comparisonJson } from "./compareJson.js";
import { print } from "./compareOutput.js";
import { runTool } from "./runTool.js";
import { toolArguments, withUsage, wrongArguments } from "./toolArguments.js";

const name = "edmCompare";

interface Arguments {
  readonly files: readonly [a: string, b: string];
  readonly rtol: number;
  readonly atol: number;
  readonly products: readonly string[] | undefined;
  readonly json: boolean;
}

const usage = `$0 A.edm B.edm [options]

Compares two event files event by event (matched by run:lumi:event), product by product, field by field.
One line a field: how many values differ, by how much at most, and the first that does. Its status is
  - exact: every value is the same
  - close: some differ, none by more than the tolerance
  - different: some differ by more, or one file lacks the event, the product or the value

The exit code is 0 when nothing is different, 1 when something is, cmsrun's own when a file cannot be read.`;

process.exitCode = await runTool(async () => {
  const given = await parse(process.argv.slice(2));
  if (!given) return 0;
  const { files, json } = given;
  const result = compare(given);
  await print(json ? `${JSON.stringify(comparisonJson(...files, result))}\n` : formatComparison(result));
  return result.same ? 0 : 1;
});

/** Gives undefined when help or the version was asked for, and printed. */
async function parse(argv: readonly string[]): Promise<Arguments | undefined> {
  const parsed = await toolArguments(name, argv, (parser) =>
    withUsage(parser, usage)
      .option("rtol", {
        type: "number",
        default: 0,
        requiresArg: true,
        describe: "relative tolerance of float and double fields",
      })
      .option("atol", {
        type: "number",
        default: 0,
        requiresArg: true,
        describe: "absolute tolerance of them, in each field's unit",
      })
      .option("products", {
        type: "array",
        string: true,
        requiresArg: true,
        describe: "only these branches; * stands for any text, ? for any letter",
      })
      .option("json", { type: "boolean", default: false, describe: "print one JSON document" })
      .example("$0 before.edm after.edm", "every value must be the same")
      .example("$0 before.edm after.edm --rtol 1e-5", "floats may differ by 1e-5 of their size")
      .example("$0 before.edm after.edm --products 'JetScores_*'", "only the products of type JetScores")
      .example("$0 before.edm after.edm --json | jq .same", "for programs"),
  );
  if (!parsed) return undefined;
  const [a, b, ...rest] = parsed._.map(String);
  if (a === undefined || b === undefined || rest.length > 0)
    throw wrongArguments(name, `it takes two event files, not ${parsed._.length}.`);
  const { rtol, atol, products, json } = parsed;
  for (const [option, value] of Object.entries({ rtol, atol })) {
    if (!(value >= 0)) throw wrongArguments(name, `--${option} takes one number from 0 on.`);
  }
  return { files: [a, b], rtol, atol, products, json };
}

function compare({ files, rtol, atol, products }: Arguments): ComparisonResult {
  const readers: EventFileReader[] = [];
  try {
    for (const path of files) readers.push(new EventFileReader(path));
    const [a, b] = readers as [EventFileReader, EventFileReader];
    const result = compareEventFiles(a, b, { rtol, atol, ...(products && { products }) });
    const selected = result.products.length + result.productsOnlyInA.length + result.productsOnlyInB.length;
    if (products && selected === 0) throw nothingSelected(products, readers);
    return result;
  } finally {
    for (const reader of readers) reader.close();
  }
}

function nothingSelected(products: readonly string[], readers: readonly EventFileReader[]): Error {
  const names = readers.flatMap(({ header }) =>
    header.branches.map(({ description }) => branchName(description)),
  );
  const known = [...new Set(names)].sort().join(", ") || "no product at all";
  return wrongArguments(
    name,
    `--products ${products.join(" ")} selects no product of either file; they have ${known}.`,
  );
}
