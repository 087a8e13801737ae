/**
 * One thread at a time: for native libraries whose loading is not safe in several threads at once. TensorFlow, loaded
 * and given its first model by two worker threads in the same instant, ended the process in one run of some two hundred.
 */

/** Wakes at least this often, so that a lost notification cannot hang a job. */
const recheckMs = 50;

/** A word shared by all threads of the job: 0 free, 1 taken. Without it there is only this thread. */
let word: Int32Array | undefined;

export function setNativeLock(shared: Int32Array): void {
  word = shared;
}

/** Runs `call` while no other thread is inside one. Not reentrant. */
export function withNativeLock<T>(call: () => T): T {
  if (!word) return call();
  while (Atomics.compareExchange(word, 0, 0, 1) !== 0) Atomics.wait(word, 0, 1, recheckMs);
  try {
    return call();
  } finally {
    Atomics.store(word, 0, 0);
    Atomics.notify(word, 0, 1);
  }
}
