/** Random input for a signature, the same at every call: what an export is tried on. */
import { type DType, newData, type TensorData } from "../dtypes.js";
import type { PartialShape, Signature } from "../GraphDef.js";
import { elementCount, Tensor } from "../Tensor.js";

/** What is drawn, and how large what the signature leaves open. */
export interface FeedChoice {
  /** For the first dimension. */
  readonly batch: number;
  /** For other dimensions. */
  readonly size: number;
  /** Of an input of any rank. */
  readonly rank: number;
  /** Integers are below: they may index into tables. */
  readonly integers: number;
  /** undefined: drawn, too. */
  readonly booleans: boolean | undefined;
}

/** Tried in this order until the source takes one. */
export const feedChoices: readonly FeedChoice[] = [
  { batch: 3, size: 4, rank: 2, integers: 10, booleans: undefined },
  { batch: 3, size: 4, rank: 2, integers: 10, booleans: false },
  { batch: 3, size: 16, rank: 3, integers: 2, booleans: false },
  { batch: 3, size: 64, rank: 4, integers: 1, booleans: false },
  { batch: 1, size: 1, rank: 1, integers: 1, booleans: false },
];

/** Tensors by the inputs' keys. */
export function randomFeeds({ inputs }: Signature, choice: FeedChoice, seed = 1): Record<string, Tensor> {
  const random = generator(seed);
  const entries = Object.entries(inputs).map(([key, { dtype = "float32", shape }]) => {
    const full = fullShape(shape, choice);
    return [key, new Tensor(dtype, full, draw(dtype, elementCount(full), choice, random))];
  });
  return Object.fromEntries(entries);
}

function fullShape(shape: PartialShape, { batch, size, rank }: FeedChoice): number[] {
  const partial = shape ?? new Array<number>(rank).fill(-1);
  return partial.map((known, axis) => (known >= 0 ? known : axis === 0 ? batch : size));
}

function draw(dtype: DType, count: number, choice: FeedChoice, random: () => number): TensorData {
  if (dtype === "string")
    return Array.from(
      { length: count },
      () => new Uint8Array(Buffer.from(String(Math.floor(random() * 100)))),
    );
  const data = newData(dtype, count) as Exclude<TensorData, Uint8Array[]>;
  for (let i = 0; i < count; i++) {
    const integer = Math.floor(random() * choice.integers);
    if (data instanceof BigInt64Array || data instanceof BigUint64Array) data[i] = BigInt(integer);
    else if (dtype === "bool") data[i] = Number(choice.booleans ?? random() < 0.5);
    else if (dtype === "float32" || dtype === "float64") data[i] = 2 * random() - 1;
    else if (dtype === "half" || dtype === "bfloat16") data[i] = halfBits(dtype, random);
    else data[i] = integer;
  }
  return data;
}

/** Between 1/4 and 1/2 in size, either sign: all patterns of one exponent. */
function halfBits(dtype: "half" | "bfloat16", random: () => number): number {
  const [exponent, fractions] = dtype === "half" ? [13 << 10, 1 << 10] : [125 << 7, 1 << 7];
  return (random() < 0.5 ? 0x8000 : 0) | (exponent + Math.floor(random() * fractions));
}

/** Numbers in [0, 1): a multiplicative generator modulo 2³¹ − 1, which is enough to tell graphs apart. */
function generator(seed: number): () => number {
  const modulus = 2147483647;
  let state = (seed * 48271 + 11) % modulus;
  return () => {
    state = (state * 48271) % modulus;
    return (state - 1) / (modulus - 1);
  };
}
