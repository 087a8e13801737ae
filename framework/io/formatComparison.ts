/** The plain-text report of edmCompare: one line for each field, then what only one file has, then the verdict. */
import type { ComparisonResult, ProductComparison } from "./compareEventFiles.js";
import type { EventList } from "./EventMatcher.js";
import type { FieldComparison } from "./FieldComparison.js";

const heading = [
  "product / field",
  "status",
  "values",
  "different",
  "largest abs",
  "largest rel",
  "first difference",
];

/** Ends with a line break. Differences are in the unit of each field. */
export function formatComparison(result: ComparisonResult): string {
  const table = alignColumns([heading, ...result.products.flatMap(productRows)]);
  const { processHistory, productsOnlyInA, productsOnlyInB } = result;
  const lines = [
    ...(result.products.length > 0 ? [...table, ""] : []),
    `events compared: ${result.eventCount}`,
    ...eventLines("A", result.eventsOnlyInA),
    ...eventLines("B", result.eventsOnlyInB),
    ...productsOnlyInA.map((name) => `product only in A: ${name}`),
    ...productsOnlyInB.map((name) => `product only in B: ${name}`),
  ];
  if (!processHistory.same) {
    lines.push(`process history of A: ${historyText(processHistory.a)}`);
    lines.push(`process history of B: ${historyText(processHistory.b)}`);
  }
  lines.push(result.same ? "the files have the same contents" : "the files are DIFFERENT");
  return `${lines.join("\n")}\n`;
}

function productRows({
  product,
  status,
  eventCount,
  onlyInA,
  onlyInB,
  fields,
}: ProductComparison): string[][] {
  const absent = onlyInA + onlyInB > 0 ? `in ${onlyInA} events only in A, in ${onlyInB} only in B` : "";
  const head = [product, status, `${eventCount} events`, "", "", "", absent];
  return [head, ...fields.map(fieldRow)];
}

function fieldRow(field: FieldComparison): string[] {
  const { first, largestAbsolute, largestRelative } = field;
  const isUnequal = field.status !== "exact";
  const index = first && first.index !== "" ? `[${first.index}]` : "";
  return [
    `  ${field.field}`,
    field.status,
    String(field.valueCount),
    String(field.differentCount),
    isUnequal ? largestAbsolute.toPrecision(3) : "",
    isUnequal ? largestRelative.toPrecision(3) : "",
    first ? `${first.event}${index}: ${first.a} / ${first.b}` : "",
  ];
}

function alignColumns(rows: string[][]): string[] {
  const widths = heading.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

function eventLines(file: string, { count, first }: EventList): string[] {
  if (count === 0) return [];
  return [`events only in ${file}: ${count} (${first.join(", ")}${count > first.length ? ", …" : ""})`];
}

function historyText(history: ComparisonResult["processHistory"]["a"]): string {
  const entries = history.map(
    ({ name, parameterSetId, release }) => `${name} (${parameterSetId}, ${release})`,
  );
  return entries.length === 0 ? "none" : entries.join(" → ");
}
