/** Counts the events inside a limited module, over all threads of the job. */

/** Wakes at least this often, so that a lost notification cannot hang a job. */
const recheckMs = 50;

export class Semaphore {
  /** [free places] in memory shared by all threads. */
  readonly #free: Int32Array;

  constructor(free: Int32Array) {
    this.#free = free;
  }

  static shared(limit: number): Int32Array {
    return new Int32Array(new SharedArrayBuffer(4)).fill(Math.max(1, limit));
  }

  tryAcquire(): boolean {
    for (let free = Atomics.load(this.#free, 0); free > 0; free = Atomics.load(this.#free, 0)) {
      if (Atomics.compareExchange(this.#free, 0, free, free - 1) === free) return true;
    }
    return false;
  }

  async acquire(): Promise<void> {
    while (!this.tryAcquire()) {
      const wait = Atomics.waitAsync(this.#free, 0, 0, recheckMs);
      if (wait.async) await wait.value;
    }
  }

  release(): void {
    Atomics.add(this.#free, 0, 1);
    Atomics.notify(this.#free, 0, 1);
  }
}
