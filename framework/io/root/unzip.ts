/**
 * ROOT's compressed payloads: blocks of a 9-byte header (codec, packed and unpacked size) and data. zlib, NanoAOD's
 * usual codec, is decoded by node, which is faster than jsroot and verifies zlib's checksum; the rest by jsroot.
 */
import { inflateSync } from "node:zlib";
import type { Jsroot } from "./jsroot.js";

const headerBytes = 9;
const codecs: Record<string, string> = { ZL: "zlib", XZ: "lzma", L4: "lz4", ZS: "zstd" };

interface Block {
  readonly codec: string;
  /** Header included. */
  readonly packed: Uint8Array;
  readonly size: number;
}

const uint24 = (bytes: Uint8Array, at: number) =>
  (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16);

/** The blocks that make up `size` bytes, checked before anything is allocated or decoded. */
function splitBlocks(packed: Uint8Array, size: number): Block[] {
  const blocks: Block[] = [];
  let at = 0;
  let missing = size;
  while (missing > 0) {
    if (at + headerBytes > packed.length)
      throw new Error(`${missing} of ${size} bytes are missing after the last compressed block`);
    const tag = String.fromCharCode(packed[at] ?? 0, packed[at + 1] ?? 0);
    const codec = codecs[tag];
    if (codec === undefined)
      throw new Error(
        `unknown compression ${JSON.stringify(tag)}; known: ${Object.values(codecs).join(", ")}`,
      );
    const end = at + headerBytes + uint24(packed, at + 3);
    const blockSize = uint24(packed, at + 6);
    if (end > packed.length || blockSize === 0 || blockSize > missing)
      throw new Error(`the header of a ${codec} block is wrong`);
    blocks.push({ codec, packed: packed.subarray(at, end), size: blockSize });
    missing -= blockSize;
    at = end;
  }
  return blocks;
}

async function unpack(jsroot: Jsroot, { codec, packed, size }: Block): Promise<Uint8Array> {
  if (codec === "zlib") return inflateSync(packed.subarray(headerBytes), { maxOutputLength: size });
  const view = await jsroot.R__unzip(new DataView(packed.buffer, packed.byteOffset, packed.byteLength), size);
  if (view === null) throw new Error(`a ${codec} block could not be decoded`);
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

/** The `size` bytes that `packed` holds; ROOT leaves what would not shrink uncompressed. */
export async function unzip(jsroot: Jsroot, packed: Uint8Array, size: number): Promise<Uint8Array> {
  if (size <= packed.length) return packed.subarray(0, size);
  const blocks = splitBlocks(packed, size);
  const unpacked = new Uint8Array(size);
  let at = 0;
  for (const block of blocks) {
    const bytes = await unpack(jsroot, block);
    if (bytes.length !== block.size)
      throw new Error(`a ${block.codec} block of ${block.size} bytes has ${bytes.length}`);
    unpacked.set(bytes, at);
    at += bytes.length;
  }
  return unpacked;
}
