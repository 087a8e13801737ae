/**
 * What is in each tf.Example of a file: the features in order, what they hold and where they come from. Everything else
 * follows from this one description: the encoder, the JSON and the Python beside the records.
 */
import { Exception } from "../../base/errors.js";
import { branchName } from "../../data/BranchDescription.js";
import type { FieldDescription } from "../../data/ProductType.js";
import type { FileBranch } from "../eventFileFormat.js";
import { type Storage, storageOf } from "../storage.js";
import type { ChosenColumn } from "./chooseColumns.js";

/** One Example an event with lists of varying length, or one a row: a jet, say, with the event's id in each. */
export type Granularity = "event" | "row";

/** All that a tf.Example can hold. */
export type ExampleType = "float32" | "int64" | "string";

export type FeatureSource =
  | { readonly from: "run" | "luminosityBlock" | "event" | "row" }
  /** The common length of the repeated columns with this `group`. */
  | { readonly from: "count"; readonly group: string }
  | { readonly from: "field"; readonly product: number; readonly field: FieldDescription };

export interface ExampleFeature {
  readonly name: string;
  readonly type: ExampleType;
  /** Whether it has any number of values in an Example, or exactly one. */
  readonly isList: boolean;
  /** With the unit in square brackets. */
  readonly description: string;
  readonly source: FeatureSource;
}

export interface ExampleLayout {
  readonly granularity: Granularity;
  readonly features: readonly ExampleFeature[];
  /** What `product` of a FeatureSource counts. */
  readonly products: readonly FileBranch[];
}

export interface LayoutOptions {
  readonly granularity: Granularity;
  /** Whether double fields may be rounded to the float32 of a tf.Example. */
  readonly doubleAsFloat: boolean;
  /** Whether an event's Example tells how many rows each product has; the columns of one must then be equally long. */
  readonly rowCounts: boolean;
}

const types: Record<Storage, ExampleType | undefined> = {
  float32: "float32",
  float64: "float32",
  int32: "int64",
  uint32: "int64",
  int64: "int64",
  uint64: "int64",
  bool: "int64",
  string: "string",
  bytes: "string",
  message: undefined,
};

const idFeatures: readonly ExampleFeature[] = [
  scalar("run", "run number of the event [1]", { from: "run" }),
  scalar("luminosityBlock", "luminosity block of the event [1]", { from: "luminosityBlock" }),
  scalar("event", "event number [1]", { from: "event" }),
];
const rowFeature = scalar("row", "which row of the event, from 0 [1]", { from: "row" });

/**
 * @param owner begins every error
 * @throws Configuration for a column that a tf.Example cannot hold, two features of one name, and a file of rows without
 *   a repeated column
 */
export function exampleLayout(
  columns: readonly ChosenColumn[],
  products: readonly FileBranch[],
  options: LayoutOptions,
  owner: string,
): ExampleLayout {
  const { granularity, rowCounts } = options;
  for (const column of columns) checkType(column, options, owner);
  if (granularity === "row" && !columns.some(({ field }) => field.repeated)) {
    throw new Exception(
      "Configuration",
      `${owner}: granularity "row" needs a column with one value a row, but all features have one an event; choose granularity "event".`,
    );
  }
  const counts = granularity === "event" && rowCounts ? countFeatures(columns) : [];
  const fields = columns.map(({ name, branch, field }): ExampleFeature => {
    const product = products.findIndex(
      ({ description }) => branchName(description) === branchName(branch.description),
    );
    const type = types[storageOf(field)] as ExampleType;
    const isList = field.repeated && granularity === "event";
    return { name, type, isList, description: field.description, source: { from: "field", product, field } };
  });
  const rows = granularity === "row" ? [rowFeature] : [];
  const features = [...idFeatures, ...rows, ...counts, ...fields];
  checkNames(features, products, owner);
  return { granularity, features, products };
}

function scalar(name: string, description: string, source: FeatureSource): ExampleFeature {
  return { name, type: "int64", isList: false, description, source };
}

/** As in NanoAOD: `nJet` counts the rows of what is labelled `Jet`. */
export function countName({ description: { label, instance } }: FileBranch): string {
  return instance === "" ? `n${label}` : `n${label}_${instance}`;
}

function countFeatures(columns: readonly ChosenColumn[]): ExampleFeature[] {
  const names = new Set(columns.filter(({ field }) => field.repeated).map(({ branch }) => countName(branch)));
  return [...names].map((name) =>
    scalar(name, `number of rows of ${name.slice(1)} [1]`, { from: "count", group: name }),
  );
}

function checkType({ branch, field }: ChosenColumn, { doubleAsFloat }: LayoutOptions, owner: string): void {
  const column = `${branchName(branch.description)}${field.name}`;
  const refuse = (why: string) => new Exception("Configuration", `${owner}: '${column}' ${why}.`);
  if (field.kind === "message") {
    throw refuse(
      "is a nested message; a tf.Example holds flat lists of numbers and strings: write a producer that fills plain fields",
    );
  }
  if (field.kind === "double" && !doubleAsFloat) {
    throw refuse(
      "is a double; a tf.Example has float32 only: declare it float in its .proto file, or set doubleAsFloat to round it",
    );
  }
}

function checkNames(features: readonly ExampleFeature[], products: readonly FileBranch[], owner: string) {
  const seen = new Map<string, ExampleFeature>();
  for (const feature of features) {
    const other = seen.get(feature.name);
    if (other) {
      const text = [other, feature].map(({ source }) => sourceText(source, products)).join(" and ");
      throw new Exception(
        "Configuration",
        `${owner}: two features have the name '${feature.name}': ${text}; write only one of them, by its branch name, or give one a name of its own: "other_name=Type_label_instance_process.field".`,
      );
    }
    seen.set(feature.name, feature);
  }
}

/** What a feature is made of, for messages and comments: `JetCollection_Jet__NANO.pt`, or what the module adds. */
export function sourceText(source: FeatureSource, products: readonly FileBranch[]): string {
  if (source.from === "field") {
    const branch = products[source.product] as FileBranch;
    return `${branchName(branch.description)}${source.field.name}`;
  }
  if (source.from === "count") return `the row count '${source.group}'`;
  return `the event's ${source.from}`;
}
