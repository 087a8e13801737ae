/**
 * The file `latest` of a model's name: the version that was made last. Written without a lock, by any number of
 * processes: each writes, then looks whether what it wrote is still the newest, so that the last one to write is right.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { replaceThroughIncoming } from "./incoming.js";
import { infoFile } from "./ModelInfo.js";
import { parseIsoTime } from "./newVersion.js";

const fileName = "latest";
/** Each round more means that another process has saved a model meanwhile. */
const mostRounds = 1000;

/** The versions under a name that have a model.yaml, in order. */
export function versionsIn(folder: string): string[] {
  return entries(folder)
    .filter((version) => creationTimeUs(join(folder, version)) !== undefined)
    .sort();
}

/** The version that `latest` means; undefined where there is none. A file that is missing or out of date is renewed. */
export function latestVersion(folder: string): string | undefined {
  const written = read(folder);
  if (written !== undefined && creationTimeUs(join(folder, written)) !== undefined) return written;
  try {
    renewLatest(folder);
  } catch {
    // A store that may only be read does without.
  }
  return newestVersion(folder);
}

/** Says that `version`, which is about to appear, is the latest, unless there is a newer one. */
export function announceLatest(folder: string, version: string, timeUs: number): void {
  const newest = newestVersion(folder);
  const newestUs = newest === undefined ? undefined : creationTimeUs(join(folder, newest));
  if (newestUs === undefined || newestUs <= timeUs) writeLatest(folder, version);
}

/** Makes `latest` the newest version there is. @throws what the file system says */
export function renewLatest(folder: string): void {
  for (let round = 0; round < mostRounds; round++) {
    const newest = newestVersion(folder);
    if (newest === undefined || newest === read(folder)) return;
    try {
      writeLatest(folder, newest);
    } catch (error) {
      if (existsSync(folder)) throw error;
      return; // Deleted with its last version.
    }
  }
}

/** By creation time; of equal times by the version. */
function newestVersion(folder: string): string | undefined {
  let newest: string | undefined;
  let newestUs = Number.NEGATIVE_INFINITY;
  for (const version of entries(folder).sort()) {
    const timeUs = creationTimeUs(join(folder, version));
    if (timeUs === undefined || timeUs < newestUs) continue;
    newest = version;
    newestUs = timeUs;
  }
  return newest;
}

/** Of a model's folder, without parsing the whole of its model.yaml; undefined for what is none. */
export function creationTimeUs(path: string): number | undefined {
  try {
    const text = readFileSync(join(path, infoFile), "utf8");
    const timeUs = parseIsoTime(/^creation_time: *['"]?([^'"\n]+)/m.exec(text)?.[1] ?? "");
    return Number.isFinite(timeUs) ? timeUs : undefined;
  } catch {
    return undefined; // No folder, or no model in it.
  }
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name !== fileName);
  } catch {
    return []; // No model has the name, or the last one was just deleted.
  }
}

function read(folder: string): string | undefined {
  try {
    const version = readFileSync(join(folder, fileName), "utf8").trim();
    return /^[a-z0-9][-._a-z0-9]*$/.test(version) ? version : undefined;
  } catch {
    return undefined;
  }
}

function writeLatest(folder: string, version: string): void {
  replaceThroughIncoming(dirname(folder), join(folder, fileName), version);
}
