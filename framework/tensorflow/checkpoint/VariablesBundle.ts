/**
 * The values of a SavedModel's variables: an index of tensors (variables.index) and the shards that hold their bytes.
 * Only what is asked for is read, and everything that is read is checked against its checksum.
 */
import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync } from "node:fs";
import { suggestion } from "../../base/didYouMean.js";
import { Exception } from "../../base/errors.js";
import { bytesPerElement, type DType, dtypeFromNumber, newData, type NumberArray } from "../dtypes.js";
import { dataTypeName } from "../proto/graphDefSchema.js";
import { bundleEntryType, bundleHeaderType } from "../proto/savedModelSchema.js";
import { elementCount, showShape, Tensor, type TensorLike } from "../Tensor.js";
import { decodeShape, type ProtoInt64, type TensorShapeMessage, toBigInt } from "../proto/decodeTensor.js";
import { ByteReader } from "./ByteReader.js";
import { extendCrc32c, maskCrc32c } from "../../base/crc32c.js";
import { copySlice, type Extent, resolveExtents, sliceKey } from "./slices.js";
import { readTable } from "./readTable.js";

interface EntryMessage {
  readonly dtype: number;
  readonly shape?: TensorShapeMessage | null;
  readonly shard_id: number;
  readonly offset: ProtoInt64;
  readonly size: ProtoInt64;
  readonly crc32c: number;
  readonly slices: readonly {
    readonly extent: readonly {
      readonly start: ProtoInt64;
      readonly length?: ProtoInt64;
      readonly has_length?: string;
    }[];
  }[];
}

/** What the index says of a tensor. */
export interface BundleEntry {
  /** Undefined for a type that holds no data here. */
  readonly dtype: DType | undefined;
  /** TensorFlow's name of the type, whatever it is. */
  readonly typeName: string;
  readonly shape: readonly number[];
  readonly sizeBytes: number;
  /** The parts in which it is stored, as a partitioned variable is; empty for one that is stored whole. */
  readonly parts: readonly (readonly Extent[])[];
}

export class VariablesBundle {
  readonly #prefix: string;
  readonly #entries: ReadonlyMap<string, Uint8Array>;
  readonly #shardCount: number;

  /**
   * @param prefix path of the files without ".index" and ".data-…"
   * @throws InvalidSession when there is no index or it is damaged.
   */
  constructor(prefix: string) {
    this.#prefix = prefix;
    if (!VariablesBundle.exists(prefix)) throw invalid(`'${prefix}.index' is missing`);
    this.#entries = naming(`'${prefix}.index'`, () => readTable(readFileSync(`${prefix}.index`)));
    this.#shardCount = naming(`'${prefix}.index'`, () => this.#readHeader());
  }

  static exists(prefix: string): boolean {
    return existsSync(`${prefix}.index`);
  }

  /** The names of all tensors; slices are in theirs. */
  get names(): string[] {
    return [...this.#entries.keys()].filter((key) => key !== "" && !key.startsWith("\0")).map(nameOf);
  }

  has(name: string): boolean {
    return this.#entries.has(keyOf(name));
  }

  /** Reads no data. @throws InvalidSession naming the tensor */
  describe(name: string): BundleEntry {
    return naming(`'${name}'`, () => {
      const entry = this.#entry(keyOf(name));
      const dtype = dtypeFromNumber(entry.dtype);
      const shape = decodeShape(entry.shape) ?? [];
      const parts = storedParts(entry);
      const stored = parts.length === 0 ? [entry] : parts.map((part) => this.#entry(sliceKey(name, part)));
      const sizeBytes = stored.reduce((sum, { size }) => sum + Number(toBigInt(size)), 0);
      return { dtype, typeName: dtype ?? dataTypeName(entry.dtype), shape, sizeBytes, parts };
    });
  }

  /**
   * The value of a tensor, or of a part of it.
   * @throws InvalidSession naming the tensor: it is not there, or its shard is missing, too short or damaged.
   */
  read(name: string, part?: readonly Extent[]): Tensor {
    return naming(`'${name}'`, () => {
      const whole = this.#readWhole(keyOf(name));
      return part ? cut(whole, resolveExtents(part, whole.shape)) : whole;
    });
  }

  #readHeader(): number {
    const bytes = this.#entries.get("");
    if (!bytes) throw invalid("it has no header");
    const header = decode(bundleHeaderType(), bytes) as { num_shards: number; endianness: number };
    if (header.endianness !== 0) throw invalid("it was written big-endian, which is not supported");
    return header.num_shards;
  }

  #entry(key: string): EntryMessage {
    const bytes = this.#entries.get(key);
    if (!bytes) throw invalid(`there is no such tensor${suggestion(nameOf(key), this.names)}`);
    return decode(bundleEntryType(), bytes) as EntryMessage;
  }

