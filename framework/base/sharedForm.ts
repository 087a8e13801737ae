/**
 * How a GlobalCache reaches every thread. A worker thread has its own heap, so a cache is either plain data (posted as
 * it is, SharedArrayBuffers shared, not copied), or an instance of a class that declares its shared form here. A class
 * that must not be shared says why in `static notShareable`.
 */
import { Exception } from "./errors.js";

/** An instance that can be taken apart into plain data whose bulk lies in SharedArrayBuffers. */
export interface Shareable {
  /** Plain data, SharedArrayBuffer views and WebAssembly.Modules only. */
  toShared(): unknown;
}

/** The class of a Shareable: rebuilds an instance in another thread without copying what is shared. */
export interface ShareableClass {
  readonly name: string;
  readonly prototype: Shareable;
  fromShared(shared: never): Shareable;
}

const classes = new Map<string, ShareableClass>();

/** Declares a class as shareable. Call it once at module level in the file of the class. */
export function registerSharedForm(shareable: ShareableClass): void {
  classes.set(shareable.name, shareable);
}

interface Posted {
  readonly shareable?: string;
  readonly value: unknown;
}

/**
 * The form in which `value` is posted to the worker threads.
 * @throws Configuration with the offending member's path and the remedy when something in it cannot be shared.
 */
export function toPosted(value: unknown, owner: string): Posted {
  const shareable = [...classes.values()].find((c) => value instanceof (c as unknown as new () => object));
  if (shareable) return { shareable: shareable.name, value: (value as Shareable).toShared() };
  const offender = findUnshareable(value, "cache", new Set());
  if (offender) {
    throw new Exception(
      "Configuration",
      `${owner}: initializeGlobalCache returned something that threads cannot share: ${offender}. ` +
        "Return a SessionCache, plain data, typed arrays over a SharedArrayBuffer or a WebAssembly.Module; " +
        "keep everything else as a member of the plugin instance.",
    );
  }
  return { value };
}

/** The counterpart of toPosted in the receiving thread. */
export function fromPosted(posted: unknown): unknown {
  const { shareable, value } = posted as Posted;
  if (shareable === undefined) return value;
  const found = classes.get(shareable);
  if (!found)
    throw new Exception("LogicError", `shared form of '${shareable}' is not registered in this thread.`);
  return found.fromShared(value as never);
}

function findUnshareable(value: unknown, path: string, seen: Set<unknown>): string | undefined {
  if (value === null || (typeof value !== "object" && typeof value !== "function")) {
    return typeof value === "symbol" ? `${path} is a symbol` : undefined;
  }
  if (typeof value === "function") return `${path} is a function`;
  if (seen.has(value) || value instanceof SharedArrayBuffer || isWasmModule(value)) return undefined;
  seen.add(value);
  if (ArrayBuffer.isView(value)) {
    if (value.buffer instanceof SharedArrayBuffer) return undefined;
    return `${path} is a ${value.constructor.name} over an ordinary ArrayBuffer, of which each thread would get a copy`;
  }
  if (Array.isArray(value))
    return firstDefined(value.map((v, i) => findUnshareable(v, `${path}[${i}]`, seen)));
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype !== Object.prototype && prototype !== null) {
    const type = value.constructor as { name?: string; notShareable?: string } | undefined;
    return `${path} is ${type?.notShareable ?? `an instance of ${type?.name ?? "a class"}`}`;
  }
  return firstDefined(Object.entries(value).map(([name, v]) => findUnshareable(v, `${path}.${name}`, seen)));
}

function isWasmModule(value: object): boolean {
  return Object.prototype.toString.call(value) === "[object WebAssembly.Module]";
}

function firstDefined(found: (string | undefined)[]): string | undefined {
  return found.find((f) => f !== undefined);
}
