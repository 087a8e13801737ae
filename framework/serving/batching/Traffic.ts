/**
 * How many requests are likely to come together: the most that were seen at once of late. A wait in vain corrects it at
 * once, silence within half a second, so a lone client after a burst does not pay for the burst.
 */

const windowMs = 250;

export class Traffic {
  #peak = 1;
  #peakBefore = 1;
  #windowStartMs = 0;

  /** A request came; `together` are waiting or being run now, it included. */
  came(together: number, nowMs: number): void {
    this.#turn(nowMs);
    if (together > this.#peak) this.#peak = together;
  }

  /** Requests for which it is worth to wait. */
  expected(nowMs: number): number {
    this.#turn(nowMs);
    return Math.max(this.#peak, this.#peakBefore);
  }

  /** Time is up, and only so many have come. */
  waitedInVain(together: number): void {
    this.#peak = together;
    this.#peakBefore = together;
  }

  #turn(nowMs: number): void {
    const elapsed = nowMs - this.#windowStartMs;
    if (elapsed < windowMs) return;
    this.#peakBefore = elapsed < 2 * windowMs ? this.#peak : 1;
    this.#peak = 1;
    this.#windowStartMs = nowMs;
  }
}