  #readWhole(key: string): Tensor {
    const entry = this.#entry(key);
    if (entry.slices.length === 0) return this.#readEntry(entry);
    const { dtype, shape } = typeOf(entry);
    const whole = new Tensor(dtype, shape);
    for (const stored of storedParts(entry)) {
      const slice = this.#readWhole(sliceKey(nameOf(key), stored));
      const extents = resolveExtents(stored, shape);
      if (slice.data.length !== elementCount(extents.map(({ length }) => length)) || slice.dtype !== dtype) {
        throw invalid("a slice of it has another shape than its place");
      }
      copySlice(extents, shape, (to, from, count) => copyElements(whole, to, slice, from, count));
    }
    return whole;
  }

  #readEntry(entry: EntryMessage): Tensor {
    const { dtype, shape } = typeOf(entry);
    const count = elementCount(shape);
    const sizeBytes = Number(toBigInt(entry.size));
    const isText = dtype === "string";
    if (isText ? sizeBytes < count : sizeBytes !== count * bytesPerElement(dtype)) {
      throw invalid(`${dtype}${showShape(shape)} cannot be ${sizeBytes} bytes long; the index is damaged`);
    }
    const target = isText ? undefined : (newData(dtype, count) as NumberArray);
    const bytes = this.#readBytes(entry.shard_id, Number(toBigInt(entry.offset)), sizeBytes, target?.buffer);
    if (isText) return new Tensor(dtype, shape, readStrings(bytes, count, entry.crc32c));
    checkSum(extendCrc32c(0, bytes), entry.crc32c);
    return new Tensor(dtype, shape, target);
  }

  /** Into `target`, if given. */
  #readBytes(shard: number, offset: number, sizeBytes: number, target?: ArrayBufferLike): Uint8Array {
    const path = `${this.#prefix}.data-${padded(shard)}-of-${padded(this.#shardCount)}`;
    if (!existsSync(path)) throw invalid(`its shard '${path}' is missing`);
    const file = openSync(path, "r");
    try {
      const fileBytes = fstatSync(file).size;
      if (!(offset >= 0 && offset + sizeBytes <= fileBytes)) {
        throw invalid(
          `its shard '${path}' is too short: ${fileBytes} bytes, ${offset + sizeBytes} are needed`,
        );
      }
      const bytes = new Uint8Array(target ?? new ArrayBuffer(sizeBytes));
      for (let done = 0; done < sizeBytes; ) {
        const count = readSync(file, bytes, done, sizeBytes - done, offset + done);
        if (count === 0) throw invalid(`its shard '${path}' became shorter while it was read`);
        done += count;
      }
      return bytes;
    } finally {
      closeSync(file);
    }
  }
}

function storedParts({ slices }: EntryMessage): Extent[][] {
  return slices.map(({ extent }) =>
    extent.map(
      ({ start, length, has_length }): Extent => ({
        start: Number(toBigInt(start)),
        length: has_length === undefined ? -1 : Number(toBigInt(length ?? 0)),
      }),
    ),
  );
}

/** Their lengths, a checksum of the lengths, then the bytes; the entry's checksum takes lengths as 4 bytes each. */
function readStrings(bytes: Uint8Array, count: number, expected: number): Uint8Array[] {
  const reader = new ByteReader(bytes);
  const lengths = Array.from({ length: count }, () => reader.varint());
  let crc = 0;
  for (const length of lengths) crc = extendCrc32c(crc, lengthBytes(length));
  const stored = reader.bytes(4);
  checkSum(crc, new ByteReader(stored).littleEndian(4));
  crc = extendCrc32c(crc, stored);
  const strings = lengths.map((length) => reader.bytes(length).slice());
  for (const string of strings) crc = extendCrc32c(crc, string);
  checkSum(crc, expected);
  return strings;
}

function lengthBytes(length: number): Uint8Array {
  const bytes = Buffer.alloc(length > 0xffffffff ? 8 : 4);
  bytes.writeUIntLE(length, 0, Math.min(6, bytes.length));
  return bytes;
}

function checkSum(crc: number, expected: number): void {
  if (maskCrc32c(crc) !== expected) throw invalid("its checksum is wrong: the file is damaged");
}

function typeOf(entry: EntryMessage): { dtype: Tensor["dtype"]; shape: number[] } {
  const dtype = dtypeFromNumber(entry.dtype);
  if (dtype === undefined) throw invalid(`element type number ${entry.dtype} is not supported`);
  const shape = decodeShape(entry.shape);
  if (shape === null) throw invalid("its shape is not known");
  return { dtype, shape };
}

function cut(whole: Tensor, extents: readonly Extent[]): Tensor {
  const slice = new Tensor(
    whole.dtype,
    extents.map(({ length }) => length),
  );
  copySlice(extents, whole.shape, (from, to, count) => copyElements(slice, to, whole, from, count));
  return slice;
}

function copyElements(target: TensorLike, to: number, source: TensorLike, from: number, count: number): void {
  const elements = target.data as unknown as { [i: number]: unknown };
  for (let i = 0; i < count; i++) elements[to + i] = source.data[from + i];
}

function padded(shard: number): string {
  return String(shard).padStart(5, "0");
}

function keyOf(name: string): string {
  return Buffer.from(name).toString("latin1");
}

function nameOf(key: string): string {
  return Buffer.from(key, "latin1").toString("utf8");
}

function decode(type: { decode(bytes: Uint8Array): unknown }, bytes: Uint8Array): unknown {
  try {
    return type.decode(bytes);
  } catch (error) {
    throw new Exception("InvalidSession", "the index is damaged", { cause: error });
  }
}

function invalid(what: string): Exception {
  return new Exception("InvalidSession", what);
}

/** Says which file or tensor an error is about. */
function naming<T>(what: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new Exception("InvalidSession", `${what}: ${error.message.replace(/\.$/, "")}`, { cause: error });
  }
}
