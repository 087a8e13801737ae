/** Writes the selected events and their kept products into an event file (.edm). */
import { rmSync } from "node:fs";
import { resolve } from "node:path";
import {
  ClusterEncoder,
  cms,
  DEFINE_FWK_MODULE,
  type EncodedCluster,
  EventFileWriter,
  one,
  type ParameterSet,
  untracked,
  vstring,
} from "#framework";

const description = {
  fileName: untracked.string(),
  outputCommands: untracked.vstring(["keep *"], {
    comment: "keep and drop rules on branches; the last that matches wins",
  }),
  SelectEvents: untracked.pset({
    SelectEvents: vstring([], { comment: "names of paths; empty = every event" }),
  }),
};

/** Files that this process is writing: two modules must not write the same one. */
const openFiles = new Set<string>();

@DEFINE_FWK_MODULE("PoolOutputModule")
export class PoolOutputModule extends one.OutputModule {
  static readonly description = description;

  readonly #fileName: string;
  readonly #path: string;
  #products: readonly one.KeptProduct[] = [];
  #encoder: ClusterEncoder | undefined;
  #writer: EventFileWriter | undefined;

  constructor(pset: ParameterSet<typeof description>) {
    super();
    this.#fileName = pset.getUntrackedParameter("fileName").replace(/^file:/, "");
    this.#path = resolve(this.#fileName);
  }

  setProducts(products: readonly one.KeptProduct[]): void {
    this.#products = products;
    this.#encoder = new ClusterEncoder(products);
  }

  openFile(processHistory: readonly one.ProcessConfiguration[]): void {
    if (openFiles.has(this.#path)) {
      throw new cms.Exception(
        "Configuration",
        `PoolOutputModule: file '${this.#fileName}' is written by two output modules; give each a fileName of its own.`,
      );
    }
    this.#writer = new EventFileWriter(this.#fileName, {
      processHistory: [...processHistory],
      branches: [...this.#products],
    });
    openFiles.add(this.#path);
  }

  encode({ ids, products }: one.EventBatch): EncodedCluster {
    return (this.#encoder as ClusterEncoder).encode(ids, (branch, event) => products[event]?.[branch]);
  }

  write(cluster: EncodedCluster): void {
    this.#writer?.append(cluster);
  }

  closeFile(complete: boolean): string {
    const writer = this.#writer;
    if (!writer) return "";
    this.#writer = undefined;
    openFiles.delete(this.#path);
    if (complete) {
      writer.close();
      return `Closed file ${this.#fileName}`;
    }
    writer.abandon();
    if (writer.eventCount > 0)
      return `The ${writer.eventCount} events written before the error are in ${writer.partialPath}`;
    rmSync(writer.partialPath, { force: true });
    return "";
  }
}

declare module "#framework" {
  interface OutputModules {
    PoolOutputModule: typeof PoolOutputModule;
  }
}
