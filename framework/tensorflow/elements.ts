/**
 * Elements of tensors as JSON and JavaScript have them: numbers, bigints, booleans, strings. What JSON has no number for
 * is a string: NaN, Infinity, -Infinity, and 64-bit integers beyond 2^53.
 */
import { type DType, newData, type TensorData } from "./dtypes.js";
import { elementCount, type TensorLike } from "./Tensor.js";
import { halfToNumber } from "./reference/kernels/cast.js";

export type PlainElement = number | string | boolean;
export type NestedElements = PlainElement | NestedElements[];

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

/**
 * Writes `value` as element `index` of a dtype's array; false for what the dtype cannot hold: fractions, and integers out of
 * range, are not rounded.
 */
export function setElement(dtype: DType, data: TensorData, index: number, value: unknown): boolean {
  const element = elementOf(dtype, value);
  if (element === undefined) return false;
  (data as { [i: number]: unknown })[index] = element;
  return true;
}

/** The elements as JSON has them. */
export function plainElements(dtype: DType, data: TensorData): PlainElement[] {
  const floats = data instanceof Float32Array ? finiteFloats(data) : undefined;
  if (floats) return floats;
  if (Array.isArray(data)) return data.map((bytes) => Buffer.from(bytes).toString("utf8"));
  if (dtype === "bool") return Array.from(data as Uint8Array, (value) => value !== 0);
  return Array.from<number | bigint, number | string>(data, (value) => {
    if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
    const number =
      dtype === "half" ? halfToNumber(value) : dtype === "bfloat16" ? bfloat16ToNumber(value) : value;
    return Number.isFinite(number) ? number : String(number);
  });
}

/** The case that matters most; undefined where there is an element that JSON has no number for. */
function finiteFloats(data: Float32Array): number[] | undefined {
  const list = new Array<number>(data.length);
  for (let i = 0; i < data.length; i++) {
    const value = data[i] as number;
    if (value - value !== 0) return undefined;
    list[i] = value;
  }
  return list;
}

/** A tensor's elements in lists nested as its shape says; a scalar is the element itself. */
export function nestedElements({ dtype, shape, data }: TensorLike): NestedElements {
  let lists: NestedElements[] = plainElements(dtype, data);
  if (shape.length === 0) return lists[0] as PlainElement;
  for (let axis = shape.length - 1; axis > 0; axis--) {
    const size = shape[axis] as number;
    const outer: NestedElements[] = [];
    const count = elementCount(shape.slice(0, axis));
    for (let i = 0; i < count; i++) outer.push(lists.slice(i * size, (i + 1) * size));
    lists = outer;
  }
  return lists;
}

/** As the dtype's array has it; undefined for what it cannot hold. */
function elementOf(dtype: DType, value: unknown): number | bigint | Uint8Array | undefined {
  if (dtype === "string") return bytesOf(value);
  if (dtype === "bool")
    return value === true || value === 1 ? 1 : value === false || value === 0 ? 0 : undefined;
  const range = integerRanges[dtype];
  if (!range) return floatElement(dtype, value);
  const isWhole =
    Number.isInteger(value) ||
    typeof value === "bigint" ||
    (typeof value === "string" && /^-?\d+$/.test(value));
  if (!isWhole) return undefined;
  const integer = BigInt(value as number | string | bigint);
  if (integer < range[0] || integer >= range[1]) return undefined;
  return dtype.endsWith("64") ? integer : Number(integer);
}

function bytesOf(value: unknown): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value;
  return typeof value === "string" ? Buffer.from(value) : undefined;
}

function floatElement(dtype: DType, value: unknown): number | undefined {
  const number = floatOf(value);
  if (number === undefined) return undefined;
  if (dtype === "half") return numberToHalf(number);
  return dtype === "bfloat16" ? numberToBfloat16(number) : number;
}

function floatOf(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  const [, sign, word] = typeof value === "string" ? (/^([-+]?)(nan|inf(?:inity)?)$/i.exec(value) ?? []) : [];
  if (word === undefined) return undefined;
  if (word.toLowerCase() === "nan") return Number.NaN;
  return sign === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
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

/** An array of the dtype with these elements; the index of the first that it cannot hold, where there is one. */
export function toElements(dtype: DType, values: readonly unknown[]): TensorData | number {
  const data = newData(dtype, values.length);
  for (let i = 0; i < values.length; i++) if (!setElement(dtype, data, i, values[i])) return i;
  return data;
}
