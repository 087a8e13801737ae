/** One hash for a file, or for all that is in a folder: what a model is, wherever it lies. */
import { createHash, type Hash } from "node:crypto";
import { closeSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { join, sep } from "node:path";

const chunkSizeBytes = 1 << 20;

/**
 * The sha256, 64 hex digits. Of a file it is that of its bytes; of a folder, that of each file's name, size and bytes, in
 * the order of the names. @param without files (their names in the folder, with "/") that do not count
 * @throws what the file system says
 */
export function contentHash(path: string, without: readonly string[] = []): string {
  const hash = createHash("sha256");
  if (!statSync(path).isDirectory()) {
    addFile(hash, path);
    return hash.digest("hex");
  }
  for (const name of filesIn(path)) {
    if (without.includes(name)) continue;
    const file = join(path, name);
    hash.update(`${name}\0${statSync(file).size}\0`);
    addFile(hash, file);
  }
  return hash.digest("hex");
}

/** All files of a folder, at any depth, with "/" in their names; sorted by code units, the same on every machine. */
export function filesIn(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true }).map(String);
  const files = entries.filter((name) => statSync(join(folder, name)).isFile());
  return files.map((name) => name.split(sep).join("/")).sort();
}

function addFile(hash: Hash, path: string): void {
  const chunk = Buffer.allocUnsafe(chunkSizeBytes);
  const descriptor = openSync(path, "r");
  try {
    for (let size = readSync(descriptor, chunk); size > 0; size = readSync(descriptor, chunk))
      hash.update(chunk.subarray(0, size));
  } finally {
    closeSync(descriptor);
  }
}
