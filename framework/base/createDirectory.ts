/** Makes a directory so that nobody ever sees half of it: under another name first, then renamed. */
import { existsSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync } from "node:fs";
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
    if (made !== undefined) removeEmpty(dirname(resolve(path)), made);
  }
}

/** From the lower to the upper, as far as nobody else has put something into them. */
function removeEmpty(lower: string, upper: string): void {
  for (let directory = lower; directory.length >= upper.length; directory = dirname(directory)) {
    if (readdirSync(directory).length > 0) return;
    rmdirSync(directory);
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
