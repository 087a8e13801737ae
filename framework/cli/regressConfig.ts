/** All runs of one recorded config, and what they say together. */
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { contentHash } from "../base/contentHash.js";
import { Exception } from "../base/errors.js";
import { jobEnvironment } from "./environment.js";
import { readReference, type Reference, referencesFolder } from "./referenceFolder.js";
import { changesSince } from "./referenceHashes.js";
import { compareOutputs, firstDifference, outputDifference, statusOf } from "./regressComparison.js";
import { runInChild } from "./regressJob.js";
import type { ConfigResult, Row } from "./regressTable.js";

export interface ConfigRuns {
  /** Of the reference. */
  readonly name: string;
  readonly packageFolder: string;
  /** The numbers of threads, one run each. */
  readonly threads: readonly number[];
  readonly timeoutSeconds: number;
  /** A folder for what the runs write. */
  readonly temporary: string;
  readonly ended: (row: Row) => Promise<void>;
}

export async function runConfig(given: ConfigRuns): Promise<ConfigResult> {
  const { name, packageFolder, threads, temporary, ended } = given;
  const referenceFolder = join(referencesFolder(packageFolder), name);
  const folders: string[] = [];
  const runs: ConfigResult["runs"][number][] = [];
  let reference: Reference | undefined;
  for (const count of threads) {
    const folder = join(temporary, name, String(count));
    try {
      reference ??= readReference(referenceFolder) as Reference;
      runs.push(await runOnce({ ...given, reference, referenceFolder, folder, count }));
      folders.push(folder);
    } catch (error) {
      runs.push(failedRun(name, count, Exception.from(error)));
    }
    await ended(runs.at(-1)?.row as Row);
  }
  const sameBytes = reference && folders.length > 1 ? areSameBytes(reference, folders) : undefined;
  const changes = reference
    ? changesSince(reference, jobEnvironment(join(packageFolder, reference.config)).searchPath)
    : [];
  rmSync(join(temporary, name), { recursive: true, force: true });
  return { name, reference, runs, sameBytes, changes };
}

interface Run extends ConfigRuns {
  readonly reference: Reference;
  readonly referenceFolder: string;
  /** Where this run writes. */
  readonly folder: string;
  readonly count: number;
}

async function runOnce({
  name,
  reference,
  packageFolder,
  referenceFolder,
  folder,
  count,
  timeoutSeconds,
}: Run) {
  mkdirSync(folder, { recursive: true });
  await runInChild({ reference, packageFolder, threads: count, folder, timeoutSeconds });
  const comparisons = compareOutputs(reference, referenceFolder, folder);
  const outputs = outputDifference(reference, folder);
  const row: Row = {
    config: name,
    threads: count,
    events: Math.max(0, ...comparisons.map(({ result }) => result.eventCount)),
    products: comparisons.reduce((sum, { result }) => sum + result.products.length, 0),
    result: outputs === undefined ? statusOf(comparisons) : "different",
    firstDifference: outputs ?? firstDifference(comparisons),
  };
  return { row, comparisons };
}

function failedRun(config: string, threads: number, failure: Exception): ConfigResult["runs"][number] {
  const what = `${failure.category}: ${failure.message.split("\n", 1)[0]}`;
  const row: Row = { config, threads, events: 0, products: 0, result: "failed", firstDifference: what };
  return { row, comparisons: [], failure };
}

/** Of all outputs that are in every folder. */
function areSameBytes({ outputs }: Reference, folders: readonly string[]): boolean {
  const everywhere = Object.values(outputs)
    .map((name) => folders.map((folder) => join(folder, name)))
    .filter((paths) => paths.every(existsSync));
  return everywhere.every((paths) => new Set(paths.map((path) => contentHash(path))).size === 1);
}
