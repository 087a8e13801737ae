/**
 * The thread side of writing tf.Example records: turns a batch of events into framed records, so that the main thread
 * only appends them. Protobuf's wire format by hand: 820 kevt/s of 0 to 8 jets with 5 columns, 440 by protobufjs.
 */
import { gzipSync } from "node:zlib";
import { Exception } from "../../base/errors.js";
import { branchName } from "../../data/BranchDescription.js";
import type { EventID } from "../../data/EventID.js";
import { ByteBuffer } from "../ByteBuffer.js";
import type { FileBranch } from "../eventFileFormat.js";
import { appendRecord } from "../tfrecord.js";
import { columnFor } from "./columns.js";
import { type ExampleColumn, tag } from "./ExampleColumn.js";
import { countName, type ExampleFeature, type ExampleLayout, sourceText } from "./layout.js";
import { NumberColumn } from "./numericColumns.js";
import { fieldSize, writeFieldHead } from "./varint.js";

/** "GZIP" and "" are the words of tf.data's compression_type. */
export type Compression = "GZIP" | "";

/** Framed records; with GZIP one member of a gzip file, which may have many. */
export interface EncodedExamples {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where each record ends in the bytes before compression. */
  readonly ends: Uint32Array<ArrayBuffer>;
}

/** A feature with what is written before its values. */
interface Writer {
  readonly feature: ExampleFeature;
  readonly column: ExampleColumn;
  /** Protobuf's field `key` of a map entry. */
  readonly key: Uint8Array;
  readonly isPerRow: boolean;
  listSize: number;
}

export class ExampleEncoder {
  readonly #layout: ExampleLayout;
  readonly #compression: Compression;
  readonly #writers: readonly Writer[];
  /** Those whose columns must be of one length, and the column that tells it. */
  readonly #groups: readonly { readonly writers: readonly Writer[]; readonly count: NumberColumn }[];
  readonly #row = new NumberColumn();
  readonly #records = new ByteBuffer();

  constructor(layout: ExampleLayout, compression: Compression = "") {
    this.#layout = layout;
    this.#compression = compression;
    this.#writers = layout.features.map((feature) => this.#writer(feature));
    this.#groups = this.#grouped();
  }

  #writer(feature: ExampleFeature): Writer {
    const { source, name } = feature;
    const key = new Uint8Array(fieldSize(name.length));
    key.set(Buffer.from(name), writeFieldHead(key, 0, tag.first, name.length));
    const isField = source.from === "field";
    const inField = isField ? columnFor(source.field, sourceText(source, this.#layout.products)) : undefined;
    const column = inField ?? (source.from === "row" ? this.#row : new NumberColumn());
    const isPerRow = isField && source.field.repeated;
    return { feature, column, key, isPerRow, listSize: 0 };
  }

  #grouped() {
    const perRow = this.#writers.filter(({ isPerRow }) => isPerRow);
    if (this.#layout.granularity === "row") return [{ writers: perRow, count: new NumberColumn() }];
    return this.#writers.flatMap(({ feature: { source }, column }) => {
      if (source.from !== "count") return [];
      const writers = perRow.filter(
        ({ feature }) =>
          feature.source.from === "field" &&
          countName(this.#product(feature.source.product)) === source.group,
      );
      return [{ writers, count: column as NumberColumn }];
    });
  }

  #product(index: number): FileBranch {
    return this.#layout.products[index] as FileBranch;
  }

