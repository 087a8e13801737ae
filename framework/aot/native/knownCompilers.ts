/**
 * What C compilers have said about this CPU, on disk: asking one costs 17–34 ms, more than all else in the start of a job
 * whose code is cached. An answer is of one file, by its date and size, and of one CPU, since homes are shared by machines.
 */
import { createHash } from "node:crypto";
import {
  accessSync,
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  realpathSync,
  statSync,
} from "node:fs";
import { cpus } from "node:os";
import { delimiter, isAbsolute, join, resolve, sep } from "node:path";
import { replaceFile } from "../../base/replaceFile.js";
import type { NativeCompiler } from "./nativeCompiler.js";

export class KnownCompilers {
  readonly #directory: string;
  readonly #version: string;

  /**
   * @param directory made when first written to; what cannot be read or written is asked again
   * @param version of what makes a NativeCompiler of an answer
   */
  constructor(directory: string, version: string) {
    this.#directory = directory;
    this.#version = version;
  }

  get(compiler: string): NativeCompiler | undefined {
    try {
      const key = this.#keyOf(compiler);
      const [seal, text] = JSON.parse(readFileSync(this.#pathOf(key), "utf8")) as [string, string];
      return seal === digest(key + text) ? (JSON.parse(text) as NativeCompiler) : undefined;
    } catch {
      return undefined;
    }
  }

  set(compiler: string, found: NativeCompiler): void {
    try {
      const key = this.#keyOf(compiler);
      const text = JSON.stringify(found);
      mkdirSync(this.#directory, { recursive: true });
      replaceFile(this.#pathOf(key), JSON.stringify([digest(key + text), text]));
    } catch {
      // The next start asks again.
    }
  }

  #pathOf(key: string): string {
    return join(this.#directory, `${digest(key)}.json`);
  }

  /** @throws when there is no such file */
  #keyOf(compiler: string): string {
    const path = realpathSync(executable(compiler));
    const { mtimeMs, size } = statSync(path);
    return JSON.stringify([this.#version, compiler, path, mtimeMs, size, cpu()]);
  }
}

/** The file that running `name` would run. @throws when there is none */
function executable(name: string): string {
  if (name.includes(sep) || isAbsolute(name)) return resolve(name);
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const path = join(folder || ".", name);
    try {
      accessSync(path, constants.X_OK);
      if (statSync(path).isFile()) return path;
    } catch {
      // Not in this folder.
    }
  }
  throw new Error(`no ${name} in PATH`);
}

const maxCpuBytes = 16_384;

/** What tells CPUs apart: on Linux with the features that the kernel lets programs use. */
function cpu(): string {
  const name = `${process.arch} ${cpus()[0]?.model}`;
  if (process.platform !== "linux") return name;
  const buffer = Buffer.alloc(maxCpuBytes);
  const file = openSync("/proc/cpuinfo", "r");
  let length = 0;
  try {
    // Of the first core only: the file is made as it is read, and long where there are many.
    while (length < maxCpuBytes && !buffer.subarray(0, length).includes("\n\n")) {
      const count = readSync(file, buffer, length, maxCpuBytes - length, null);
      if (count === 0) break;
      length += count;
    }
  } finally {
    closeSync(file);
  }
  const lines = buffer.toString("latin1", 0, length).split("\n\n")[0]?.split("\n") ?? [];
  const telling = lines.filter((line) =>
    /^(model name|flags|Features|CPU (part|variant|implementer))\b/.test(line),
  );
  return [name, ...telling].join("\n");
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
