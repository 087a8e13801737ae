/**
 * Tensors as JSON: {"dtype", "shape", "data"}, data flat in row-major order. What JSON has no number for is a string:
 * NaN, Infinity, -Infinity, and 64-bit integers beyond 2^53. Types have numpy's names.
 */
import { readFileSync } from "node:fs";
import { Exception } from "../base/errors.js";
import { type DType, isDType, type TensorData } from "../tensorflow/dtypes.js";
import { halfToNumber } from "../tensorflow/reference/kernels/cast.js";
import { Tensor, type TensorLike } from "../tensorflow/Tensor.js";

export interface TensorJson {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: readonly (number | string | boolean)[];
}

const numpyNames: Readonly<Record<string, DType>> = {
  float16: "half",
  str: "string",
  object: "string",
  bool_: "bool",
};
const integerRanges: { readonly [D in DType]?: readonly [bigint, bigint] } = {
  int8: [-(2n ** 7n), 2n ** 7n],
  int16: [-(2n ** 15n), 2n ** 15n],
  int32: [-(2n ** 31n), 2n ** 31n],
  int64: [-(2n ** 63n), 2n ** 63n],
  uint8: [0n, 2n ** 8n],
  uint16: [0n, 2n ** 16n],
  uint32: [0n, 2n ** 32n],
  uint64: [0n, 2n ** 64n],
};

/** @throws Configuration naming the input and what is wrong with it. */
export function fromJson(name: string, json: unknown): Tensor {
  const wrong = (what: string) => new Exception("Configuration", `input '${name}': ${what}.`);
  const { dtype: given, shape, data } = (json ?? {}) as Partial<TensorJson>;
  const dtype = numpyNames[given ?? ""] ?? given;
  if (dtype === undefined || !isDType(dtype))
    throw wrong(`"dtype" is ${JSON.stringify(given)}, which is no element type`);
  if (!Array.isArray(shape) || !Array.isArray(data))
    throw wrong('it needs "shape" and "data", two flat lists');
  const elements = data.map((value: unknown, i) => {
    const element = elementOf(dtype, value);
    if (element === undefined) throw wrong(`element ${i} is ${JSON.stringify(value)}, which is no ${given}`);
    return element;
  });
  try {
    return new Tensor(dtype, shape, (dtype === "string" ? elements : numeric(dtype, elements)) as never);
  } catch (error) {
    throw error instanceof Exception ? wrong(error.message.replace(/\.$/, "")) : error;
  }
}

export function toJson({ dtype, shape, data }: TensorLike): TensorJson {
  return { dtype: dtype === "half" ? "float16" : dtype, shape: [...shape], data: values(dtype, data) };
}

function values(dtype: DType, data: TensorData): (number | string | boolean)[] {
  if (Array.isArray(data)) return data.map((bytes) => Buffer.from(bytes).toString("utf8"));
  if (dtype === "bool") return Array.from(data as Uint8Array, (value) => value !== 0);
  return Array.from<number | bigint, number | string>(data, (value) => {
    if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
    const number =
      dtype === "half" ? halfToNumber(value) : dtype === "bfloat16" ? bfloat16ToNumber(value) : value;
    return Number.isFinite(number) ? number : String(number);
  });
}

/** Undefined for what the type cannot hold. */
function elementOf(dtype: DType, value: unknown): number | bigint | Uint8Array | undefined {
  if (dtype === "string") return typeof value === "string" ? Buffer.from(value) : undefined;
  if (dtype === "bool")
    return value === true || value === 1 ? 1 : value === false || value === 0 ? 0 : undefined;
  const range = integerRanges[dtype];
  if (!range) return floatOf(value);
  const isWhole = Number.isInteger(value) || (typeof value === "string" && /^-?\d+$/.test(value));
  if (!isWhole) return undefined;
  const integer = BigInt(value as number | string);
  return integer >= range[0] && integer < range[1] ? integer : undefined;
}

function floatOf(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  const [, sign, word] = typeof value === "string" ? (/^([-+]?)(nan|inf(?:inity)?)$/i.exec(value) ?? []) : [];
  if (word === undefined) return undefined;
  if (word.toLowerCase() === "nan") return Number.NaN;
  return sign === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

function numeric(dtype: DType, elements: readonly unknown[]): readonly (number | bigint)[] {
  const numbers = elements as readonly (number | bigint)[];
  if (dtype === "half") return numbers.map((value) => numberToHalf(Number(value)));
  return dtype === "bfloat16" ? numbers.map((value) => numberToBfloat16(Number(value))) : numbers;
}

/** The nearest half-precision bit pattern, ties to even. */
function numberToHalf(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (size >= 65520) return sign | 0x7c00;
  if (size < 2 ** -14) return sign | roundToEven(size * 2 ** 24);
  const exponent = Math.floor(Math.log2(size));
  return sign + ((exponent + 14) << 10) + roundToEven(size * 2 ** (10 - exponent));
}

const floats = new Float32Array(1);
const floatBits = new Uint32Array(floats.buffer);

function numberToBfloat16(value: number): number {
  floats[0] = value;
  const bits = floatBits[0] as number;
  if (Number.isNaN(value)) return 0x7fc0;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

function bfloat16ToNumber(bits: number): number {
  floatBits[0] = bits << 16;
  return floats[0] as number;
}

function roundToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}

/** The tensors of an inputs file, - for standard input, for tool `name`. @throws FileOpenError, Configuration */
export function readTensors(name: string, path: string): [string, Tensor][] {
  return Object.entries(readObject(name, path)).map(([key, json]) => [key, fromJson(key, json)]);
}

function readObject(name: string, path: string): Record<string, unknown> {
  const shown = path === "-" ? "standard input" : `'${path}'`;
  let text: string;
  try {
    text = readFileSync(path === "-" ? 0 : path, "utf8");
  } catch (error) {
    throw new Exception("FileOpenError", `${name}: the inputs cannot be read: ${(error as Error).message}.`);
  }
  try {
    const inputs: unknown = JSON.parse(text);
    if (typeof inputs === "object" && inputs !== null && !Array.isArray(inputs))
      return inputs as Record<string, unknown>;
  } catch (error) {
    throw new Exception("Configuration", `${name}: ${shown} is no JSON: ${(error as Error).message}.`);
  }
  throw new Exception(
    "Configuration",
    `${name}: ${shown} must be one object, a tensor a name; see ${name} --help.`,
  );
}
