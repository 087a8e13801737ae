/**
 * Writes columns of the selected events' products as tf.Example records, from which tf.data trains a model, and beside
 * them what is in them: NAME.features.json and NAME_features.py with the Python that reads them.
 */
import { readdirSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import {
  chooseColumns,
  cms,
  type Compression,
  DEFINE_FWK_MODULE,
  descriptionPaths,
  type EncodedExamples,
  ExampleEncoder,
  type ExampleLayout,
  exampleLayout,
  featuresJson,
  featuresPython,
  type Granularity,
  InputTag,
  isPattern,
  LogWarning,
  one,
  type ParameterSet,
  parseColumnRule,
  ProductType,
  type RecordShard,
  replaceFile,
  TFRecordWriter,
  untracked,
  vstring,
} from "#framework";

const description = {
  fileName: untracked.string(),
  features: untracked.vstring(undefined, {
    comment:
      'columns in order: "label.field", "Type_label_instance_process.field" or "name=label.field"; * and ? are wildcards. ' +
      "A type that is named is read from the input even where no other module reads it.",
  }),
  granularity: untracked.string("event", {
    allowed: ["event", "row"],
    comment: "one record an event, with lists; or one a row (a jet, say), with the event's id in each",
  }),
  compression: untracked.string("", { allowed: ["", "GZIP"], comment: "as tf.data's compression_type" }),
  recordsPerShard: untracked.uint32(0, {
    comment: "records a file, then named fileName-00000-of-00003; 0: one file",
  }),
  rowCounts: untracked.bool(true, {
    comment:
      "whether a record an event has the number of rows of each product (nJet); its columns must then be equally long",
  }),
  doubleAsFloat: untracked.bool(false, { comment: "whether double fields are rounded to float32" }),
  SelectEvents: untracked.pset({
    SelectEvents: vstring([], { comment: "names of paths; empty = every event" }),
  }),
};
type Config = ParameterSet<typeof description>;

/** Files that this process is writing: two modules must not write the same one. */
const openFiles = new Set<string>();

/** A batch as it goes to the main thread. */
interface EncodedBatch extends EncodedExamples {
  readonly events: number;
}

@DEFINE_FWK_MODULE("TFRecordOutputModule")
export class TFRecordOutputModule extends one.OutputModule {
  static readonly description = description;

  /** In place of outputCommands: the products that `features` names. */
  static selectProducts(
    pset: Config,
    candidates: readonly one.KeptProduct[],
    owner: string,
  ): readonly one.KeptProduct[] {
    return layoutOf(pset, candidates, owner).products as readonly one.KeptProduct[];
  }

  readonly #pset: Config;
  readonly #fileName: string;
  readonly #path: string;
  readonly #compression: Compression;
  #layout: ExampleLayout | undefined;
  #encoder: ExampleEncoder | undefined;
  #writer: TFRecordWriter | undefined;
  #events = 0;

  constructor(pset: Config) {
    super();
    this.#pset = pset;
    this.#fileName = pset.getUntrackedParameter("fileName").replace(/^file:/, "");
    this.#path = resolve(this.#fileName);
    this.#compression = pset.getUntrackedParameter("compression") as Compression;
    for (const { type, label, instance, process } of rulesOf(pset, "TFRecordOutputModule")) {
      const known = ProductType.declared.get(type);
      if (!known || isPattern(label)) continue;
      const [exactInstance, exactProcess] = [instance, process].map((part) => (isPattern(part) ? "" : part));
      this.consumes(known, new InputTag(label, exactInstance, exactProcess));
    }
  }

  setProducts(products: readonly one.KeptProduct[]): void {
    this.#layout = layoutOf(this.#pset, products, "TFRecordOutputModule");
    this.#encoder = new ExampleEncoder(this.#layout, this.#compression);
  }

  openFile(): void {
    if (openFiles.has(this.#path)) {
      throw new cms.Exception(
        "Configuration",
        `TFRecordOutputModule: file '${this.#fileName}' is written by two output modules; give each a fileName of its own.`,
      );
    }
    this.#writer = new TFRecordWriter(this.#fileName, {
      compression: this.#compression,
      recordsPerShard: this.#pset.getUntrackedParameter("recordsPerShard"),
    });
    openFiles.add(this.#path);
  }

  encode({ ids, products }: one.EventBatch): EncodedBatch {
    const encoder = this.#encoder as ExampleEncoder;
    return { ...encoder.encode(ids, (product, event) => products[event]?.[product]), events: ids.length };
  }

  write(batch: EncodedBatch): void {
    this.#writer?.append(batch);
    this.#events += batch.events;
  }

  closeFile(complete: boolean): string {
    const writer = this.#writer;
    if (!writer) return "";
    this.#writer = undefined;
    openFiles.delete(this.#path);
    if (complete) return this.#complete(writer);
    writer.abandon();
    if (writer.recordCount === 0) return "";
    return `The ${writer.recordCount} records written before the error are in ${writer.partialPaths.join(", ")}`;
  }

  #complete(writer: TFRecordWriter): string {
    const files = writer.close();
    this.#describe(files);
    warnOfOlder(this.#path, files);
    const what = files.length === 1 ? files[0]?.name : `the ${files.length} files ${this.#fileName}-*`;
    return `Closed ${what} with ${writer.recordCount} records, described in ${descriptionPaths(this.#fileName).python}`;
  }

  #describe(files: readonly RecordShard[]): void {
    const layout = this.#layout as ExampleLayout;
    const set = { layout, compression: this.#compression, files, events: this.#events };
    const { json, python } = descriptionPaths(this.#fileName);
    try {
      replaceFile(json, featuresJson(set));
      replaceFile(python, featuresPython(set, this.#fileName));
    } catch (cause) {
      const why = (cause as Error).message;
      throw new cms.Exception("FileWriteError", `cannot describe '${this.#fileName}': ${why}.`, { cause });
    }
  }
}

function rulesOf(pset: Config, owner: string) {
  const rules = pset.getUntrackedParameter("features").map((text) => parseColumnRule(text, owner));
  if (rules.length > 0) return rules;
  throw new cms.Exception(
    "Configuration",
    `${owner}: features is empty; name the columns to write, for example cms.untracked.vstring("Jet.pt", "scores.*").`,
  );
}

function layoutOf(pset: Config, candidates: readonly one.KeptProduct[], owner: string): ExampleLayout {
  const columns = chooseColumns(rulesOf(pset, owner), candidates, owner);
  const products = candidates.filter((candidate) => columns.some(({ branch }) => branch === candidate));
  const options = {
    granularity: pset.getUntrackedParameter("granularity") as Granularity,
    doubleAsFloat: pset.getUntrackedParameter("doubleAsFloat"),
    rowCounts: pset.getUntrackedParameter("rowCounts"),
  };
  return exampleLayout(columns, products, options, owner);
}

/** A pattern such as train.tfrecord-* would read the parts of an earlier job too. */
function warnOfOlder(path: string, files: readonly RecordShard[]): void {
  const isPart = (name: string) =>
    name.startsWith(basename(path)) && /^-\d{5}-of-\d{5}$/.test(name.slice(basename(path).length));
  const own = new Set(files.map(({ name }) => name));
  const older = readdirSync(dirname(path)).filter((name) => isPart(name) && !own.has(name));
  if (older.length === 0) return;
  LogWarning(
    "TFRecordOutputModule",
    `${older.length} parts of an earlier '${path}' are still there (${older[0]}); remove them, or read only what NAME_features.py lists.`,
  );
}

declare module "#framework" {
  interface OutputModules {
    TFRecordOutputModule: typeof TFRecordOutputModule;
  }
}
