/** Keeps a cache folder from growing for ever. */
import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

const dayMs = 86_400_000;

/** Removes files that were written more than `days` days ago; what is still wanted is made again. */
export function removeOld(directory: string, days: number): void {
  const oldest = Date.now() - days * dayMs;
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    // Others may remove it first.
    const writtenMs = entry.isFile() ? statSync(path, { throwIfNoEntry: false })?.mtimeMs : undefined;
    if (writtenMs !== undefined && writtenMs < oldest) rmSync(path, { force: true });
  }
}
