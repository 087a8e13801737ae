/** The classification extension: the k largest elements of each row of an output as "value:index[:label]". */
import { Exception } from "../../base/errors.js";
import type { DataOf, DType, NumberArray } from "../../tensorflow/dtypes.js";
import { plainElements } from "../../tensorflow/elements.js";
import type { TensorLike } from "../../tensorflow/Tensor.js";

/**
 * A BYTES tensor of shape [rows, k], or [k] of a model without batches; k is the number of elements where that is less.
 * Equal elements are in the order of their index, NaN comes last.
 * @throws InvalidTensor for an output that is no list of numbers
 */
export function classify(
  { dtype, shape, data }: TensorLike,
  k: number,
  isBatched: boolean,
  labels: readonly string[] = [],
): TensorLike {
  if (dtype === "string" || dtype === "bool")
    throw new Exception("InvalidTensor", `classification needs an output of numbers, not ${dtype}`);
  const values = numbersOf(dtype, data as DataOf[typeof dtype]);
  const rows = isBatched ? (shape[0] as number) : 1;
  const classes = rows === 0 ? 0 : values.length / rows;
  const size = Math.min(k, classes);
  const found: Uint8Array[] = [];
  for (let row = 0; row < rows; row++)
    for (const index of largest(values, row * classes, classes, size)) {
      const label = labels[index];
      const text = `${values[row * classes + index]}:${index}${label === undefined ? "" : `:${label}`}`;
      found.push(Buffer.from(text));
    }
  return { dtype: "string", shape: isBatched ? [rows, size] : [size], data: found };
}

type Numbers = NumberArray | BigInt64Array | BigUint64Array | number[];

function numbersOf(dtype: DType, data: Exclude<DataOf[DType], Uint8Array[]>): Numbers {
  return dtype === "half" || dtype === "bfloat16" ? plainElements(dtype, data).map(Number) : data;
}

function largest(values: Numbers, from: number, count: number, size: number): number[] {
  const at = (index: number) => values[from + index] as number;
  const isNone = (index: number) => Number.isNaN(at(index));
  return Array.from({ length: count }, (_, index) => index)
    .sort((a, b) => {
      if (isNone(a) || isNone(b)) return Number(isNone(a)) - Number(isNone(b)) || a - b;
      return at(a) > at(b) ? -1 : at(a) < at(b) ? 1 : a - b;
    })
    .slice(0, size);
}
