/** What a run of a recorded config gave, against its reference. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { compareEventFiles, type ComparisonResult } from "../io/compareEventFiles.js";
import { EventFileReader } from "../io/EventFileReader.js";
import type { Reference } from "./referenceFolder.js";

export interface OutputComparison {
  readonly label: string;
  /** A is the reference, B the new file. */
  readonly result: ComparisonResult;
}

/** Every recorded output that was written. @throws FileOpenError, FileReadError when a file of the reference is missing or damaged. */
export function compareOutputs(
  { outputs, tolerances }: Reference,
  referenceFolder: string,
  folder: string,
): OutputComparison[] {
  const written = Object.entries(outputs).filter(([, name]) => existsSync(join(folder, name)));
  return written.map(([label, name]) => {
    const a = new EventFileReader(join(referenceFolder, name));
    try {
      const b = new EventFileReader(join(folder, name));
      try {
        return { label, result: compareEventFiles(a, b, tolerances) };
      } finally {
        b.close();
      }
    } finally {
      a.close();
    }
  });
}

/** What is wrong when the run did not write the files that the reference has. */
export function outputDifference({ outputs }: Reference, folder: string): string | undefined {
  const missing = Object.entries(outputs).find(([, name]) => !existsSync(join(folder, name)));
  if (missing) return `output '${missing[0]}' is missing`;
  const added = readdirSync(folder).find((name) => !Object.values(outputs).includes(name));
  return added && `output file ${added} is new`;
}

export function statusOf(comparisons: readonly OutputComparison[]): "exact" | "close" | "different" {
  if (comparisons.some(({ result }) => !result.same)) return "different";
  const statuses = comparisons.flatMap(({ result }) => result.products.map(({ status }) => status));
  return statuses.includes("close") ? "close" : "exact";
}

/** One line: the reference's value first. */
export function firstDifference(comparisons: readonly OutputComparison[]): string {
  const found = comparisons
    .map(({ label, result }) => ({ label, text: differenceIn(result) }))
    .find(({ text }) => text !== undefined);
  if (!found) return "";
  return comparisons.length > 1 ? `${found.label}: ${found.text}` : (found.text ?? "");
}

function differenceIn(result: ComparisonResult): string | undefined {
  const { eventsOnlyInA, eventsOnlyInB, productsOnlyInA, productsOnlyInB, products } = result;
  if (eventsOnlyInA.count > 0)
    return `${eventsOnlyInA.count} events are missing, the first ${eventsOnlyInA.first[0]}`;
  if (eventsOnlyInB.count > 0)
    return `${eventsOnlyInB.count} events are new, the first ${eventsOnlyInB.first[0]}`;
  if (productsOnlyInA.length > 0) return `product ${productsOnlyInA[0]} is missing`;
  if (productsOnlyInB.length > 0) return `product ${productsOnlyInB[0]} is new`;
  const different = products.find(({ status }) => status === "different");
  if (!different) return undefined;
  const field = different.fields.find(({ first }) => first !== undefined);
  if (!field?.first)
    return `${different.product} is missing in ${different.onlyInA} events and new in ${different.onlyInB}`;
  const { event, index, a, b } = field.first;
  return `${different.product} ${field.field}${index === "" ? "" : `[${index}]`} of event ${event}: ${a} → ${b}`;
}
