/** What a server works on at once, over HTTP and gRPC together: a number of requests, and the bytes of large ones. */
import { Exception } from "../../base/errors.js";
import { ServerBusy } from "../servingErrors.js";

export interface CapacityLimits {
  readonly maxConcurrency: number;
  readonly maxBufferedBytes: number;
}

export class Capacity {
  readonly #limits: CapacityLimits;
  readonly #isLoading: () => boolean;
  #running = 0;
  #bufferedBytes = 0;

  /** `isLoading`: while the models are, there is no place. */
  constructor(limits: CapacityLimits, isLoading: () => boolean) {
    this.#limits = limits;
    this.#isLoading = isLoading;
  }

  /** Takes one of the places, or gives why there is none: ServerBusy or TooManyRequests. */
  takePlace(): Exception | undefined {
    if (this.#isLoading())
      return new ServerBusy("the models are being loaded; GET /readyz tells when they are ready.", 1000);
    const { maxConcurrency } = this.#limits;
    if (this.#running >= maxConcurrency)
      return new Exception(
        "TooManyRequests",
        `too many requests: ${maxConcurrency} are being worked on, which is the limit.`,
      );
    this.#running++;
    return undefined;
  }

  givePlaceBack(): void {
    this.#running--;
  }

  /** Room for the bytes of a large request; false when there is none. */
  reserve(bytes: number): boolean {
    if (this.#bufferedBytes + bytes > this.#limits.maxBufferedBytes) return false;
    this.#bufferedBytes += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#bufferedBytes -= bytes;
  }
}
