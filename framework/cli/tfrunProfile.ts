/** `tfrun MODEL --profile`: where a model's time and memory go, as a table or as JSON. */
import type { GraphDef } from "../tensorflow/GraphDef.js";
import { showShape, type Tensor } from "../tensorflow/Tensor.js";
import { type ProfileOptions, profileModel } from "../aot/stepwise/profileModel.js";
import type { Profile, ProfileRow } from "../tensorflow/cost/Profile.js";
import { bytesText, countText, microsecondsText, unitText } from "./units.js";

/** The rest is told in one line. */
const shownRows = 40;
const widestName = 60;
/** What took less is too short for a rate. */
const leastUs = 0.05;

/** @throws as profileModel */
export function profileRun(
  model: string,
  graph: GraphDef,
  feeds: readonly [string, Tensor][],
  outputs: readonly string[],
  options: ProfileOptions,
  asJson: boolean,
): string {
  const profile = profileModel(graph, feeds, outputs, options);
  return asJson ? `${JSON.stringify(toJson(profile))}\n` : showProfile(model, profile);
}

function toJson(profile: Profile): object {
  const { rows, ...rest } = profile;
  return { ...rest, nodes: bySelfTime(rows), ops: byOp(rows) };
}

function bySelfTime(rows: readonly ProfileRow[]): ProfileRow[] {
  return [...rows].sort((a, b) => b.us - a.us);
}

interface OpSum {
  readonly op: string;
  count: number;
  us: number;
  flops: number;
}

function byOp(rows: readonly ProfileRow[]): OpSum[] {
  const sums = new Map<string, OpSum>();
  for (const { op, us, flops } of rows) {
    const sum = sums.get(op) ?? { op, count: 0, us: 0, flops: 0 };
    sum.count++;
    sum.us += us;
    sum.flops += flops;
    sums.set(op, sum);
  }
  return [...sums.values()].sort((a, b) => b.us - a.us);
}

function showProfile(model: string, profile: Profile): string {
  const { engine, runs, totalUs, rows } = profile;
  const inside = rows.reduce((sum, { us }) => sum + us, 0);
  const flops = rows.reduce((sum, row) => sum + row.flops, 0);
  const share = (us: number) => `${((100 * us) / Math.max(inside, 1e-9)).toFixed(1)}`;
  const sorted = bySelfTime(rows);
  const shown = sorted.slice(0, shownRows);
  const rest = sorted.slice(shownRows);
  const table = [
    ["µs", "%", "node", "op", "kind", "runs", "output", "bytes", "FLOP", "GFLOP/s"],
    ...shown.map((row) => [
      microsecondsText(row.us),
      share(row.us),
      shortName(row.node),
      row.op,
      row.kind,
      String(row.runs),
      row.shape ? `${row.dtype}${showShape(row.shape)}` : "",
      bytesText(row.bytes),
      countText(row.flops),
      rate(row),
    ]),
  ];
  const restUs = rest.reduce((sum, { us }) => sum + us, 0);
  return [
    `${model}: engine ${engine}, medians of ${runs} runs`,
    `${microsecondsText(totalUs)} µs a run, ${unitText(flops, "FLOP")}, ${rate({ us: totalUs, flops })} GFLOP/s; ` +
      `${microsecondsText(inside)} µs of it in ${rows.length} ${engine === "compiled" ? "kernels" : "nodes"}, when each is timed`,
    `${bytesText(profile.arenaBytes)} of working memory, ${bytesText(profile.constantBytes)} of constants`,
    ...profile.notes,
    "",
    ...columns(table, new Set([2, 3, 4, 6])),
    ...(rest.length > 0
      ? [`${microsecondsText(restUs)} µs (${share(restUs)}%) in ${rest.length} more; --json has all`]
      : []),
    "",
    ...columns(
      [
        ["µs", "%", "op", "count", "FLOP", "GFLOP/s"],
        ...byOp(rows).map((sum) => [
          microsecondsText(sum.us),
          share(sum.us),
          sum.op,
          String(sum.count),
          countText(sum.flops),
          rate(sum),
        ]),
      ],
      new Set([2]),
    ),
    "",
  ].join("\n");
}

function rate({ flops, us }: { readonly flops: number; readonly us: number }): string {
  return flops > 0 && us >= leastUs ? (flops / us / 1000).toFixed(2) : "";
}

/** The end of a long name tells more than its beginning. */
function shortName(name: string): string {
  return name.length > widestName ? `…${name.slice(1 - widestName)}` : name;
}

/** `left`: which columns are text. */
function columns(rows: readonly (readonly string[])[], left: ReadonlySet<number>): string[] {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => (row[i] ?? "").length)));
  return rows.map((row) =>
    row
      .map((cell, i) => (left.has(i) ? cell.padEnd(widths[i] as number) : cell.padStart(widths[i] as number)))
      .join("  ")
      .trimEnd(),
  );
}
