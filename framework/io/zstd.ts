/**
 * Zstandard. Compression is always the wasm build, so that the bytes of an event file do not depend on Node's version;
 * decompression is Node's own where it has one (>= 22.15), else the wasm.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import * as zlib from "node:zlib";
import { Exception } from "../base/errors.js";

/** What @bokuweb/zstd-wasm's emscripten module offers: sizes and addresses in its heap, in bytes. */
interface WasmZstd {
  readonly HEAPU8: Uint8Array<ArrayBuffer>;
  instantiateWasm?: (imports: object, receive: (instance: object) => unknown) => unknown;
  init(wasm: Uint8Array): void;
  _malloc(size: number): number;
  _free(address: number): void;
  _ZSTD_compressBound(size: number): number;
  _ZSTD_createCCtx(): number;
  _ZSTD_createDCtx(): number;
  _ZSTD_compress_usingDict(
    context: number,
    to: number,
    capacity: number,
    from: number,
    size: number,
    dictionary: number,
    dictionarySize: number,
    level: number,
  ): number;
  _ZSTD_decompress_usingDict(
    context: number,
    to: number,
    capacity: number,
    from: number,
    size: number,
    dictionary: number,
    dictionarySize: number,
  ): number;
  _ZSTD_isError(code: number): number;
}

/** The two constructors of it that Node's types leave out. */
interface SynchronousWebAssembly {
  Module: new (wasm: Uint8Array) => object;
  Instance: new (module: object, imports: object) => object;
}

interface WasmBuffers {
  readonly zstd: WasmZstd;
  /** Contexts, kept too: a fresh one for each block takes four times as long at 4 kB. The frames are the same. */
  readonly compressor: number;
  readonly decompressor: number;
  /** Two heap areas, kept between calls: `plain` bytes and `packed` bytes. */
  readonly plain: number;
  readonly packed: number;
  readonly capacity: number;
  readonly packedCapacity: number;
}

type NodeDecompress = (
  packed: Uint8Array,
  options: { maxOutputLength: number; chunkSize: number },
) => Uint8Array;
const nodeDecompress = (zlib as unknown as { zstdDecompressSync?: NodeDecompress }).zstdDecompressSync;

let loaded: WasmBuffers | undefined;

/**
 * The package's own init() is asynchronous; its instantiateWasm hook lets a thread start without waiting for it. The
 * module is one that nobody else has: jsroot calls init() on the package's, and that exchanges the heap under our addresses.
 */
function load(): WasmZstd {
  const require = createRequire(import.meta.url);
  const folder = dirname(require.resolve("@bokuweb/zstd-wasm"));
  const file = join(folder, "zstd.js");
  const shared = require.cache[file];
  delete require.cache[file];
  const { Module: zstd } = require(file) as { Module: WasmZstd };
  if (shared) require.cache[file] = shared;
  else delete require.cache[file];
  const wasm = readFileSync(join(folder, "zstd.wasm"));
  const { Module, Instance } = (globalThis as unknown as { WebAssembly: SynchronousWebAssembly }).WebAssembly;
  zstd.instantiateWasm = (imports, receive) => receive(new Instance(new Module(wasm), imports));
  zstd.init(wasm);
  return zstd;
}

function buffers(size: number): WasmBuffers {
  if (loaded && loaded.capacity >= size) return loaded;
  const zstd = loaded?.zstd ?? load();
  const compressor = loaded?.compressor ?? zstd._ZSTD_createCCtx();
  const decompressor = loaded?.decompressor ?? zstd._ZSTD_createDCtx();
  if (loaded) {
    zstd._free(loaded.plain);
    zstd._free(loaded.packed);
  }
  const capacity = Math.max(size, 1 << 18);
  const packedCapacity = zstd._ZSTD_compressBound(capacity);
  const [plain, packed] = [zstd._malloc(capacity), zstd._malloc(packedCapacity)];
  loaded = { zstd, compressor, decompressor, plain, packed, capacity, packedCapacity };
  return loaded;
}

/** One zstd frame of level 1, in a view of the wasm heap: copy it before the next call. */
export function compress(bytes: Uint8Array): Uint8Array {
  const { zstd, compressor, plain, packed, packedCapacity } = buffers(bytes.length);
  zstd.HEAPU8.set(bytes, plain);
  const size = zstd._ZSTD_compress_usingDict(
    compressor,
    packed,
    packedCapacity,
    plain,
    bytes.length,
    0,
    0,
    1,
  );
  if (zstd._ZSTD_isError(size))
    throw new Exception("LogicError", `zstd could not compress ${bytes.length} bytes.`);
  return zstd.HEAPU8.subarray(packed, packed + size);
}

/**
 * Decompresses one frame to `out` from `at`, exactly `size` bytes.
 * @throws FileReadError when the frame is not one or holds another number of bytes.
 */
export function decompress(bytes: Uint8Array, out: Uint8Array, at: number, size: number): void {
  const plain = nodeDecompress
    ? decompressInNode(nodeDecompress, bytes, size)
    : decompressInWasm(bytes, size);
  if (plain?.length !== size) {
    const found = plain
      ? `holds ${plain.length} bytes instead of ${size}`
      : "is no zstd frame of the announced size";
    throw new Exception("FileReadError", `a compressed block of ${bytes.length} bytes ${found}.`);
  }
  out.set(plain, at);
}

function decompressInNode(node: NodeDecompress, bytes: Uint8Array, size: number): Uint8Array | undefined {
  try {
    return node(bytes, { maxOutputLength: Math.max(size, 1), chunkSize: Math.max(size, 64) });
  } catch {
    return undefined; // decompress() says what was expected of the block
  }
}

/** The result is a view of the wasm heap. */
export function decompressInWasm(bytes: Uint8Array, size: number): Uint8Array | undefined {
  const { zstd, decompressor, plain, packed, packedCapacity } = buffers(size);
  if (bytes.length > packedCapacity) return undefined;
  zstd.HEAPU8.set(bytes, packed);
  const found = zstd._ZSTD_decompress_usingDict(decompressor, plain, size, packed, bytes.length, 0, 0);
  return zstd._ZSTD_isError(found) ? undefined : zstd.HEAPU8.subarray(plain, plain + found);
}
