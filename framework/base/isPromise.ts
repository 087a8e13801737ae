/** Whether a function that may be asynchronous was: async or not is told by what it gave, and what is there is used at once. */
export function isPromise<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T> | null | undefined)?.then === "function";
}
