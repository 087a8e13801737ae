/** Random numbers that are the same in every run. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 32 random bits (splitmix32). */
  bits(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let z = this.#state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  }

  /** 0 to 1, without 1. */
  next(): number {
    return this.bits() / 2 ** 32;
  }

  integer(below: number): number {
    return Math.floor(this.next() * below);
  }

  /** Any finite float64, every exponent as likely as another. */
  float64(): number {
    const view = new DataView(new ArrayBuffer(8));
    for (;;) {
      view.setUint32(0, this.bits());
      view.setUint32(4, this.bits());
      const value = view.getFloat64(0);
      if (Number.isFinite(value)) return value;
    }
  }

  of<T>(list: readonly T[]): T {
    return list[this.integer(list.length)] as T;
  }

  shuffled<T>(list: readonly T[]): T[] {
    const result = [...list];
    for (let i = result.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      [result[i], result[j]] = [result[j] as T, result[i] as T];
    }
    return result;
  }

  /** The indices 0 … count - 1 cut into runs of random length, at least one each. */
  cuts(count: number, longest: number): [from: number, to: number][] {
    const cuts: [number, number][] = [];
    for (let from = 0; from < count; ) {
      const to = Math.min(count, from + 1 + this.integer(longest));
      cuts.push([from, to]);
      from = to;
    }
    return cuts;
  }
}
