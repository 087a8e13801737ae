/** Writes a file so that nobody ever reads half of it: under another name first, then renamed. */
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { threadId } from "node:worker_threads";

/** `mode`: permissions of a new file. @throws what the file system says; nothing is left behind then */
export function replaceFile(path: string, contents: string | Uint8Array, mode?: number): void {
  const temporary = `${path}.${process.pid}.${threadId}`;
  try {
    writeFileSync(temporary, contents, { mode });
    renameSync(temporary, path);
  } finally {
    rmSync(temporary, { force: true });
  }
}
