/**
 * Event files as a dataset: columns of products, row by row or event by event, as tensors for predictors and inferencers.
 * Files may be .edm or ROOT with NanoAOD's names; for jobs with modules there is cmsrun.
 */
import { Exception } from "../base/errors.js";
import { type DataOf, type DType, newData } from "../tensorflow/dtypes.js";
import { setElement } from "../tensorflow/elements.js";
import { Tensor } from "../tensorflow/Tensor.js";
import { type EventColumns, openEvents } from "./eventColumns.js";

/** One tensor: rows of these columns, shape [rows, columns], or [rows] for a single `column`. */
export interface TensorColumns {
  /** "label", "label:instance" or "label:instance:process"; in a ROOT file the part of a branch's name before "_". */
  readonly product: string;
  readonly columns?: readonly string[];
  readonly column?: string;
  /** float32, if not given. */
  readonly dtype?: DType;
}

export interface EventDatasetOptions {
  /** What one element is: an event's rows (the default), so many rows, the last element with what is left, or one row without its axis. */
  readonly each?: "event" | "row" | number;
  /** All, if not given. */
  readonly maxEvents?: number;
}

export class EventDataset implements AsyncIterable<Tensor[]> {
  readonly #fileNames: readonly string[];
  readonly #tensors: Readonly<Record<string, TensorColumns>>;
  readonly #each: "event" | "row" | number;
  readonly #maxEvents: number;

  /** `tensors`: by name, in the order in which a predictor takes them. @throws Configuration for wrong options */
  constructor(
    fileNames: string | readonly string[],
    tensors: Readonly<Record<string, TensorColumns>>,
    { each = "event", maxEvents = Number.POSITIVE_INFINITY }: EventDatasetOptions = {},
  ) {
    this.#fileNames = [fileNames].flat();
    this.#tensors = tensors;
    this.#each = each;
    this.#maxEvents = maxEvents;
    if (typeof each === "number" ? !(Number.isInteger(each) && each >= 1) : !["event", "row"].includes(each))
      throw wrong(`'each' is ${JSON.stringify(each)}; it may be "event", "row" or a number of rows`);
    for (const [name, { columns, column }] of Object.entries(tensors)) {
      if ((columns === undefined) === (column === undefined) || columns?.length === 0)
        throw wrong(`tensor '${name}' needs either 'column' or a list of 'columns'`);
    }
    if (Object.keys(tensors).length === 0) throw wrong("it has no tensors");
  }

  /** Every element's tensors in their order. @throws FileOpenError, FileReadError; Configuration for what is not in a file */
  async *[Symbol.asyncIterator](): AsyncGenerator<Tensor[], void, undefined> {
    const gathering = new Gathering(this.#tensors);
    let left = this.#maxEvents;
    for (const fileName of this.#fileNames) {
      if (left <= 0) break;
      const columns = Object.values(this.#tensors).flatMap((wanted) =>
        columnsOf(wanted).map((column) => ({ product: wanted.product, column })),
      );
      for await (const event of openEvents(fileName, columns)) {
        if (left-- <= 0) break;
        gathering.add(event, fileName);
        if (this.#each === "event") yield gathering.take(gathering.rows);
        else yield* this.#complete(gathering);
      }
    }
    if (gathering.rows > 0) yield gathering.take(gathering.rows);
  }

  /** The same, each element as an object. */
  async *named(): AsyncGenerator<Record<string, Tensor>, void, undefined> {
    const names = Object.keys(this.#tensors);
    for await (const tensors of this)
      yield Object.fromEntries(names.map((name, i) => [name, tensors[i] as Tensor]));
  }

  *#complete(gathering: Gathering): Generator<Tensor[]> {
    const count = this.#each === "row" ? 1 : (this.#each as number);
    while (gathering.rows >= count) {
      const tensors = gathering.take(count);
      yield this.#each === "row"
        ? tensors.map(({ dtype, shape, data }) => new Tensor<DType>(dtype, shape.slice(1), data))
        : tensors;
    }
  }
}

/** Rows that have been read and not yet given. */
class Gathering {
  readonly #tensors: readonly (readonly [name: string, wanted: TensorColumns])[];
  /** A list of elements for each tensor, row-major. */
  readonly #elements: unknown[][];
  rows = 0;

  constructor(tensors: Readonly<Record<string, TensorColumns>>) {
    this.#tensors = Object.entries(tensors);
    this.#elements = this.#tensors.map(() => []);
  }

  /** @throws Configuration when the columns of an event differ in length */
  add(event: EventColumns, fileName: string): void {
    let rows: number | undefined;
    for (const [i, [name, wanted]] of this.#tensors.entries()) {
      const columns = columnsOf(wanted).map((column) => event(wanted.product, column));
      for (const [j, column] of columns.entries()) {
        rows ??= column.length;
        if (column.length === rows) continue;
        const what = `${wanted.product}.${columnsOf(wanted)[j]} of tensor '${name}'`;
        throw wrong(
          `in an event of '${fileName}', ${what} has ${column.length} rows where others have ${rows}`,
        );
      }
      const into = this.#elements[i] as unknown[];
      for (let row = 0; row < (rows ?? 0); row++) for (const column of columns) into.push(column[row]);
    }
    this.rows += rows ?? 0;
  }

  take(count: number): Tensor[] {
    this.rows -= count;
    return this.#tensors.map(([name, wanted], i) => {
      const { dtype = "float32", columns } = wanted;
      const width = columns?.length ?? 1;
      const taken = (this.#elements[i] as unknown[]).splice(0, count * width);
      const data = newData(dtype, taken.length);
      for (let k = 0; k < taken.length; k++) {
        const value = dtype.startsWith("float") ? Number(taken[k]) : taken[k];
        if (!setElement(dtype, data, k, value))
          throw wrong(
            `tensor '${name}' is ${dtype}, but a value is ${String(value)}; give it another 'dtype'`,
          );
      }
      return new Tensor(dtype, columns ? [count, width] : [count], data as DataOf[DType]);
    });
  }
}

function columnsOf({ columns, column }: TensorColumns): readonly string[] {
  return columns ?? [column as string];
}

function wrong(what: string): Exception {
  return new Exception("Configuration", `EventDataset: ${what}.`);
}
