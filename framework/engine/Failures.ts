/** What went wrong in a job, in order: its ends go on after that, and the first failure is what it fails with. */
import { Exception } from "../base/errors.js";

export class Failures {
  readonly all: Exception[] = [];

  get count(): number {
    return this.all.length;
  }

  /** A thread that died gives the same exception to everyone who waits for it. */
  record(error: unknown): Exception {
    const exception = Exception.from(error);
    if (!this.all.includes(exception)) this.all.push(exception);
    return exception;
  }

  /** Makes a call; what it throws is recorded. */
  async attempt(call: () => unknown): Promise<void> {
    try {
      await call();
    } catch (error) {
      this.record(error);
    }
  }
}
