/** The bytes of a NumPy array → a tensor: element types by NumPy's descriptions, both byte orders, C and Fortran order. */
import { Exception } from "../../base/errors.js";
import { bytesPerElement, type DType, newData } from "../dtypes.js";
import { elementCount, showShape, Tensor } from "../Tensor.js";

/** bfloat16 has no name in NumPy: ml_dtypes' arrays are stored as two bytes without meaning, V2. */
const dtypes: Readonly<Record<string, DType>> = {
  b1: "bool",
  i1: "int8",
  i2: "int16",
  i4: "int32",
  i8: "int64",
  u1: "uint8",
  u2: "uint16",
  u4: "uint32",
  u8: "uint64",
  f2: "half",
  f4: "float32",
  f8: "float64",
  V2: "bfloat16",
};

/** NumPy's description of a dtype that tensors have, in this machine's byte order; strings have a length each. */
export const descriptions: ReadonlyMap<DType, string> = new Map(
  Object.entries(dtypes).map(([name, dtype]) => [dtype, `${name.endsWith("1") ? "|" : "<"}${name}`]),
);

export interface ArrayLayout {
  /** "<f4": byte order, kind and size. */
  readonly description: string;
  readonly shape: readonly number[];
  readonly isFortranOrder: boolean;
}

/** @throws InvalidTensor for a type that no tensor has, and when the bytes are not as many as the shape needs */
export function tensorOf({ description, shape, isFortranOrder }: ArrayLayout, bytes: Uint8Array): Tensor {
  const [, order = "|", kind = "", length = ""] = /^([<>|=]?)([a-zA-Z?])(\d*)$/.exec(description) ?? [];
  const name = kind === "?" ? "b1" : kind + length;
  const isText = (kind === "S" || kind === "U") && length !== "";
  const dtype = isText ? "string" : dtypes[name];
  if (dtype === undefined) throw invalid(`arrays of NumPy's type '${description}' are not supported`);
  const count = elementCount(shape);
  const elementBytes = isText ? Number(length) * (kind === "U" ? 4 : 1) : bytesPerElement(dtype);
  if (bytes.length !== count * elementBytes) {
    const what = `needs ${count * elementBytes} bytes, there are ${bytes.length}`;
    throw invalid(`an array '${description}' of shape ${showShape(shape)} ${what}`);
  }
  const data = isText
    ? readTexts(bytes, count, elementBytes, kind === "U" ? order : "S")
    : readNumbers(bytes, dtype, count, order === ">");
  const stored = new Tensor(dtype, shape, data as Uint8Array);
  return isFortranOrder && shape.length > 1 ? fromFortranOrder(stored) : stored;
}

function readNumbers(bytes: Uint8Array, dtype: DType, count: number, isBigEndian: boolean) {
  const data = newData(dtype, count) as Uint8Array;
  const target = Buffer.from(data.buffer, 0, data.byteLength);
  target.set(bytes);
  const elementBytes = bytesPerElement(dtype);
  if (!isBigEndian || elementBytes === 1) return data;
  if (elementBytes === 2) target.swap16();
  else if (elementBytes === 4) target.swap32();
  else target.swap64();
  return data;
}

/** Zeros at the end fill up the element's size. @param order "S" for bytes, else the byte order of UCS-4 */
function readTexts(bytes: Uint8Array, count: number, elementBytes: number, order: string): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: count }, (_, i) => {
    const start = i * elementBytes;
    if (order === "S") {
      let end = start + elementBytes;
      while (end > start && bytes[end - 1] === 0) end--;
      return new Uint8Array(bytes.subarray(start, end));
    }
    const points = Array.from({ length: elementBytes / 4 }, (_, k) =>
      view.getUint32(start + 4 * k, order !== ">"),
    );
    while (points.at(-1) === 0) points.pop();
    if (points.some((point) => point > 0x10ffff))
      throw invalid("a text has a character that Unicode has not");
    return new Uint8Array(Buffer.from(points.map((point) => String.fromCodePoint(point)).join("")));
  });
}

/** The first axis runs fastest in what is stored. */
function fromFortranOrder(stored: Tensor): Tensor {
  const { dtype, shape } = stored;
  const data = newData(dtype, stored.data.length);
  const target = data as { [i: number]: unknown };
  const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((product, size) => product * size, 1));
  const position = shape.map(() => 0);
  for (let i = 0, from = 0; i < data.length; i++) {
    target[i] = stored.data[from];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const stride = strides[axis] as number;
      const size = shape[axis] as number;
      const next = (position[axis] as number) + 1;
      from += stride;
      position[axis] = next;
      if (next < size) break;
      from -= size * stride;
      position[axis] = 0;
    }
  }
  return new Tensor(dtype, shape, data as Uint8Array);
}

function invalid(what: string): Exception {
  return new Exception("InvalidTensor", `${what}.`);
}
