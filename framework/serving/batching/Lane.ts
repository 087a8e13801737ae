/** The queue of the requests that fit together: same dtypes, and same shapes but for the rows. First in, first out. */
import { newData, type TensorData } from "../../tensorflow/dtypes.js";
import type { TensorLike } from "../../tensorflow/Tensor.js";
import { copyRows, layoutOf, type RowLayout } from "./copyRows.js";
import type { Part } from "./PendingRequest.js";

interface Gathered {
  readonly layout: RowLayout;
  readonly elementsPerRow: number;
  data: TensorData;
}

export class Lane {
  /** The first request that came: what all others are like. */
  readonly #like: readonly TensorLike[];
  readonly #dimension: number;
  #head: Part | undefined;
  #tail: Part | undefined;
  readonly #gathered: Gathered[];
  /** Batch size → the tensors that a batch is put together in, views on the arrays of `#gathered`. */
  #batches: (readonly TensorLike[] | undefined)[] = [];

  constructor(like: readonly TensorLike[], dimension: number) {
    // Not the tensors themselves: their data would be kept.
    this.#like = like.map(({ dtype, shape }) => ({ dtype, shape: [...shape], data: newData(dtype, 0) }));
    this.#dimension = dimension;
    this.#gathered = this.#like.map(({ dtype, shape }) => {
      const layout = layoutOf(shape, dimension);
      return { layout, elementsPerRow: layout.inner * layout.outer, data: newData(dtype, 0) };
    });
  }

  fits(inputs: readonly TensorLike[]): boolean {
    const like = this.#like;
    if (inputs.length !== like.length) return false;
    for (let i = 0; i < like.length; i++) {
      const { dtype, shape } = inputs[i] as TensorLike;
      const known = like[i] as TensorLike;
      if (dtype !== known.dtype || shape.length !== known.shape.length) return false;
      for (let axis = 0; axis < shape.length; axis++)
        if (shape[axis] !== known.shape[axis] && axis !== this.#dimension) return false;
    }
    return true;
  }

  push(part: Part): void {
    if (this.#tail) this.#tail.next = part;
    else this.#head = part;
    this.#tail = part;
  }

  /** The part that has waited longest; those whose requests are settled already are dropped. */
  get first(): Part | undefined {
    while (this.#head?.request.isSettled) this.#shift();
    return this.#head;
  }

  /** Lets go of what is settled, wherever it stands. */
  purge(): void {
    let part = this.first;
    this.#head = undefined;
    this.#tail = undefined;
    while (part) {
      const { next } = part;
      part.next = undefined;
      if (!part.request.isSettled) this.push(part);
      part = next;
    }
  }

  /** The next batch: parts in the order of their coming, as many as `maxRows` holds. */
  take(maxRows: number): Part[] {
    const parts: Part[] = [];
    let rows = 0;
    for (let part = this.first; part && rows + part.rows <= maxRows; part = this.first) {
      this.#shift();
      parts.push(part);
      rows += part.rows;
      // Without rows there is nothing to batch, and a model may see it otherwise.
      if (part.rows === 0 || this.first?.rows === 0) break;
    }
    return parts;
  }

  /** Puts the rows of parts together as `size` rows: those beyond are copies of the last. Valid until the next call. */
  gather(parts: readonly Part[], rows: number, size: number): readonly TensorLike[] {
    const [first] = parts as [Part];
    // A request that is a batch by itself need not be copied.
    if (first.rows === size && first.request.rows === size) return first.request.inputs;
    const batch = this.#batches[size] ?? this.#makeBatch(size);
    for (let i = 0; i < batch.length; i++) {
      const { data } = batch[i] as TensorLike;
      const { layout } = this.#gathered[i] as Gathered;
      const target = { data, rowCount: size, from: 0 };
      for (let p = 0; p < parts.length; p++) {
        const { request, from, rows: count } = parts[p] as Part;
        const source = request.inputs[i] as TensorLike;
        copyRows({ data: source.data, rowCount: request.rows, from }, target, count, layout);
        target.from += count;
      }
      const last = { data, rowCount: size, from: rows - 1 };
      for (; target.from < size; target.from++) copyRows(last, target, 1, layout);
    }
    return batch;
  }

  #makeBatch(size: number): readonly TensorLike[] {
    const batch = this.#gathered.map((gathered, i): TensorLike => {
      const { dtype, shape } = this.#like[i] as TensorLike;
      const length = size * gathered.elementsPerRow;
      if (gathered.data.length < length) {
        gathered.data = newData(dtype, length);
        this.#batches = [];
      }
      const itsShape = shape.map((extent, axis) => (axis === this.#dimension ? size : extent));
      const { data } = gathered;
      return {
        dtype,
        shape: itsShape,
        data: Array.isArray(data) ? data.slice(0, length) : data.subarray(0, length),
      };
    });
    this.#batches[size] = batch;
    return batch;
  }

  #shift(): void {
    this.#head = this.#head?.next;
    if (!this.#head) this.#tail = undefined;
  }
}
