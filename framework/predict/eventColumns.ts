/** The events of one file, each a way to ask for columns of its products: from .edm and from ROOT files alike. */
import { suggestion } from "../base/didYouMean.js";
import { Exception } from "../base/errors.js";
import { EventFileReader } from "../io/EventFileReader.js";
import { type RootColumn, RootTreeReader } from "../io/root/RootTreeReader.js";
import { InputTag } from "../parameters/InputTag.js";

/** One value a row; a field that is no list is one row. */
export type ColumnValues = ArrayLike<unknown>;
export type EventColumns = (product: string, column: string) => ColumnValues;

export interface WantedColumn {
  readonly product: string;
  readonly column: string;
}

/** Entries of a ROOT file that are read at once. */
const entriesAtOnce = 1000;

/** @throws FileOpenError, FileReadError; Configuration naming a product or column that the file does not have */
export function openEvents(fileName: string, wanted: readonly WantedColumn[]): AsyncGenerator<EventColumns> {
  return fileName.endsWith(".root") ? rootEvents(fileName, wanted) : edmEvents(fileName, wanted);
}

async function* edmEvents(fileName: string, wanted: readonly WantedColumn[]): AsyncGenerator<EventColumns> {
  const reader = new EventFileReader(fileName);
  try {
    const branches = new Map(
      wanted.map(({ product, column }) => [product, findBranch(reader, product, column)]),
    );
    for (let cluster = 0; cluster < reader.clusters.length; cluster++) {
      const columns = new Map(
        [...branches].map(([product, branch]) => {
          const { type } = reader.header.branches[branch] as EventFileReader["header"]["branches"][number];
          return [product, reader.column(cluster, branch, type)] as const;
        }),
      );
      const { eventCount } = reader.clusters[cluster] as EventFileReader["clusters"][number];
      for (let event = 0; event < eventCount; event++) {
        yield (product, column) => {
          const message = columns.get(product)?.get(event) as Record<string, unknown> | undefined;
          if (!message) return [];
          const value = message[column];
          return Array.isArray(value) || ArrayBuffer.isView(value) ? (value as never) : [value];
        };
      }
    }
  } finally {
    reader.close();
  }
}

/** The branch of the newest process that has the product. */
function findBranch(reader: EventFileReader, product: string, column: string): number {
  const tag = InputTag.parse(product);
  const { branches } = reader.header;
  const found = branches.findLastIndex(
    ({ description: { label, instance, process } }) =>
      label === tag?.label && instance === tag.instance && (tag.process === "" || tag.process === process),
  );
  const type = branches[found]?.type;
  if (!type) {
    const labels = branches.map(({ description: { label, instance } }) =>
      new InputTag(label, instance).toString(),
    );
    throw notThere(`'${reader.path}' has no product '${product}'${suggestion(product, labels)}`);
  }
  const names = (type.fields ?? []).filter(({ kind }) => kind !== "message").map(({ name }) => name);
  if (!names.includes(column))
    throw notThere(
      `product '${product}' (${type.name}) of '${reader.path}' has no column '${column}'${suggestion(column, names)}`,
    );
  return found;
}

async function* rootEvents(fileName: string, wanted: readonly WantedColumn[]): AsyncGenerator<EventColumns> {
  const reader = await RootTreeReader.open(fileName);
  try {
    const nameOf = ({ product, column }: WantedColumn) => `${product}_${column}`;
    const names = [...new Set(wanted.map(nameOf))];
    for (let first = 0; first < reader.entryCount; first += entriesAtOnce) {
      const count = Math.min(entriesAtOnce, reader.entryCount - first);
      const columns = await reader.readColumns(names, first, count);
      for (let entry = 0; entry < count; entry++) {
        yield (product, column) => {
          const name = nameOf({ product, column });
          const { values, offsets } = columns.get(name) as RootColumn;
          const length = values.length / count;
          return offsets
            ? values.subarray(offsets[entry], offsets[entry + 1])
            : values.subarray(entry * length, (entry + 1) * length);
        };
      }
    }
  } finally {
    reader.close();
  }
}

function notThere(what: string): Exception {
  return new Exception("Configuration", `EventDataset: ${what}.`);
}
