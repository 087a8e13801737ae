/**
 * What jsroot sees as `console` and `Array`: scripts/bundleJsroot.mjs puts these in their places inside dist/jsroot.js.
 * What jsroot prints becomes part of our errors and never reaches the terminal; and an absurd length in a corrupt file
 * is an error, where `new Array(length)` would end the process for lack of memory (found by flipping bits).
 */

const messages: string[] = [];
/** A corrupt file can make jsroot complain once per object. */
const maxMessages = 10;

function keep(...parts: unknown[]): void {
  if (messages.length >= maxMessages) return;
  messages.push(parts.map((part) => (part instanceof Error ? part.message : String(part))).join(" "));
}

const collector = { log: keep, info: keep, warn: keep, error: keep, debug: keep, trace: keep };

/** What jsroot has printed since the last call (the first ten messages). */
export function takeMessages(): string[] {
  return messages.splice(0);
}

/** Far above any list in a file's description: the baskets of a branch, the branches of a tree. */
const maxLength = 2 ** 22;
/** Longer lists grow as jsroot fills them from first to last, so that a wrong length costs no more than the bytes there are. */
const maxReserved = 2 ** 12;

const BoundedArray = new Proxy(globalThis.Array, {
  construct(builtin, args) {
    const [length] = args;
    if (args.length !== 1 || typeof length !== "number") return Reflect.construct(builtin, args);
    if (length > maxLength) throw new Error(`a list of ${length} elements`);
    return length > maxReserved ? [] : new builtin(length);
  },
});

export { BoundedArray as Array, collector as console };
