/** Reads one branch: finds the baskets of a range of entries, keeps the last decoded ones, cuts jagged values. */
import { Exception } from "../../base/errors.js";
import { readBasket } from "./baskets.js";
import { type BranchLayout, type RootColumn, type RootValues, valueArrays } from "./branches.js";
import type { Jsroot } from "./jsroot.js";
import type { LocalFile } from "./LocalFile.js";

interface Basket extends RootColumn {
  readonly index: number;
}

/** Two: the columns of a range that crosses a basket's border all go back to their counter's first basket. */
const basketsKept = 2;

export class BranchReader {
  readonly #jsroot: Jsroot;
  readonly #file: LocalFile;
  readonly #layout: BranchLayout;
  readonly #counter: BranchReader | undefined;
  #kept: Basket[] = [];

  /** `counter` reads the branch that counts the values of each entry of a jagged branch. */
  constructor(jsroot: Jsroot, file: LocalFile, layout: BranchLayout, counter: BranchReader | undefined) {
    this.#jsroot = jsroot;
    this.#file = file;
    this.#layout = layout;
    this.#counter = counter;
  }

  /** The range must lie inside the tree. */
  async read(firstEntry: number, count: number): Promise<RootColumn> {
    const { firstEntries, length, kind } = this.#layout;
    const parts: RootValues[] = [];
    const offsets = this.#counter && new Uint32Array(count + 1);
    const endEntry = firstEntry + count;
    let valueCount = 0;
    for (let index = basketOf(firstEntries, firstEntry), at = firstEntry; at < endEntry; index++) {
      const basket = await this.#basket(index);
      const [basketFirst = 0, basketEnd = 0] = firstEntries.slice(index, index + 2);
      const from = at - basketFirst;
      const to = Math.min(endEntry, basketEnd) - basketFirst;
      const begin = basket.offsets?.[from] ?? from * length;
      const end = basket.offsets?.[to] ?? to * length;
      if (offsets && basket.offsets) {
        const shift = valueCount - begin;
        for (let entry = from; entry <= to; entry++)
          offsets[at - firstEntry + entry - from] = (basket.offsets[entry] ?? 0) + shift;
      }
      parts.push(basket.values.slice(begin, end));
      valueCount += end - begin;
      at = basketFirst + to;
    }
    const values =
      parts.length === 1 && parts[0] ? parts[0] : concatenate(parts, new valueArrays[kind](valueCount));
    return offsets ? { values, offsets } : { values };
  }

  /** @throws FileReadError that names the branch, its entries and the byte in the file. */
  async #basket(index: number): Promise<Basket> {
    const kept = this.#kept.find((basket) => basket.index === index);
    if (kept) return kept;
    const { name, kind, length, firstEntries, positions, sizesBytes } = this.#layout;
    const [first = 0, end = 0] = firstEntries.slice(index, index + 2);
    const position = positions[index] ?? 0;
    const where = `branch '${name}', entries ${first} to ${end - 1}, at byte ${position}`;
    try {
      const values = await readBasket(this.#jsroot, this.#file, {
        kind,
        position,
        sizeBytes: sizesBytes[index] ?? 0,
        entryCount: end - first,
      });
      const offsets = await this.#offsets(first, end - first);
      const expected = offsets?.at(-1) ?? (end - first) * length;
      if (values.length !== expected)
        throw new Error(`it holds ${values.length} values instead of ${expected}`);
      const basket = { index, values, ...(offsets && { offsets }) };
      this.#kept = [...this.#kept.slice(1 - basketsKept), basket];
      return basket;
    } catch (error) {
      if (error instanceof Exception) throw error.addContext(`Reading ${where}`);
      throw this.#file.corrupt(`${where}: ${(error as Error).message}`, error, this.#jsroot.takeMessages());
    }
  }

  async #offsets(first: number, count: number): Promise<Uint32Array | undefined> {
    if (!this.#counter) return undefined;
    const { values: counts } = await this.#counter.read(first, count);
    const offsets = new Uint32Array(count + 1);
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const n = Number(counts[i]);
      if (n < 0) throw new Error(`its counter '${this.#layout.counter}' is ${n} in entry ${first + i}`);
      sum += n * this.#layout.length;
      offsets[i + 1] = sum;
    }
    return offsets;
  }
}

/** The index of the basket that holds `entry`. */
function basketOf(firstEntries: readonly number[], entry: number): number {
  let low = 0;
  let high = firstEntries.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((firstEntries[middle] ?? 0) <= entry) low = middle;
    else high = middle;
  }
  return low;
}

function concatenate<V extends RootValues>(parts: readonly RootValues[], whole: V): V {
  let at = 0;
  for (const part of parts) {
    whole.set(part as never, at);
    at += part.length;
  }
  return whole;
}
