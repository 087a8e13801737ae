/**
 * The part of @oneidentity/zstd-js that jsroot calls, over the zstd that our own event files use:
 * scripts/bundleJsroot.mjs puts this in its place. The original adds 2.6 MB and installs handlers for
 * uncaughtException and unhandledRejection that print its whole minified source.
 */
import { decompress, init } from "@bokuweb/zstd-wasm";

/** ROOT writes the size of a block in three bytes. */
const maxBlockBytes = 2 ** 24 - 1;

/**
 * The decoded size that a zstd frame declares (RFC 8878, 3.1.1), or undefined where it declares none.
 * Checked before decoding: the wasm module would allocate whatever a flipped bit asks for.
 */
function declaredSize(frame: Uint8Array): bigint | undefined {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (view.getUint32(0, true) !== 0xfd2fb528) throw new Error("zstd: the frame has a wrong magic number");
  const descriptor = view.getUint8(4);
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const at = 5 + (isSingleSegment ? 0 : 1) + dictionaryBytes;
  switch (descriptor >> 6) {
    case 0:
      return isSingleSegment ? BigInt(view.getUint8(at)) : undefined;
    case 1:
      return BigInt(view.getUint16(at, true) + 256);
    case 2:
      return BigInt(view.getUint32(at, true));
    default:
      return view.getBigUint64(at, true);
  }
}

/** Once: another init() would exchange the module's heap, for every file that is open. */
let initialized: Promise<void> | undefined;

export async function ZstdInit() {
  initialized ??= init();
  await initialized;
  return {
    ZstdStream: {
      decompress(frame: Uint8Array): Uint8Array {
        const size = declaredSize(frame);
        if (size !== undefined && size > maxBlockBytes)
          throw new Error(`zstd: the frame declares ${size} bytes`);
        return decompress(frame, { defaultHeapSize: maxBlockBytes });
      },
    },
  };
}
