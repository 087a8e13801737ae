/** NumPy's .npy files: one array behind a header that is a line of Python. Versions 1 to 3 are read, 1 is written. */
import { Exception } from "../../base/errors.js";
import { bytesPerElement } from "../dtypes.js";
import type { Tensor, TensorLike } from "../Tensor.js";
import { descriptions, tensorOf } from "./arrayBytes.js";
import { readPickle } from "./readPickle.js";

const magic = Buffer.from("\x93NUMPY", "latin1");
/** The data begin at a multiple of this. */
const alignment = 64;

/**
 * The array in a .npy file's bytes, or the dictionary of arrays that np.save was given.
 * @throws InvalidSession when it is no such file, and for pickles of anything else; InvalidTensor as tensorOf
 */
export function decodeNpy(bytes: Uint8Array): Tensor | Map<string, Tensor> {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const major = file[magic.length] ?? 0;
  if (!file.subarray(0, magic.length).equals(magic)) throw invalid("it does not begin as an .npy file does");
  if (major < 1 || major > 3) throw invalid(`version ${major} of the .npy format is not known`);
  const lengthBytes = major === 1 ? 2 : 4;
  const headerStart = magic.length + 2 + lengthBytes;
  if (file.length < headerStart) throw invalid("it ends in its header");
  const dataStart = headerStart + file.readUIntLE(magic.length + 2, lengthBytes);
  if (dataStart > file.length) throw invalid("it ends in its header");
  const layout = parseHeader(file.toString(major === 3 ? "utf8" : "latin1", headerStart, dataStart));
  const data = bytes.subarray(dataStart);
  return layout.description.endsWith("O") ? readPickle(data) : tensorOf(layout, data);
}

/** {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }; Python 2 wrote sizes as 3L. */
function parseHeader(header: string) {
  const member = (name: string, value: string) =>
    new RegExp(`['"]${name}['"]\\s*:\\s*${value}`).exec(header)?.[1];
  const description = member("descr", "['\"]([^'\"]*)['\"]");
  const order = member("fortran_order", "(True|False)");
  const sizes = member("shape", "\\(([\\dL,\\s]*)\\)");
  if (/descr['"]\s*:\s*\[/.test(header)) throw invalid("arrays of records are not supported");
  if (description === undefined || order === undefined || sizes === undefined) {
    throw invalid(`its header is damaged: ${header.trim().slice(0, 200)}`);
  }
  const shape = sizes.split(",").flatMap((size) => (size.trim() === "" ? [] : [Number.parseInt(size, 10)]));
  return { description, isFortranOrder: order === "True", shape };
}

/**
 * The bytes of a .npy file; strings become NumPy's fixed-size bytes, bfloat16 what ml_dtypes makes of it (V2).
 * @throws InvalidTensor for a string that ends with a zero byte, which NumPy would drop
 */
export function encodeNpy({ dtype, shape, data }: TensorLike): Uint8Array {
  const isText = Array.isArray(data);
  const width = isText ? Math.max(1, ...data.map(({ length }) => length)) : bytesPerElement(dtype);
  const description = descriptions.get(dtype) ?? `|S${width}`;
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const header = `{'descr': '${description}', 'fortran_order': False, 'shape': (${sizes}), }`;
  const start = magic.length + 4;
  const headerBytes = Math.ceil((start + header.length + 1) / alignment) * alignment - start;
  const file = Buffer.alloc(start + headerBytes + data.length * width);
  magic.copy(file);
  file[magic.length] = 1;
  file.writeUInt16LE(headerBytes, magic.length + 2);
  file.write(`${header.padEnd(headerBytes - 1)}\n`, start, "latin1");
  const contents = file.subarray(start + headerBytes);
  if (!isText) contents.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  else for (const [i, bytes] of data.entries()) contents.set(checked(bytes), i * width);
  return file;
}

function checked(bytes: Uint8Array): Uint8Array {
  if (bytes.at(-1) !== 0) return bytes;
  throw new Exception("InvalidTensor", "NumPy's strings cannot end with a zero byte; write a checkpoint.");
}

function invalid(what: string): Exception {
  return new Exception("InvalidSession", what);
}