  /**
   * @param products the product of `product` (index in the layout) in event `event`, undefined where it is absent
   * @throws ProductNotFound for an event without one of the products; InsertFailure for a product that is not as its
   *   type declares, and for columns of different length where they must be rows
   */
  encode(ids: readonly EventID[], products: (product: number, event: number) => unknown): EncodedExamples {
    const records = this.#records.clear();
    const ends: number[] = [];
    for (let event = 0; event < ids.length; event++) {
      this.#load(ids[event] as EventID, event, products);
      if (this.#layout.granularity === "event") ends.push(this.#append(records, 0, undefined));
      else {
        const rows = this.#groups[0]?.count.value ?? 0;
        for (let row = 0; row < rows; row++) ends.push(this.#append(records, row, row + 1));
      }
    }
    return { bytes: this.#packed(records), ends: Uint32Array.from(ends) };
  }

  #packed(records: ByteBuffer): Uint8Array<ArrayBuffer> {
    const written = records.written();
    return this.#compression === "GZIP" ? new Uint8Array(gzipSync(written)) : written.slice();
  }

  #load(id: EventID, event: number, products: (product: number, event: number) => unknown): void {
    for (const { feature, column } of this.#writers) {
      const { source } = feature;
      if (source.from === "count" || source.from === "row") continue;
      if (source.from !== "field") column.load(id[source.from]);
      else column.load(this.#present(products(source.product, event), source.product, id)[source.field.name]);
    }
    for (const { writers, count } of this.#groups) {
      const first = writers[0] as Writer;
      count.load(first.column.length);
      for (const other of writers)
        if (other.column.length !== first.column.length) throw this.#unequal(first, other, id);
    }
  }

  #present(
    product: unknown,
    index: number,
    { run, luminosityBlock, event }: EventID,
  ): Record<string, unknown> {
    if (typeof product === "object" && product !== null) return product as Record<string, unknown>;
    throw new Exception(
      "ProductNotFound",
      `run ${run}, lumi ${luminosityBlock}, event ${event} has no ${branchName(this.#product(index).description)}; ` +
        "let SelectEvents name the path that makes it, so that only events with it are written.",
    );
  }

  #unequal(first: Writer, other: Writer, { run, luminosityBlock, event }: EventID): Exception {
    const [a, b] = [first, other].map(
      ({ feature, column }) => `'${sourceText(feature.source, this.#layout.products)}' has ${column.length}`,
    );
    const { granularity } = this.#layout;
    const remedy =
      granularity === "row"
        ? 'write them into two files, or choose granularity "event"'
        : "write them into two files, or set rowCounts to false";
    return new Exception(
      "InsertFailure",
      `run ${run}, lumi ${luminosityBlock}, event ${event}: ${a} rows, ${b}; ${remedy}.`,
    );
  }

  /** Appends one record with rows [from, to) of the columns; `to` undefined: all. Gives where it ends. */
  #append(records: ByteBuffer, from: number, to: number | undefined): number {
    this.#row.value = from;
    let size = 0;
    for (const writer of this.#writers) {
      const { column, key, isPerRow } = writer;
      const isPart = isPerRow && to !== undefined;
      writer.listSize = column.measure(isPart ? from : 0, isPart ? to : column.length);
      size += fieldSize(key.length + fieldSize(fieldSize(writer.listSize)));
    }
    appendRecord(records, () => this.#write(records, size, from, to));
    return records.size;
  }

  /** Example { features { feature { key, value { list } }… } }. */
  #write(records: ByteBuffer, size: number, from: number, to: number | undefined): void {
    const start = records.reserve(fieldSize(size));
    const { bytes } = records;
    let at = writeFieldHead(bytes, start, tag.first, size);
    for (const { column, key, isPerRow, listSize } of this.#writers) {
      const isPart = isPerRow && to !== undefined;
      const featureSize = fieldSize(listSize);
      at = writeFieldHead(bytes, at, tag.first, key.length + fieldSize(featureSize));
      // `bytes.set` costs more than so few bytes.
      for (let i = 0; i < key.length; i++) bytes[at++] = key[i] as number;
      at = writeFieldHead(bytes, at, tag.second, featureSize);
      at = writeFieldHead(bytes, at, column.listTag, listSize);
      at = column.write(records, at, isPart ? from : 0, isPart ? to : column.length);
    }
  }
}
