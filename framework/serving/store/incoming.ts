/**
 * The folder of a store in which everything is made before it appears under its name, and to which it goes before it is
 * removed. What a process left there when it was killed is removed by the next that saves.
 */
import { mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { threadId } from "node:worker_threads";

/** No name of a model begins so. */
const folderName = ".incoming";
/** What another machine left: there is no asking whether its process lives. */
const longestMs = 24 * 3600 * 1000;
const host = hostname().replace(/[^A-Za-z0-9]/g, "") || "host";

let made = 0;

/** A path that nobody else uses; its folder is there. */
export function incomingPath(root: string): string {
  const folder = join(root, folderName);
  mkdirSync(folder, { recursive: true });
  return join(folder, `${host}-${process.pid}-${threadId}-${made++}`);
}

/** Writes a file so that nobody ever reads half of it. */
export function replaceThroughIncoming(root: string, path: string, contents: string): void {
  const temporary = incomingPath(root);
  try {
    writeFileSync(temporary, contents);
    renameSync(temporary, path);
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Removes what nobody works on any more. */
export function sweepIncoming(root: string): void {
  const folder = join(root, folderName);
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (isAbandoned(name, path)) rmSync(path, { recursive: true, force: true });
  }
}

function isAbandoned(name: string, path: string): boolean {
  const [where, pid] = name.split("-");
  if (where === host) return !isAlive(Number(pid));
  const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
  return age > longestMs;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
