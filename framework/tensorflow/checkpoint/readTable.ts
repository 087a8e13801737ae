/**
 * The sorted table (LevelDB's format) in which variables.index keeps its entries: data blocks of prefix-compressed
 * keys, an index block of their places, a footer. Every block has a checksum, and it is checked.
 */
import { Exception } from "../../base/errors.js";
import { ByteReader } from "./ByteReader.js";
import { extendCrc32c, maskCrc32c } from "../../base/crc32c.js";
import { uncompressSnappy } from "./snappy.js";

const footerBytes = 48;
const magic = 0xdb4775248b80fb57n;
/** Compression type and checksum. */
const trailerBytes = 5;

interface BlockHandle {
  readonly offset: number;
  readonly sizeBytes: number;
}

/** All entries; keys as latin1 strings, because those of tensor slices are binary. @throws InvalidSession. */
export function readTable(file: Uint8Array): Map<string, Uint8Array> {
  if (file.length < footerBytes) throw damaged("it is too short");
  const footer = Buffer.from(file.subarray(file.length - footerBytes));
  if (footer.readBigUInt64LE(footerBytes - 8) !== magic) throw damaged("it does not end as an index does");
  const handles = new ByteReader(footer);
  // Empty in checkpoints; its checksum still says whether the file is whole.
  readBlock(file, readHandle(handles));
  const entries = new Map<string, Uint8Array>();
  for (const [, value] of readEntries(readBlock(file, readHandle(handles)))) {
    const block = readBlock(file, readHandle(new ByteReader(value)));
    for (const [key, entry] of readEntries(block)) entries.set(key, entry);
  }
  return entries;
}

function readHandle(reader: ByteReader): BlockHandle {
  return { offset: reader.varint(), sizeBytes: reader.varint() };
}

function readBlock(file: Uint8Array, { offset, sizeBytes }: BlockHandle): Uint8Array {
  const end = offset + sizeBytes;
  if (end + trailerBytes > file.length) throw damaged("a block of it lies beyond its end");
  const stored = new ByteReader(file.subarray(end + 1, end + trailerBytes)).littleEndian(4);
  if (maskCrc32c(extendCrc32c(0, file.subarray(offset, end + 1))) !== stored) {
    throw damaged("the checksum of a block is wrong");
  }
  const contents = file.subarray(offset, end);
  const compression = file[end];
  if (compression === 0) return contents;
  if (compression === 1) return uncompressSnappy(contents);
  throw damaged(`a block has compression ${compression}, which is not known`);
}

/** An entry's key is that of the entry before it up to `shared` bytes, then its own. */
function* readEntries(block: Uint8Array): Generator<[key: string, value: Uint8Array]> {
  const restartCount = block.length < 4 ? 0 : new ByteReader(block.subarray(-4)).littleEndian(4);
  const entriesEnd = block.length - 4 * (restartCount + 1);
  if (entriesEnd < 0) throw damaged("a block of it is damaged");
  const reader = new ByteReader(block.subarray(0, entriesEnd));
  let key = "";
  while (!reader.isAtEnd) {
    const [shared, own, valueBytes] = [reader.varint(), reader.varint(), reader.varint()];
    if (shared > key.length) throw damaged("a key of it is damaged");
    key = key.slice(0, shared) + Buffer.from(reader.bytes(own)).toString("latin1");
    yield [key, reader.bytes(valueBytes)];
  }
}

function damaged(what: string): Exception {
  return new Exception("InvalidSession", `the index is damaged: ${what}`);
}
