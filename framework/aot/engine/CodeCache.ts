/**
 * Compiled code on disk, by a key that names all it depends on. Constants lie beside, each once under its own hash,
 * because batch sizes share them, and are read only where the job's memory has them not. What cannot be read or written is compiled again: a cache is never an error.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { Exception } from "../../base/errors.js";
import { replaceFile } from "../../base/replaceFile.js";
import type { LoadableCode } from "../loadUnit.js";
import { removeOld } from "./removeOld.js";
import type { CodeLayout, CompiledCode } from "../Unit.js";

interface Entry {
  readonly key: string;
  readonly layout: CodeLayout;
  readonly codeHash: string;
}

const keptDays = 60;
/** Cleaned once a process. */
const cleaned = new Set<string>();

/** A constant of an entry is not there, or not what was written. */
export class DamagedConstant extends Exception {}

export class CodeCache {
  /** Constants that this process has written, by hash: their sizes. */
  readonly #written = new Map<string, number>();

  /** @param directory made when first written to */
  constructor(readonly directory: string) {}

  /** All of an entry. */
  read(key: string): CompiledCode | undefined {
    const entry = this.open(key);
    try {
      return entry && { ...entry, constants: entry.layout.constants.map((_, i) => entry.constants(i)) };
    } catch {
      return undefined;
    }
  }

  /** An entry whose constants are read when they are asked for; they throw DamagedConstant. */
  open(key: string): (LoadableCode & { readonly constants: (index: number) => Uint8Array }) | undefined {
    try {
      const [seal, text] = JSON.parse(this.#text(`${key}.json`)) as [string, string];
      if (digest(Buffer.from(text)) !== seal) return undefined;
      const { key: own, layout, codeHash } = JSON.parse(text) as Entry;
      if (own !== key) return undefined;
      const code = this.#checked(`${key}.code`, codeHash);
      if (!code) return undefined;
      return { layout, code, constants: (index) => this.#constant(layout.constants[index]?.hash ?? "") };
    } catch {
      return undefined;
    }
  }

  write(key: string, { layout, code, constants }: CompiledCode): void {
    try {
      mkdirSync(join(this.directory, "constants"), { recursive: true });
      if (!cleaned.has(this.directory)) removeOld(this.directory, keptDays);
      cleaned.add(this.directory);
      for (const [i, { hash }] of layout.constants.entries())
        this.#putConstant(hash, constants[i] as Uint8Array);
      this.#put(`${key}.code`, code);
      const entry: Entry = { key, layout, codeHash: digest(code) };
      const text = JSON.stringify(entry);
      this.#put(`${key}.json`, Buffer.from(JSON.stringify([digest(Buffer.from(text)), text])));
    } catch {
      // The next start compiles again.
    }
  }

  #text(name: string): string {
    return readFileSync(join(this.directory, name), "utf8");
  }

  /** The file's bytes when they are those that were written. */
  #checked(name: string, hash: string): Uint8Array | undefined {
    const bytes = readFileSync(join(this.directory, name));
    return digest(bytes).startsWith(hash) ? new Uint8Array(bytes) : undefined;
  }

  #constant(hash: string): Uint8Array {
    try {
      const bytes = this.#checked(join("constants", hash), hash);
      if (bytes) return bytes;
    } catch {
      // As for a damaged one.
    }
    throw new DamagedConstant("FileReadError", `constant ${hash} of '${this.directory}' cannot be read.`);
  }

  /** A file named by its contents is not written twice, and not read again where this process has written it. */
  #putConstant(hash: string, bytes: Uint8Array): void {
    const name = join("constants", hash);
    try {
      const size = statSync(join(this.directory, name)).size;
      if (this.#written.get(hash) === size || this.#checked(name, hash)) return;
    } catch {
      // Not there yet.
    }
    this.#put(name, bytes);
    this.#written.set(hash, bytes.length);
  }

  #put(name: string, bytes: Uint8Array): void {
    replaceFile(join(this.directory, name), bytes);
  }
}

function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
