/**
 * Reads NanoAOD (a ROOT TTree): a product labelled `Jet` with the fields `pt`, `eta` is filled from the branches `Jet_pt`,
 * `Jet_eta`. Any product message can be asked for, and only the branches of consumed products are read.
 */
import {
  appendEvents,
  cms,
  DEFINE_FWK_MODULE,
  type EventBlock,
  type EventID,
  type FieldDescription,
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
  type RootColumn,
  RootTreeReader,
  type SourceProduct,
  untracked,
} from "#framework";

const description = {
  fileNames: untracked.vstring(),
  treeName: untracked.string("Events"),
  skipEvents: untracked.uint32(0),
  eventsPerRange: untracked.uint32(100, {
    comment: "events that a thread claims at once; one cluster of the output",
  }),
};

const processName = "NANO";
const idBranches = ["run", "luminosityBlock", "event"] as const;

interface Token {
  readonly file: number;
  readonly firstEntry: number;
  /** Where the values lie, in shared memory: the threads need not read the tree's description again. */
  readonly directory: Uint8Array;
}

@DEFINE_FWK_MODULE("NanoAODSource")
export class NanoAODSource extends InputSource {
  static readonly description = description;

  readonly #files: readonly string[];
  readonly #treeName: string;
  readonly #skipEvents: number;
  readonly #perRange: number;
  /** By file, from the ranges this thread was given. */
  readonly #directories = new Map<number, Uint8Array>();
  readonly #open = new OpenFiles(
    (file) => this.#openFile(this.#files[file] as string, this.#directories.get(file)),
    (reader) =>
      void reader.then(
        (r) => r.close(),
        () => undefined,
      ),
  );
  #products: readonly SourceProduct[] = [];
  /** The first file: what provides() answers from. */
  #first: RootTreeReader | undefined;

  constructor(pset: ParameterSet<typeof description>) {
    super();
    this.#files = pset
      .getUntrackedParameter("fileNames")
      .map((name) => resolveInputFile(name, "NanoAODSource"));
    this.#treeName = pset.getUntrackedParameter("treeName");
    this.#skipEvents = pset.getUntrackedParameter("skipEvents");
    this.#perRange = Math.max(1, pset.getUntrackedParameter("eventsPerRange"));
    if (this.#files.length === 0) {
      throw new cms.Exception(
        "Configuration",
        "NanoAODSource: fileNames is empty; give at least one NanoAOD file (inputFiles=…).",
      );
    }
  }

  override async open(): Promise<void> {
    this.#first = await this.#open.list(0);
  }

  override history(): readonly one.ProcessConfiguration[] {
    return [{ name: processName, parameterSetId: "", release: "" }];
  }

  /** Asked after open(): says which branch is missing, or of the wrong shape, when it cannot. */
  override provides(type: ProductType<unknown>, tag: InputTag): readonly Provided[] {
    const reader = this.#first;
    if (!reader || (tag.process !== "" && tag.process !== processName) || tag.instance !== "" || !type.fields)
      return [];
    for (const field of type.fields) {
      const refusal = refusalOf(field, tag.label, reader);
      if (refusal) return [{ refusal: `NanoAODSource: ${refusal} (${reader.path})` }];
    }
    return [{ description: { type: type.name, label: tag.label, instance: "", process: processName } }];
  }

  override expectedEvents(limit: number): number | undefined {
    const entries = this.#first?.entryCount;
    return this.#files.length === 1 && entries !== undefined
      ? Math.max(0, Math.min(limit, entries - this.#skipEvents))
      : undefined;
  }

  async *ranges(limit: number): AsyncGenerator<InputRange> {
    let skip = this.#skipEvents;
    let ordinal = 0;
    for (const file of this.#files.keys()) {
      const reader = await this.#open.list(file);
      const { entryCount } = reader;
      const directory = reader.directoryOf(this.#branches());
      for (let entry = Math.min(skip, entryCount); entry < entryCount; ) {
        const count = Math.min(this.#perRange, entryCount - entry, limit - ordinal);
        if (count <= 0) return;
        const columns = await (await this.#open.list(file)).readColumns(
          ["run", "luminosityBlock"],
          entry,
          count,
        );
        yield {
          firstOrdinal: ordinal,
          count,
          segments: segmentsOf(columns, count),
          token: { file, firstEntry: entry, directory },
        };
        entry += count;
        ordinal += count;
      }
      skip -= Math.min(skip, entryCount);
    }
  }

  override setProducts(products: readonly SourceProduct[]): void {
    this.#products = products;
  }

  override async read({ token, count }: InputRange): Promise<EventBlock> {
    const { file, firstEntry, directory } = token as Token;
    this.#directories.set(file, directory);
    const reader = await this.#open.read(file);
    const columns = await reader.readColumns(this.#branches(), firstEntry, count);
    return new NanoAODBlock(columns, this.#products, count);
  }

  override close(): void {
    this.#open.close();
    this.#directories.clear();
  }

  /** What this job reads: the ids, and the branches of the consumed products. */
  #branches(): string[] {
    const ofProducts = this.#products.flatMap(({ description: d, type }) =>
      (type.fields ?? []).map((field) => branchOf(d.label, field)),
    );
    return [...new Set([...idBranches, ...ofProducts])];
  }

  async #openFile(path: string, directory: Uint8Array | undefined): Promise<RootTreeReader> {
    if (directory) return RootTreeReader.openWith(path, directory, this.#treeName);
    const reader = await RootTreeReader.open(path, this.#treeName);
    const missing = idBranches.find((name) => !reader.branches.has(name));
    if (missing) {
      reader.close();
      throw new cms.Exception(
        "FileReadError",
        `NanoAODSource: '${reader.path}' has no branch '${missing}', so it is not NanoAOD; NanoAODSource reads trees with ${idBranches.join(", ")}.`,
      );
    }
    return reader;
  }
}

const branchOf = (label: string, field: FieldDescription) => `${label}_${field.name}`;

function refusalOf(field: FieldDescription, label: string, reader: RootTreeReader): string | undefined {
  const name = branchOf(label, field);
  const branch = reader.branches.get(name);
  if (!branch) return `the file has no branch '${name}', which field '${field.name}' would be read from`;
  if (branch.kind === "unsupported") return `branch '${name}' cannot be read: ${branch.reason}`;
  if (field.kind === "message" || field.kind === "string" || field.kind === "bytes")
    return `field '${field.name}' is a ${field.kind}, which no branch can fill`;
  const isRepeated = branch.counter !== undefined || branch.length > 1;
  if (isRepeated !== field.repeated)
    return `branch '${name}' has ${isRepeated ? "several values" : "one value"} an event, field '${field.name}' the other`;
  return undefined;
}

type Values = RootColumn["values"];
interface TypedArrayClass {
  new (length: number): Values;
  from(values: ArrayLike<number>): Values;
}
const arrays: { readonly [kind: string]: TypedArrayClass | undefined } = {
  float: Float32Array,
  double: Float64Array,
  int32: Int32Array,
  sint32: Int32Array,
  sfixed32: Int32Array,
  enum: Int32Array,
  uint32: Uint32Array,
  fixed32: Uint32Array,
  bool: Uint8Array,
} as { readonly [kind: string]: TypedArrayClass };

/** A column in the array type of the field it fills; 64-bit integers stay exact. */
function converted(values: Values, kind: string): Values {
  const isBig = values instanceof BigInt64Array || values instanceof BigUint64Array;
  if (kind === "int64" || kind === "sint64" || kind === "sfixed64")
    return isBig
      ? new BigInt64Array(values.buffer, values.byteOffset, values.length)
      : BigInt64Array.from(values as Int32Array, BigInt);
  if (kind === "uint64" || kind === "fixed64")
    return isBig
      ? new BigUint64Array(values.buffer, values.byteOffset, values.length)
      : BigUint64Array.from(values as Int32Array, BigInt);
  const wanted = arrays[kind] as TypedArrayClass;
  if (values instanceof wanted) return values;
  return isBig
    ? wanted.from(Array.from(values as BigInt64Array, Number))
    : wanted.from(values as Float32Array);
}

/** The events of a range: columns as read, cut into views when an event asks. */
class NanoAODBlock implements EventBlock {
  readonly #run: Values;
  readonly #luminosityBlock: Values;
  readonly #event: Values;
  readonly #products: {
    name: string;
    values: Values;
    offsets: Uint32Array;
    repeated: boolean;
    isBool: boolean;
  }[][];

  constructor(columns: ReadonlyMap<string, RootColumn>, products: readonly SourceProduct[], count: number) {
    const column = (name: string) => columns.get(name) as RootColumn;
    [this.#run, this.#luminosityBlock, this.#event] = idBranches.map((name) => column(name).values) as [
      Values,
      Values,
      Values,
    ];
    this.#products = products.map(({ description: d, type }) =>
      (type.fields ?? []).map((field) => {
        const { values, offsets: jagged } = column(branchOf(d.label, field));
        const offsets =
          jagged ?? Uint32Array.from({ length: count + 1 }, (_, entry) => (entry * values.length) / count);
        return {
          name: field.name,
          values: converted(values, field.kind),
          offsets,
          repeated: field.repeated,
          isBool: field.kind === "bool",
        };
      }),
    );
  }

  id(entry: number): EventID {
    return {
      run: Number(this.#run[entry]),
      luminosityBlock: Number(this.#luminosityBlock[entry]),
      event: Number(this.#event[entry]),
    };
  }

  product(index: number, entry: number): unknown {
    const product: Record<string, unknown> = {};
    for (const { name, values, offsets, repeated, isBool } of this.#products[index] ?? []) {
      if (repeated) product[name] = values.subarray(offsets[entry], offsets[entry + 1]);
      else product[name] = isBool ? values[entry] !== 0 : values[entry];
    }
    return product;
  }
}

function segmentsOf(columns: ReadonlyMap<string, RootColumn>, count: number): GrowingSegments {
  const runs = (columns.get("run") as RootColumn).values;
  const lumis = (columns.get("luminosityBlock") as RootColumn).values;
  const segments: GrowingSegments = [];
  for (let entry = 0; entry < count; entry++)
    appendEvents(segments, Number(runs[entry]), Number(lumis[entry]));
  return segments;
}

declare module "#framework" {
  interface Sources {
    NanoAODSource: typeof NanoAODSource;
  }
}
