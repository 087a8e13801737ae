/** What a gRPC call has in memory: the message that is arriving, and those that are not answered yet. */
import type { Capacity } from "./Capacity.js";
import { smallRequestBytes } from "./ServeOptions.js";

export class CallBytes {
  readonly #capacity: Capacity;
  #arriving = 0;
  /** Of what arrives: small messages are bounded by their number. */
  #reserved = 0;
  readonly #unanswered: number[] = [];

  constructor(capacity: Capacity) {
    this.#capacity = capacity;
  }

  /** A piece of a message. False when there is no room for it. */
  arrive(bytes: number): boolean {
    this.#arriving += bytes;
    const more = this.#arriving - smallRequestBytes - this.#reserved;
    if (more <= 0) return true;
    if (!this.#capacity.reserve(more)) return false;
    this.#reserved += more;
    return true;
  }

  /** The message is whole. */
  received(): void {
    this.#unanswered.push(this.#reserved);
    this.#arriving = 0;
    this.#reserved = 0;
  }

  /** The oldest message has its answer. */
  answered(): void {
    this.#capacity.release(this.#unanswered.shift() ?? 0);
  }

  free(): void {
    this.#capacity.release(this.#reserved);
    this.#reserved = 0;
    while (this.#unanswered.length > 0) this.answered();
  }
}
