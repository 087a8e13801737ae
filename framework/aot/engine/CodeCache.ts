/**
 * Compiled code on disk, by a key that names all it depends on. Constants lie beside, each once under its own hash,
 * because batch sizes share them. What cannot be read or written is compiled again: a cache is never an error.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { replaceFile } from "../../base/replaceFile.js";
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

export class CodeCache {
  /** @param directory made when first written to */
  constructor(readonly directory: string) {}

  read(key: string): CompiledCode | undefined {
    try {
      const [seal, text] = JSON.parse(this.#text(`${key}.json`)) as [string, string];
      if (digest(Buffer.from(text)) !== seal) return undefined;
      const { key: own, layout, codeHash } = JSON.parse(text) as Entry;
      if (own !== key) return undefined;
      const code = this.#checked(`${key}.code`, codeHash);
      const constants = layout.constants.map(({ hash }) => this.#checked(join("constants", hash), hash));
      if (!code || constants.some((bytes) => !bytes)) return undefined;
      return { layout, code, constants: constants as Uint8Array[] };
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
        this.#put(join("constants", hash), constants[i] as Uint8Array, true);
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

  #put(name: string, bytes: Uint8Array, isContentNamed = false): void {
    const path = join(this.directory, name);
    try {
      // A file named by its contents is not written twice.
      if (isContentNamed && this.#checked(name, name.slice(-32))) return;
    } catch {
      // Not there yet.
    }
    replaceFile(path, bytes);
  }
}

function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
