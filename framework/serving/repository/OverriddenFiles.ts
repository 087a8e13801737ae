/** A model whose files came with the request to load it: written to a folder of its own, removed with the model. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { badRequest } from "../servingErrors.js";
import { ModelFolder } from "./ModelFolder.js";

const prefix = "file:";

export class OverriddenFiles {
  readonly folder: ModelFolder;
  readonly #path: string;

  private constructor(name: string, path: string) {
    this.#path = path;
    this.folder = new ModelFolder(name, path);
  }

  /**
   * Undefined when the parameters hold no files.
   * @throws BadRequest for a path that leaves the model's folder, or contents that are no base64
   */
  static of(name: string, parameters: Readonly<Record<string, unknown>>): OverriddenFiles | undefined {
    const files = Object.entries(parameters).filter(([key]) => key.startsWith(prefix));
    if (files.length === 0) return undefined;
    if (parameters.config === undefined)
      throw badRequest("files of a model need its configuration beside them: parameter 'config'");
    const decoded = files.map(([key, value]): [string, Uint8Array] => [
      checkedPath(key.slice(prefix.length)),
      bytesOf(key, value),
    ]);
    const own = new OverriddenFiles(name, mkdtempSync(join(tmpdir(), "cmsrun-model-")));
    try {
      for (const [path, bytes] of decoded) {
        mkdirSync(dirname(join(own.#path, path)), { recursive: true });
        writeFileSync(join(own.#path, path), bytes);
      }
      return own;
    } catch (error) {
      own.remove();
      throw error;
    }
  }

  remove(): void {
    rmSync(this.#path, { recursive: true, force: true });
  }
}

function checkedPath(path: string): string {
  const parts = path.split("/");
  const isInside = parts.every(
    (part) => part !== "" && part !== "." && part !== ".." && !/[\\\0]/.test(part),
  );
  if (isInside && path.length < 1000) return path;
  throw badRequest(`'${path.slice(0, 100)}' is no path of a model's file: write '<version>/<file>'`);
}

/** REST sends text, gRPC bytes. */
function bytesOf(key: string, value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (typeof value === "string" && /^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(value))
    return Buffer.from(value, "base64");
  throw badRequest(`parameter '${key.slice(0, 100)}' must be the file's bytes in base64`);
}
