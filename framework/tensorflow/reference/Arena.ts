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
      this.#bytes = new ArrayBuffer(Math.ceil(Math.max(needed, Math.min(2 * this.#bytes.byteLength, 2 ** 20)) / 8) * 8);
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

  /** `limitElements`: the largest tensor that it gives memory to. */
  constructor(readonly limitElements = maxElements) {}

  buffer(index: number): ArenaBuffer {
    const known = this.#buffers[index];
    if (known) return known;
    const buffer = new ArenaBuffer(this.limitElements);
    this.#buffers[index] = buffer;
    return buffer;
  }

  get sizeBytes(): number {
    return this.#buffers.reduce((sum, buffer) => sum + buffer.sizeBytes, 0);
  }
}
