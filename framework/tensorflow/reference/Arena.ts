/** A stream's working memory: buffers that grow to the largest need and are then reused from run to run. */
import { bytesPerElement, type DType, newData, type TensorData, viewData } from "../dtypes.js";
import { maxElements } from "../Tensor.js";
import { kernelError } from "./op.js";

/** Views of one buffer that are kept: batch sizes recur, and making a view costs more than finding one. */
const maxViews = 64;

export class ArenaBuffer {
  /** Counts how often the memory was replaced by a larger one. */
  generation = 0;
  #bytes = new ArrayBuffer(0);
  readonly #views = new Map<string, Map<number, TensorData>>();

  constructor(readonly limitElements: number) {}

  get sizeBytes(): number {
    return this.#bytes.byteLength;
  }

  /** Memory for `count` elements, its contents undefined. @throws InvalidRun beyond the arena's limit */
  view(dtype: DType, count: number): TensorData {
    if (count > this.limitElements)
      throw kernelError(`${count} elements are more than the ${this.limitElements} allowed`);
    if (dtype === "string") return newData(dtype, count);
    const needed = count * bytesPerElement(dtype);
    if (needed > this.#bytes.byteLength) {
      this.#bytes = new ArrayBuffer(
        Math.ceil(Math.max(needed, Math.min(2 * this.#bytes.byteLength, 2 ** 20)) / 8) * 8,
      );
      this.#views.clear();
      this.generation++;
    }
    const views = this.#views.get(dtype) ?? new Map<number, TensorData>();
    const known = views.get(count);
    if (known) return known;
    if (views.size >= maxViews) views.clear();
    const view = viewData(dtype, this.#bytes, 0, count);
    views.set(count, view);
    this.#views.set(dtype, views);
    return view;
  }
}

export class Arena {
  readonly #buffers: ArenaBuffer[] = [];
  /** The pieces that `lasting` has given, in the order of the run: the next run asks for much the same. */
  readonly #lasting: ArenaBuffer[] = [];
  #lastingCount = 0;
  #lastingElements = 0;

  /** `limitElements`: the largest tensor that it gives memory to. */
  constructor(readonly limitElements = maxElements) {}

  buffer(index: number): ArenaBuffer {
    const known = this.#buffers[index];
    if (known) return known;
    const buffer = new ArenaBuffer(this.limitElements);
    this.#buffers[index] = buffer;
    return buffer;
  }

  startRun(): void {
    this.#lastingCount = 0;
    this.#lastingElements = 0;
  }

  /** Memory that nobody else is given until the next run starts. @throws InvalidRun beyond the arena's limit */
  lasting(dtype: DType, count: number): TensorData {
    this.#lastingElements += count;
    if (this.#lastingElements > this.limitElements) {
      throw kernelError(`the lists of this run hold more than the ${this.limitElements} elements allowed`);
    }
    const index = this.#lastingCount++;
    const buffer = this.#lasting[index] ?? new ArenaBuffer(this.limitElements);
    this.#lasting[index] = buffer;
    return buffer.view(dtype, count);
  }

  get sizeBytes(): number {
    return [...this.#buffers, ...this.#lasting].reduce((sum, buffer) => sum + (buffer?.sizeBytes ?? 0), 0);
  }
}
