/** Makes a directory so that nobody ever sees half of it: under another name first, then renamed. */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { threadId } from "node:worker_threads";
import { Exception } from "./errors.js";

/**
 * @param fill writes into the directory whose path it is given; what it throws is thrown, and nothing is left
 * @throws FileWriteError when there is something at `path` already, or the file system refuses
 */
export function createDirectory(path: string, fill: (temporary: string) => void): void {
  if (isTaken(path)) {
    const remedy = "remove it, or choose another name";
    throw new Exception("FileWriteError", `'${path}' exists already, and is not overwritten; ${remedy}.`);
  }
  const temporary = `${resolve(path)}.${process.pid}.${threadId}`;
  let made: string | undefined;
  try {
    made = mkdirSync(dirname(resolve(path)), { recursive: true });
    mkdirSync(temporary);
    fill(temporary);
    renameSync(temporary, path);
    made = undefined;
  } catch (error) {
    if (error instanceof Exception || (error as NodeJS.ErrnoException).code === undefined) throw error;
    throw new Exception("FileWriteError", `'${path}' cannot be written: ${(error as Error).message}.`, {
      cause: error,
    });
  } finally {
    if (existsSync(temporary)) rmSync(temporary, { recursive: true });
    if (made !== undefined) rmSync(made, { recursive: true, force: true });
  }
}

/** An empty directory is as good as none. */
function isTaken(path: string): boolean {
  if (!existsSync(path)) return false;
  try {
    return readdirSync(path).length > 0;
  } catch {
    return true;
  }
}
