/** The sizes that stand for unknown dimensions while a function is traced: different ones in each recording. */
import type { DType } from "../dtypes.js";

/** An unknown dimension of a tensor, with its size in one recording. */
export interface Dimension {
  readonly tensor: string;
  readonly axis: number;
  readonly dtype: DType;
  readonly size: number;
}

/** Which unknown dimensions are taken to be the same one. */
export type Sharing = "none" | "batch" | "axis";

/** How many recordings are compared: two give what a constant follows, the third confirms it. */
export const recordingCount = 3;
/** Batches are small; other sizes large enough for a few convolutions and poolings. */
const leastSize = { batch: 3, other: 37 };

export class ExampleSizes {
  readonly #known = new Map<string, number>();
  readonly #batch: Generator<number>;
  readonly #other: Generator<number>;

  /**
   * @param recording counted from 0
   * @param staticSizes sizes that mean something else: no example is one of them
   */
  constructor(
    readonly recording: number,
    readonly sharing: Sharing,
    staticSizes: ReadonlySet<number>,
  ) {
    this.#batch = primes(leastSize.batch, staticSizes);
    this.#other = primes(leastSize.other, staticSizes);
  }

  next(tensor: string, axis: number): number {
    const isShared = this.sharing === "axis" || (this.sharing === "batch" && axis === 0);
    const key = isShared ? `${axis}` : `${tensor} ${axis}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const source = axis === 0 ? this.#batch : this.#other;
    const sizes = Array.from({ length: recordingCount }, () => source.next().value as number);
    const size = sizes[this.recording % recordingCount] as number;
    this.#known.set(key, size);
    return size;
  }
}

/** Prime numbers from `least` on: no product or multiple of some is another. */
function* primes(least: number, without: ReadonlySet<number>): Generator<number> {
  for (let candidate = least; ; candidate++) {
    let divisor = 2;
    while (divisor * divisor <= candidate && candidate % divisor !== 0) divisor++;
    if (divisor * divisor > candidate && !without.has(candidate)) yield candidate;
  }
}
