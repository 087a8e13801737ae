/** What functions give, as JSON has it: tensors as nested lists, typed arrays as lists, long integers as numbers or strings. */
import { isTensor } from "../../tensorflow/asTensor.js";
import type { TensorData } from "../../tensorflow/dtypes.js";
import { nestedElements, plainElements } from "../../tensorflow/elements.js";

/** Deeper values are handed on as they are. */
const maxDepth = 32;

/** The value itself where there is nothing to convert. */
export function plain(value: unknown, depth = 0): unknown {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (typeof value !== "object" || value === null || depth > maxDepth) return value;
  if (Array.isArray(value)) return isFlat(value) ? value : value.map((part) => plain(part, depth + 1));
  if (isTensor(value)) return nestedElements(value);
  if (ArrayBuffer.isView(value)) return plainList(value as unknown as TensorData);
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plain(part, depth + 1)]));
}

/** Lists of numbers are what most outputs are. */
function isFlat(list: readonly unknown[]): boolean {
  for (let i = 0; i < list.length; i++) if (typeof list[i] !== "number") return false;
  return true;
}

function plainList(data: TensorData): unknown[] {
  const isLong = data instanceof BigInt64Array || data instanceof BigUint64Array;
  return plainElements(isLong ? "int64" : "float64", data);
}
