/** The files a source is given, as paths on this machine. */
import { existsSync, statSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import { Exception } from "../base/errors.js";
import { getSearchPath } from "../parameters/fileInPath.js";

/**
 * The full path of an input file: as given, else below a directory of the search path; `file:` in front is dropped.
 * @throws FileOpenError when it is not there or is a directory.
 */
export function resolveInputFile(name: string, source: string): string {
  const path = name.replace(/^file:/, "");
  const candidates = isAbsolute(path)
    ? [path]
    : [resolve(path), ...getSearchPath().map((directory) => join(directory, path))];
  const found = candidates.find((candidate) => existsSync(candidate));
  if (found === undefined) {
    throw new Exception(
      "FileOpenError",
      `${source}: input file '${name}' is not there; check fileNames (looked for ${candidates[0]}).`,
    );
  }
  if (statSync(found).isDirectory())
    throw new Exception(
      "FileOpenError",
      `${source}: input file '${found}' is a directory; name the files in it.`,
    );
  return found;
}

/**
 * The open files of a source. In a one-thread job the same source lists the input and reads it, a few ranges and
 * perhaps some files behind: open are the file being listed and the one being read, which may be the same.
 */
export class OpenFiles<Reader> {
  readonly #open: (file: number) => Reader;
  readonly #close: (reader: Reader) => void;
  readonly #readers = new Map<number, Reader>();
  #listed = -1;
  #read = -1;

  constructor(open: (file: number) => Reader, close: (reader: Reader) => void) {
    this.#open = open;
    this.#close = close;
  }

  /** For the main thread's listing of ranges. */
  list(file: number): Reader {
    this.#listed = file;
    return this.#get(file);
  }

  /** For reading a range. What was read before, from another file, is not used any more. */
  read(file: number): Reader {
    this.#read = file;
    return this.#get(file);
  }

  close(): void {
    for (const reader of this.#readers.values()) this.#close(reader);
    this.#readers.clear();
  }

  #get(file: number): Reader {
    for (const [index, reader] of this.#readers) {
      if (index === this.#listed || index === this.#read) continue;
      this.#readers.delete(index);
      this.#close(reader);
    }
    const reader = this.#readers.get(file) ?? this.#open(file);
    this.#readers.set(file, reader);
    return reader;
  }
}
