/** The report of `tfaot profile` for people: tables, and what to paste into aot_config.yaml and a config. */
import type { BatchRule } from "../BatchRule.js";
import { meanBatch } from "./distribution.js";
import type { Profile } from "./profileModel.js";

type Cells = readonly string[];

export function profileText(profile: Profile): string {
  const { model, distribution, costs, choices, choice, batches, rounds, usPerEvent } = profile;
  const { name, version } = model.descriptor;
  const calls = [...costs].map(([size, us]) => [String(size), microseconds(us), microseconds(us / size)]);
  const least = Math.min(...choices.map(({ us }) => us));
  const sets = choices.map(({ sizes, us }, i) => {
    const more = us / least - 1 < 0.0005 ? "best" : `+${percent(us / least - 1)}`;
    return [String(i + 1), sizes.join(","), microseconds(us), more, sizes === choice.sizes ? "<- these" : ""];
  });
  const rules = batches.map(({ batchSize, share, byDefault, best }) => {
    const gain = best.rule === byDefault.rule ? "" : percent(1 - best.us / byDefault.us);
    const cells = [String(batchSize), percent(share), shortRule(byDefault.rule), microseconds(byDefault.us)];
    return [...cells, shortRule(best.rule), microseconds(best.us), gain];
  });
  const gained = percent(1 - usPerEvent.best / usPerEvent.byDefault);
  return `${[
    `${[name, version].filter(Boolean).join(" ")}, target ${model.target} (${model.features}), median of ${rounds} rounds`,
    "",
    ...table(["compiled size", "µs a call", "µs a row"], calls),
    "",
    `batch sizes: ${distribution.origin}; ${meanBatch(distribution).toFixed(2)} rows an event`,
    "",
    ...table(["sizes", "which", "µs an event", "more", ""], sets, [1]),
    "",
    ...table(["batch", "events", "default rule", "µs", "best rule", "µs", "gain"], rules, [2, 4]),
    "",
    `an average event: ${microseconds(usPerEvent.best)} µs by these rules, ` +
      `${microseconds(usPerEvent.byDefault)} by default ones (${gained} less)`,
    "",
    ...settings(profile).map(([where, text]) => `${where}\n  ${text}`),
  ].join("\n")}\n`;
}

/** Where a setting belongs, and its text. */
function settings({ choice, rules }: Profile): [where: string, text: string][] {
  const strings = rules.map((rule) => JSON.stringify(ruleText(rule)));
  return [
    ["in aot_config.yaml, under compilation:", `batch_sizes: [${choice.sizes.join(", ")}]`],
    ["in the config of the job:", `batchRules: cms.vstring(${strings.join(", ")}),`],
  ];
}

/** As BatchRule reads it: "5:4,1". */
export function ruleText({ batchSize, sizes }: BatchRule): string {
  return `${batchSize}:${sizes.join(",")}`;
}

/** "7×4,1" */
function shortRule({ sizes, lastPadding }: BatchRule): string {
  const runs: [size: number, count: number][] = [];
  for (const size of sizes) {
    const last = runs.at(-1);
    if (last?.[0] === size) last[1]++;
    else runs.push([size, 1]);
  }
  const text = runs.map(([size, count]) => (count === 1 ? String(size) : `${count}×${size}`)).join(",");
  return lastPadding === 0 ? text : `${text} (${lastPadding} padded)`;
}

function table(head: Cells, rows: readonly Cells[], leftAligned: readonly number[] = []): string[] {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]!.length), 0));
  const line = (cells: Cells) =>
    cells
      .map((cell, i) => (leftAligned.includes(i) ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join("  ")
      .trimEnd();
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)];
}

function microseconds(us: number): string {
  return us >= 100 ? us.toFixed(0) : us.toPrecision(3);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
