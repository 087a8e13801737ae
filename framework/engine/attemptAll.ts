/** End transitions must all run, whatever one of them throws. */
import { Exception } from "../base/errors.js";

/** Makes every call in order, also after one that failed. @throws the first failure, after the last call. */
export async function attemptAll(calls: Iterable<() => unknown>): Promise<void> {
  let first: Exception | undefined;
  for (const call of calls) {
    try {
      await call();
    } catch (error) {
      first ??= Exception.from(error);
    }
  }
  if (first) throw first;
}
