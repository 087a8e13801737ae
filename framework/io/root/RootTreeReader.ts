/**
 * Reads columns of a TTree. jsroot's io modules read the file's directory, the tree's description and the compressed
 * blocks; the values of a basket are taken from its bytes here, a column at a time: jsroot's own treeProcess builds
 * one object per entry. NanoAODSource stands on it.
 */
import { suggestion } from "../../base/didYouMean.js";
import { Exception } from "../../base/errors.js";
import { BranchReader } from "./BranchReader.js";
import {
  type BranchLayout,
  findContradiction,
  type RootBranch,
  type RootColumn,
  type UnsupportedBranch,
} from "./branches.js";
import { type Jsroot, loadJsroot } from "./jsroot.js";
import { LocalFile } from "./LocalFile.js";
import { readTree, type TreeDescription } from "./readTree.js";

export type { NumberBranch, RootBranch, RootColumn, RootKind, RootValues } from "./branches.js";

interface SharedDirectory {
  readonly entryCount: number;
  readonly layouts: readonly [string, BranchLayout | UnsupportedBranch][];
}

export class RootTreeReader {
  readonly entryCount: number;
  /** What jsroot printed about a file that it could read: for the log. */
  readonly messages: readonly string[];
  readonly #jsroot: Jsroot;
  readonly #file: LocalFile;
  readonly #layouts: TreeDescription["layouts"];
  readonly #readers = new Map<string, BranchReader>();

  private constructor(
    jsroot: Jsroot,
    file: LocalFile,
    readonly treeName: string,
    tree: TreeDescription,
  ) {
    this.#jsroot = jsroot;
    this.#file = file;
    this.#layouts = tree.layouts;
    this.entryCount = tree.entryCount;
    this.messages = tree.messages;
  }

  /** @throws FileOpenError when there is no file, FileReadError when it is no readable ROOT file or has no such TTree. */
  static async open(path: string, treeName = "Events"): Promise<RootTreeReader> {
    const file = new LocalFile(path);
    try {
      const jsroot = await loadJsroot();
      return new RootTreeReader(jsroot, file, treeName, await readTree(jsroot, file, treeName));
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /**
   * Opens a file whose directory another thread has read: jsroot takes 40 ms and more to stream a NanoAOD tree's.
   * @param directory what directoryOf gave for the same file.
   */
  static async openWith(path: string, directory: Uint8Array, treeName = "Events"): Promise<RootTreeReader> {
    const { entryCount, layouts } = JSON.parse(Buffer.from(directory).toString()) as SharedDirectory;
    const file = new LocalFile(path);
    try {
      return new RootTreeReader(await loadJsroot(), file, treeName, {
        entryCount,
        layouts: new Map(layouts),
        messages: [],
      });
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** Where the values of these branches lie, in shared memory: for openWith in other threads. Unknown names are left out. */
  directoryOf(names: readonly string[]): Uint8Array {
    const wanted = new Set(names);
    for (const name of names) {
      const layout = this.#layouts.get(name);
      if (layout && "counter" in layout && layout.counter !== undefined) wanted.add(layout.counter);
    }
    const layouts = [...this.#layouts].filter(([name]) => wanted.has(name));
    const text = Buffer.from(
      JSON.stringify({ entryCount: this.entryCount, layouts } satisfies SharedDirectory),
    );
    const shared = new Uint8Array(new SharedArrayBuffer(text.length));
    shared.set(text);
    return shared;
  }

  get path(): string {
    return this.#file.path;
  }

  get branches(): ReadonlyMap<string, RootBranch> {
    return this.#layouts;
  }

  /**
   * The values of `names` for entries firstEntry up to firstEntry + count, in memory of their own.
   * @throws ProductNotFound for an unknown branch, FormatIncompatibility for one that holds no plain numbers,
   * FileReadError when the file is corrupt.
   */
  async readColumns(
    names: readonly string[],
    firstEntry: number,
    count: number,
  ): Promise<Map<string, RootColumn>> {
    if (!(firstEntry >= 0 && count >= 0 && firstEntry + count <= this.entryCount)) {
      const asked = `${count} entries from ${firstEntry}`;
      throw new Exception(
        "LogicError",
        `${asked} were asked of '${this.path}', which has ${this.entryCount}.`,
      );
    }
    const readers = names.map((name) => [name, this.#reader(name)] as const);
    const columns = new Map<string, RootColumn>();
    for (const [name, reader] of readers) columns.set(name, await reader.read(firstEntry, count));
    return columns;
  }

  close(): void {
    this.#readers.clear();
    this.#file.close();
  }

  #reader(name: string): BranchReader {
    const known = this.#readers.get(name);
    if (known) return known;
    const layout = this.#layout(name);
    const counter = layout.counter === undefined ? undefined : this.#counter(name, layout.counter);
    const reader = new BranchReader(this.#jsroot, this.#file, layout, counter);
    this.#readers.set(name, reader);
    return reader;
  }

  #counter(name: string, counter: string): BranchReader {
    const { kind, length, counter: counterOfCounter } = this.#layout(counter);
    if (!/^u?int(8|16|32)$/.test(kind) || length !== 1 || counterOfCounter !== undefined) {
      throw this.#file.corrupt(`its branch '${name}' is counted by '${counter}', which holds no counts`);
    }
    return this.#reader(counter);
  }

  #layout(name: string): BranchLayout {
    const layout = this.#layouts.get(name);
    const where = `tree '${this.treeName}' of '${this.path}'`;
    if (layout === undefined) {
      throw new Exception(
        "ProductNotFound",
        `${where} has no branch '${name}'${suggestion(name, this.#layouts.keys())}`,
      );
    }
    if (layout.kind === "unsupported") {
      throw new Exception(
        "FormatIncompatibility",
        `branch '${name}' of ${where} holds ${layout.reason}; only numbers, fixed arrays of them and arrays with a ` +
          "counter branch can be read. Leave it out, or write its members as plain branches as NanoAOD does.",
      );
    }
    const contradiction = findContradiction(layout, this.entryCount);
    if (contradiction !== undefined) throw this.#file.corrupt(`its branch '${name}' has ${contradiction}`);
    return layout;
  }
}
