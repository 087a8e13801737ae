/** Reads tf.Example records back, plain or gzip, whoever wrote them: every checksum is verified. */
import type { Reader } from "protobufjs/light.js";
import { gunzipSync } from "node:zlib";
import { Exception } from "../../base/errors.js";
import { protobuf } from "../../base/protobuf.js";
import { RecordFile } from "../RecordFile.js";
import { frameHeadSize, frameOverhead, isPayloadIntact, payloadLength } from "../tfrecord.js";

/** The values of one feature: as many as the Example holds. */
export type ExampleValues = Float32Array | BigInt64Array | readonly Uint8Array[];

/** By name; a feature without a list, which TensorFlow's writers can leave, is an empty array of bytes. */
export type Example = ReadonlyMap<string, ExampleValues>;

const gzipMagic = [0x1f, 0x8b];
/** What a gzip file may unpack to: as much as one typed array holds on every platform. */
const unpackedLimitBytes = 2 ** 31 - 1;

/**
 * The records of a file, in order.
 * @throws FileOpenError when it does not exist, FileReadError when it is damaged, ends too early or holds something else
 */
export function* readExamples(path: string): Generator<Example> {
  for (const { payload, offset } of payloads(path)) {
    try {
      yield decodeExample(payload);
    } catch (cause) {
      throw damaged(path, offset, `it is no tf.Example (${(cause as Error).message})`);
    }
  }
}

function* payloads(path: string): Generator<{ payload: Uint8Array; offset: number }> {
  const file = new RecordFile(path);
  try {
    const start =
      file.size < frameHeadSize ? new Uint8Array(0) : file.read(0, frameHeadSize, "the first record");
    if (gzipMagic.every((byte, i) => start[i] === byte)) {
      yield* unpackedPayloads(path, file.read(0, file.size, "the file"));
      return;
    }
    for (let offset = 0; offset < file.size; ) {
      const size = file.recordSize(offset, "a record");
      if (offset + size > file.size) throw damaged(path, offset, "the file ends within it");
      const payload = file.checkRecord(file.read(offset, size, "a record"), offset, undefined, "a record");
      yield { payload, offset };
      offset += size;
    }
  } finally {
    file.close();
  }
}

function* unpackedPayloads(
  path: string,
  packed: Uint8Array,
): Generator<{ payload: Uint8Array; offset: number }> {
  const bytes = unpack(path, packed);
  for (let offset = 0; offset < bytes.length; ) {
    if (bytes.length - offset < frameOverhead) throw damaged(path, offset, "the file ends within it");
    const length = payloadLength(bytes.subarray(offset));
    if (length === undefined) throw damaged(path, offset, "its length has a wrong checksum");
    const record = bytes.subarray(offset, offset + length + frameOverhead);
    if (record.length < length + frameOverhead) throw damaged(path, offset, "the file ends within it");
    if (!isPayloadIntact(record)) throw damaged(path, offset, "its contents have a wrong checksum");
    yield { payload: record.subarray(frameHeadSize, frameHeadSize + length), offset };
    offset += record.length;
  }
}

function unpack(path: string, packed: Uint8Array): Uint8Array {
  try {
    return gunzipSync(packed, { maxOutputLength: unpackedLimitBytes });
  } catch (cause) {
    throw damaged(path, 0, `the file does not unpack (${(cause as Error).message})`);
  }
}

function damaged(path: string, offset: number, why: string): Exception {
  const where = `file '${path}', byte ${offset}`;
  return new Exception(
    "FileReadError",
    `${where}: the record cannot be read: ${why}; copy the file again or write it anew.`,
  );
}

/** Example { features = 1 { map<string, Feature> feature = 1 } }. */
function decodeExample(payload: Uint8Array): Example {
  const reader = protobuf().Reader.create(payload);
  const example = new Map<string, ExampleValues>();
  readFields(reader, reader.len, (features) => {
    if (features !== 1) return false;
    readFields(reader, endOf(reader), (entry) => {
      if (entry !== 1) return false;
      readEntry(reader, example);
      return true;
    });
    return true;
  });
  return example;
}

function readEntry(reader: Reader, example: Map<string, ExampleValues>): void {
  let name = "";
  let values: ExampleValues = [];
  readFields(reader, endOf(reader), (field) => {
    if (field === 1) name = reader.string();
    else if (field === 2) values = readFeature(reader);
    return field === 1 || field === 2;
  });
  example.set(name, values);
}

function readFeature(reader: Reader): ExampleValues {
  let values: ExampleValues = [];
  readFields(reader, endOf(reader), (kind) => {
    const end = endOf(reader);
    if (kind === 1) values = readBytes(reader, end);
    else if (kind === 2) values = readFloats(reader, end);
    else if (kind === 3) values = readIntegers(reader, end);
    else reader.pos = end;
    return true;
  });
  return values;
}

function readBytes(reader: Reader, end: number): Uint8Array[] {
  const values: Uint8Array[] = [];
  // A copy: the payload's memory is used again.
  readFields(reader, end, (field) => field === 1 && values.push(Uint8Array.from(reader.bytes())) > 0);
  return values;
}

function readFloats(reader: Reader, end: number): Float32Array {
  const values: number[] = [];
  readFields(reader, end, (field, isPacked) => {
    if (field !== 1) return false;
    const stop = isPacked ? endOf(reader) : reader.pos + 4;
    while (reader.pos < stop) values.push(reader.float());
    return true;
  });
  return Float32Array.from(values);
}

function readIntegers(reader: Reader, end: number): BigInt64Array {
  const values: bigint[] = [];
  readFields(reader, end, (field, isPacked) => {
    if (field !== 1) return false;
    const stop = isPacked ? endOf(reader) : reader.pos + 1;
    while (reader.pos < stop) values.push(readVarint(reader));
    return true;
  });
  return BigInt64Array.from(values);
}

/** protobufjs gives 64 bits as a Long or as a rounded number, depending on what is installed. */
function readVarint(reader: Reader): bigint {
  let value = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = reader.buf[reader.pos++];
    if (byte === undefined) throw new RangeError("it ends within a number");
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return BigInt.asIntN(64, value);
  }
  throw new RangeError("a number has more than 64 bits");
}

/** `read` gives false for a field that it did not read. */
function readFields(reader: Reader, end: number, read: (field: number, isPacked: boolean) => boolean): void {
  while (reader.pos < end) {
    const head = reader.uint32();
    if (!read(head >>> 3, (head & 7) === 2)) reader.skipType(head & 7);
  }
  if (reader.pos > end) throw new RangeError("a field is longer than what it is in");
}

function endOf(reader: Reader): number {
  const size = reader.uint32();
  return reader.pos + size;
}
