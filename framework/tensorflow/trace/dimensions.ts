/** The sizes that stand for unknown dimensions while a function is traced: different ones in each recording. */
import type { DType } from "../dtypes.js";

/** An unknown dimension of a tensor, with its size in one recording. */
export interface Dimension {
  readonly tensor: string;
  readonly axis: number;
  readonly dtype: DType;
  readonly size: number;
}

/** Which unknown dimensions of the inputs are taken to be the same one. */
export type Sharing = "none" | "batch" | "axis";

/** How many recordings are compared: two give what a constant follows, the third confirms it. */
export const recordingCount = 3;
/** Batches are small; other sizes large enough for a few convolutions and poolings. */
const leastSize = { batch: 3, other: 37 };

type Sizes = readonly [first: number, second: number, third: number];

export class ExampleSizes {
  readonly #shared = new Map<string, number>();
  readonly #taken: Sizes[] = [];
  readonly #batch: Generator<Sizes>;
  readonly #other: Generator<Sizes>;

  /**
   * @param recording counted from 0
   * @param staticSizes sizes that mean something else: no example is one of them
   */
  constructor(
    readonly recording: number,
    readonly sharing: Sharing,
    staticSizes: ReadonlySet<number>,
  ) {
    this.#batch = candidates(leastSize.batch, staticSizes);
    this.#other = candidates(leastSize.other, staticSizes);
  }

  /** The size of an input's unknown dimension. */
  ofInput(axis: number): number {
    if (this.sharing === "none" || (this.sharing === "batch" && axis > 0)) return this.ofTensor(axis);
    const key = this.sharing === "batch" ? "batch" : `${axis}`;
    const size = this.#shared.get(key) ?? this.ofTensor(axis);
    this.#shared.set(key, size);
    return size;
  }

  /** The size of a dimension that is like no other. */
  ofTensor(axis: number): number {
    const source = axis === 0 ? this.#batch : this.#other;
    for (;;) {
      const sizes = source.next().value as Sizes;
      if (!isDistinct([...this.#taken, sizes])) continue;
      this.#taken.push(sizes);
      return sizes[this.recording % recordingCount] as number;
    }
  }
}

/** Two odd sizes and an even one: half of a size, rounded down, is then told from half of the size before it. */
function* candidates(least: number, without: ReadonlySet<number>): Generator<Sizes> {
  const odd = primes(least, without);
  const half = primes(Math.ceil(least / 2) + 1, new Set());
  for (;;) {
    const [first, second] = [odd.next().value as number, odd.next().value as number];
    let third = 0;
    while (third === 0 || without.has(third)) third = 2 * (half.next().value as number);
    yield [first, second, third];
  }
}

/** Whether no size, and no product of two, follows from another one by a multiple and a sum. */
function isDistinct(all: readonly Sizes[]): boolean {
  const ratios = all.flatMap((a, i) => [
    ratio(a),
    ...all.slice(i).map((b) => ratio([a[0] * b[0], a[1] * b[1], a[2] * b[2]])),
  ]);
  return new Set(ratios).size === ratios.length;
}

function ratio([first, second, third]: Sizes): number {
  return (third - first) / (second - first);
}

function* primes(least: number, without: ReadonlySet<number>): Generator<number> {
  for (let candidate = least; ; candidate++) {
    let divisor = 2;
    while (divisor * divisor <= candidate && candidate % divisor !== 0) divisor++;
    if (divisor * divisor > candidate && !without.has(candidate)) yield candidate;
  }
}
