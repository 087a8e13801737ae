/** Reads event files (.edm): only the columns that some module of the job consumes. */
import {
  appendEvents,
  branchName,
  type ClusterIndex,
  cms,
  DEFINE_FWK_MODULE,
  type EventBlock,
  EventFileReader,
  type EventID,
  type EventIDColumns,
  type GrowingSegments,
  type InputRange,
  InputSource,
  type InputTag,
  OpenFiles,
  type one,
  type ParameterSet,
  type ProductType,
  type Provided,
  resolveInputFile,
  type SourceProduct,
  untracked,
} from "#framework";

const description = {
  fileNames: untracked.vstring(),
  skipEvents: untracked.uint32(0),
  recover: untracked.bool(false, { comment: "read what a killed job left, up to its last complete cluster" }),
};

/** Small clusters, as filters leave them, are read together up to this many events. */
const eventsPerRange = 100;

/** A part of a cluster. */
interface Piece {
  readonly cluster: number;
  readonly first: number;
  readonly count: number;
}
interface Token {
  readonly file: number;
  readonly pieces: readonly Piece[];
}

@DEFINE_FWK_MODULE("PoolSource")
export class PoolSource extends InputSource {
  static readonly description = description;

  readonly #files: readonly string[];
  readonly #skipEvents: number;
  readonly #recover: boolean;
  readonly #open = new OpenFiles(
    (file) => new EventFileReader(this.#files[file] as string, this.#recover ? { recover: true } : {}),
    (reader) => reader.close(),
  );
  #products: readonly SourceProduct[] = [];

  constructor(pset: ParameterSet<typeof description>) {
    super();
    this.#files = pset.getUntrackedParameter("fileNames").map((name) => resolveInputFile(name, "PoolSource"));
    this.#skipEvents = pset.getUntrackedParameter("skipEvents");
    this.#recover = pset.getUntrackedParameter("recover");
    if (this.#files.length === 0) {
      throw new cms.Exception(
        "Configuration",
        "PoolSource: fileNames is empty; give at least one event file (inputFiles=…).",
      );
    }
  }

  override open(): void {
    this.#open.list(0);
  }

  override history(): readonly one.ProcessConfiguration[] {
    return this.#open.list(0).header.processHistory;
  }

  override branches(): readonly SourceProduct[] {
    return this.#open.list(0).header.branches;
  }

  override provides(type: ProductType<unknown>, tag: InputTag): readonly Provided[] {
    const processes = this.history().map(({ name }) => name);
    const newestFirst = (a: SourceProduct, b: SourceProduct) =>
      processes.indexOf(b.description.process) - processes.indexOf(a.description.process);
    return this.branches()
      .filter(
        ({ description: d }) => d.type === type.name && d.label === tag.label && d.instance === tag.instance,
      )
      .filter(({ description: d }) => tag.process === "" || d.process === tag.process)
      .sort(newestFirst)
      .map(({ description: d }) => ({ description: d }));
  }

  override expectedEvents(limit: number): number | undefined {
    return this.#files.length === 1
      ? Math.max(0, Math.min(limit, this.#open.list(0).eventCount - this.#skipEvents))
      : undefined;
  }

  *ranges(limit: number): Generator<InputRange> {
    let skip = this.#skipEvents;
    let ordinal = 0;
    for (const file of this.#files.keys()) {
      const { clusters } = this.#open.list(file);
      let pieces: Piece[] = [];
      let count = 0;
      const take = (): InputRange => {
        const range = {
          firstOrdinal: ordinal,
          count,
          segments: segmentsOf(pieces, clusters),
          token: { file, pieces },
        };
        ordinal += count;
        pieces = [];
        count = 0;
        return range;
      };
      for (const [cluster, { eventCount }] of clusters.entries()) {
        const first = Math.min(skip, eventCount);
        skip -= first;
        const wanted = Math.min(eventCount - first, limit - ordinal - count);
        if (wanted <= 0) continue;
        if (count > 0 && count + wanted > eventsPerRange) yield take();
        pieces.push({ cluster, first, count: wanted });
        count += wanted;
      }
      if (count > 0) yield take();
      if (ordinal >= limit) return;
    }
  }

  override setProducts(products: readonly SourceProduct[]): void {
    this.#products = products;
  }

  override read({ token }: InputRange): EventBlock {
    const { file, pieces } = token as Token;
    return new PoolBlock(this.#open.read(file), pieces, this.#products);
  }

  override close(): void {
    this.#open.close();
  }
}

/** The events of some pieces of clusters; a column is read when its first product is asked for. */
class PoolBlock implements EventBlock {
  /** Of each product, the index of its branch in this file, or -1. */
  readonly #branches: readonly number[];
  readonly #parts: {
    piece: Piece;
    ids: EventIDColumns;
    columns: (ReturnType<EventFileReader["column"]> | undefined)[];
  }[];

  constructor(
    readonly reader: EventFileReader,
    pieces: readonly Piece[],
    readonly products: readonly SourceProduct[],
  ) {
    const names = reader.header.branches.map(({ description }) => branchName(description));
    this.#branches = products.map(({ description }) => names.indexOf(branchName(description)));
    this.#parts = pieces.map((piece) => ({ piece, ids: reader.ids(piece.cluster), columns: [] }));
  }

  id(entry: number): EventID {
    const { part, index } = this.#find(entry);
    const { run, luminosityBlock, event } = part.ids;
    return {
      run: run[index] ?? 0,
      luminosityBlock: luminosityBlock[index] ?? 0,
      event: Number(event[index]),
    };
  }

  product(product: number, entry: number): unknown {
    const branch = this.#branches[product] ?? -1;
    if (branch < 0) return undefined;
    const { part, index } = this.#find(entry);
    part.columns[product] ??= this.reader.column(
      part.piece.cluster,
      branch,
      this.products[product]?.type as ProductType<unknown>,
    );
    return part.columns[product].get(index);
  }

  #find(entry: number) {
    let rest = entry;
    for (const part of this.#parts) {
      if (rest < part.piece.count) return { part, index: part.piece.first + rest };
      rest -= part.piece.count;
    }
    throw new cms.Exception("LogicError", `entry ${entry} lies beyond its range`);
  }
}

function segmentsOf(pieces: readonly Piece[], clusters: readonly ClusterIndex[]): GrowingSegments {
  const segments: GrowingSegments = [];
  for (const { cluster, first, count } of pieces) {
    let skip = first;
    let left = count;
    for (const segment of clusters[cluster]?.segments ?? []) {
      const skipped = Math.min(skip, segment.count);
      const taken = Math.min(left, segment.count - skipped);
      skip -= skipped;
      left -= taken;
      if (taken > 0) appendEvents(segments, segment.run, segment.luminosityBlock, taken);
    }
  }
  return segments;
}

declare module "#framework" {
  interface Sources {
    PoolSource: typeof PoolSource;
  }
}
