/** How the methods of a model may be called: in batches or not, and along which dimension. */
import { nearest } from "../../base/didYouMean.js";
import { Exception } from "../../base/errors.js";

/** As a user gives it; `batch_dim` is another name of `batchDim`. */
export interface MethodOptions {
  /** Whether rows of several requests may go into one call; otherwise not. */
  readonly batchable?: boolean;
  /** The dimension of the rows, in inputs and outputs, or [in inputs, in outputs]; otherwise 0. */
  readonly batchDim?: number | readonly [number, number];
  readonly batch_dim?: number | readonly [number, number];
}

export interface MethodSignature {
  readonly batchable: boolean;
  readonly batchDim: readonly [inputs: number, outputs: number];
}

/** By the names of the methods. */
export type MethodSignatures = Readonly<Record<string, MethodSignature>>;

export const defaultSignatures: MethodSignatures = { __call__: { batchable: false, batchDim: [0, 0] } };

const known = ["batchable", "batchDim", "batch_dim"];
const methodName = /^[A-Za-z_]\w*$/;

/** @throws Configuration naming the method and the key that is wrong */
export function checkSignatures(given: unknown, where: string): MethodSignatures {
  if (!isObject(given)) throw wrong(where, `signatures is ${show(given)}; ${shape}`);
  const methods = Object.entries(given);
  if (methods.length === 0) throw wrong(where, `signatures is empty; leave it out for {__call__: {}}`);
  return Object.fromEntries(
    methods.map(([method, options]) => {
      if (!methodName.test(method))
        throw wrong(where, `signatures has '${method}', which is no name of a method`);
      return [method, checkMethod(options, `${where}: signature '${method}'`)];
    }),
  );
}

const shape = "give {method: {batchable: true, batchDim: 0}}";

/** @param others keys that are not looked at here. @throws Configuration naming the key that is wrong */
export function checkMethod(
  options: unknown,
  where: string,
  others: readonly string[] = [],
): MethodSignature {
  if (!isObject(options)) throw wrong(where, `it is ${show(options)}; ${shape}`);
  for (const key of Object.keys(options)) {
    if (known.includes(key) || others.includes(key)) continue;
    const near = nearest(key, [...known, ...others]);
    const names = ["batchable", ...others, "batchDim"].map((name) => `'${name}'`);
    const hint = near
      ? `did you mean '${near}'?`
      : `there is ${names.slice(0, -1).join(", ")} and ${names.at(-1)}.`;
    throw wrong(where, `unknown key '${key}'; ${hint}`);
  }
  const { batchable = false, batchDim, batch_dim } = options;
  if (typeof batchable !== "boolean")
    throw wrong(where, `batchable is ${show(batchable)}; it is true or false`);
  if (batchDim !== undefined && batch_dim !== undefined)
    throw wrong(where, "batchDim and batch_dim are the same; give one of them");
  return { batchable, batchDim: checkDimensions(batchDim ?? batch_dim ?? 0, where) };
}

function checkDimensions(given: unknown, where: string): readonly [number, number] {
  const pair = Array.isArray(given) ? given : [given, given];
  const [inputs, outputs] = pair as [number, number];
  if (pair.length === 2 && pair.every((dim) => Number.isInteger(dim) && dim >= 0)) return [inputs, outputs];
  const allowed = "it is a dimension (0 is the first) or [of inputs, of outputs]";
  throw wrong(where, `batchDim is ${show(given)}; ${allowed}`);
}

/** The signature that a method is; undefined leaves the choice to the reader: the only one, or none at all. */
export function signatureKey(keys: readonly string[], method: string): string | undefined {
  if (method !== "__call__" || keys.includes(method)) return method;
  return keys.includes("serving_default") ? "serving_default" : undefined;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}

function wrong(where: string, what: string): Exception {
  return new Exception("Configuration", `${where}: ${what.replace(/([^?.])$/, "$1.")}`);
}
