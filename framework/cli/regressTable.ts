/** The report of regress: a row a run as soon as it has ended, then what a person does about the rest. */
import type { Exception } from "../base/errors.js";
import { formatComparison } from "../io/formatComparison.js";
import type { Reference } from "./referenceFolder.js";
import type { OutputComparison } from "./regressComparison.js";

export interface Row {
  readonly config: string;
  readonly threads: number;
  readonly events: number;
  readonly products: number;
  readonly result: "exact" | "close" | "different" | "failed";
  readonly firstDifference: string;
}

/** All runs of one config. */
export interface ConfigResult {
  readonly name: string;
  /** Undefined when the reference itself could not be read. */
  readonly reference: Reference | undefined;
  readonly runs: readonly {
    readonly row: Row;
    readonly comparisons: readonly OutputComparison[];
    readonly failure?: Exception;
  }[];
  /** Whether all runs wrote the same bytes; undefined when fewer than two ended. */
  readonly sameBytes: boolean | undefined;
  /** What the reference was recorded from and is not so any more. */
  readonly changes: readonly string[];
}

const titles = ["threads", "events", "products", "result", "first difference"] as const;
const resultWidth = "different".length;

export function tableHead(nameWidth: number): string {
  return line("config", nameWidth, titles);
}

export function tableRow(
  { config, threads, events, products, result, firstDifference }: Row,
  nameWidth: number,
): string {
  const counts = result === "failed" ? ["", ""] : [String(events), String(products)];
  return line(config, nameWidth, [String(threads), ...counts, result, firstDifference]);
}

function line(name: string, nameWidth: number, cells: readonly string[]): string {
  const [threads = "", events = "", products = "", result = "", first = ""] = cells;
  const columns = [
    name.padEnd(nameWidth),
    threads.padStart(7),
    events.padStart(9),
    products.padStart(8),
    result.padEnd(resultWidth),
    first,
  ];
  return `${columns.join("  ").trimEnd()}\n`;
}

export function isSame({ runs, sameBytes }: ConfigResult): boolean {
  return sameBytes !== false && runs.every(({ row }) => row.result === "exact" || row.result === "close");
}

/** What lies behind the rows. */
export function details(result: ConfigResult): string {
  const { name, changes, sameBytes } = result;
  const notes = changes.map((change) => `${name}: ${change} since it was recorded\n`);
  if (sameBytes === true)
    notes.push(`${name}: the files are the same bytes, whatever the number of threads\n`);
  if (sameBytes === false)
    notes.push(
      `${name}: the files DEPEND on the number of threads: some module keeps state from event to event\n`,
    );
  return notes.join("") + differences(result) + remedy(result);
}

/** Runs that differ in the same way are shown once. */
function differences({ name, runs }: ConfigResult): string {
  const shown = new Map<string, number[]>();
  for (const { row, comparisons, failure } of runs) {
    const unequal = comparisons.filter(({ result }) => !result.same);
    const text = failure
      ? failure.format("Fatal").replace(/^(----- Begin Fatal Exception) .*$/m, "$1 -----")
      : unequal.map(comparisonText).join("");
    if (text !== "") shown.set(text, [...(shown.get(text) ?? []), row.threads]);
  }
  return [...shown]
    .map(
      ([text, threads]) =>
        `\n${name} with ${threads.join(" and ")} ${threads.join() === "1" ? "thread" : "threads"}:\n${text}`,
    )
    .join("");
}

function comparisonText({ label, result }: OutputComparison): string {
  const products = result.products.filter(({ status }) => status !== "exact");
  return `output '${label}', A: the reference, B: now\n${formatComparison({ ...result, products })}`;
}

function remedy(result: ConfigResult): string {
  if (isSame(result) || !result.reference || result.runs.some(({ failure }) => failure)) return "";
  const { config, arguments: configArguments } = result.reference;
  return `\nIf this is what you meant, keep it as the new reference:\n  npx cmsrun --record ${[config, ...configArguments].map(quoted).join(" ")}\n`;
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
