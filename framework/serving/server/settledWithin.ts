/** Waits with an end, for servers that are stopped. */

/** Resolves when `promise` does, or when the time is up. @throws (rejects) what `promise` does within it */
export async function settledWithin(ms: number, promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeIsUp = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, Math.max(0, ms));
  });
  try {
    await Promise.race([promise, timeIsUp]);
  } finally {
    clearTimeout(timer);
  }
}
