/** Rows gathered from the products of events into named tensors: what a module gives to a model, and to inferencers. */
import { suggestion } from "../base/didYouMean.js";
import { Exception } from "../base/errors.js";
import { ProductType } from "../data/ProductType.js";
import type { Tensor } from "../tensorflow/Tensor.js";
import { type Column, type ColumnDType, ColumnTensor } from "./ColumnTensor.js";

/** Which fields of which product become a tensor. */
export interface TensorSource {
  readonly tensor: string;
  /** Name of a ProductType; its module is for the caller to say. */
  readonly product: string;
  /** Fields of numbers: repeated ones give a value a row, single ones the same value to all rows of an event. */
  readonly columns: readonly string[];
  readonly dtype: ColumnDType;
  /** "vector": [rows] when there is one column; else [rows, columns]. */
  readonly shape: "vector" | "matrix";
  /** Values that become 1, all others 0. */
  readonly oneWhere?: readonly number[] | undefined;
}

export class EventBatch {
  /** What the products of an event are, in the order of the sources. */
  readonly types: readonly ProductType<unknown>[];
  readonly #sources: readonly TensorSource[];
  readonly #tensors: readonly ColumnTensor[];
  #columns: readonly (readonly Column[])[] = [];
  #rowCount = 0;

  /** @throws Configuration for unknown products or fields, or fields that are no numbers */
  constructor(sources: readonly TensorSource[]) {
    this.#sources = sources;
    this.types = sources.map(productType);
    this.#tensors = sources.map(({ dtype, columns, shape, oneWhere }) => {
      return new ColumnTensor(dtype, columns.length, shape, oneWhere);
    });
  }

  /** Rows since the last clear(). */
  get rowCount(): number {
    return this.#rowCount;
  }

  /**
   * Takes up the products of an event and gives its number of rows: the length of its columns, 1 when all are single
   * values. append() then takes rows of it.
   * @throws InvalidEvaluation when columns differ in length
   */
  open(products: readonly unknown[]): number {
    let rows: number | undefined;
    this.#columns = this.#sources.map(({ columns, tensor }, index) =>
      columns.map((name) => {
        const column = (products[index] as Readonly<Record<string, Column>>)[name] as Column;
        if (typeof column !== "object") return column;
        rows ??= column.length;
        if (column.length === rows) return column;
        throw new Exception(
          "InvalidEvaluation",
          `tensor '${tensor}': column '${name}' has ${column.length} values, those before it have ${rows}.`,
        );
      }),
    );
    return rows ?? 1;
  }

  append(from: number, to: number): void {
    for (const [index, tensor] of this.#tensors.entries())
      tensor.append(this.#columns[index] as readonly Column[], from, to);
    this.#rowCount += to - from;
  }

  /** The rows as tensors, by name; valid until the next append(). */
  tensors(): Record<string, Tensor> {
    return Object.fromEntries(
      this.#tensors.map((tensor, index) => [(this.#sources[index] as TensorSource).tensor, tensor.tensor]),
    );
  }

  clear(): void {
    this.#rowCount = 0;
    for (const tensor of this.#tensors) tensor.clear();
  }
}

function productType({ tensor, product, columns }: TensorSource): ProductType<unknown> {
  const who = `tensor '${tensor}'`;
  const type = ProductType.declared.get(product);
  if (!type?.fields)
    throw refused(`${who}: unknown product '${product}'`, product, ProductType.declared.keys());
  if (columns.length === 0) throw refused(`${who}: columns is empty; name fields of ${product}`);
  const isText = (kind: string) => kind === "message" || kind === "string" || kind === "bytes";
  const numbers = type.fields.filter(({ kind }) => !isText(kind)).map(({ name }) => name);
  const wrong = columns.find((name) => !numbers.includes(name));
  if (wrong !== undefined)
    throw refused(`${who}: ${product} has no field of numbers '${wrong}'`, wrong, numbers);
  return type;
}

function refused(what: string, wrong?: string, known?: Iterable<string>): Exception {
  const hint = wrong === undefined || known === undefined ? "" : suggestion(wrong, known);
  return new Exception("Configuration", hint.endsWith("?") ? what + hint : `${what}${hint}.`);
}
