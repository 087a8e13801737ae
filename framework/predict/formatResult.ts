/** What inferencers found, as the log shows it. */
import type { InferenceResult } from "./Inferencer.js";

/** A line a scalar, with 9 digits. */
export function formatResult(rowCount: number, { scalars }: InferenceResult): string {
  const width = Math.max(0, ...Object.keys(scalars).map((name) => name.length));
  const lines = Object.entries(scalars).map(([name, value]) => {
    return `  ${name.padEnd(width)}  ${value.toPrecision(9)}`;
  });
  return [`InferenceRunner: ${rowCount} rows`, ...lines].join("\n");
}
