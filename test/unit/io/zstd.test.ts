import { describe, expect, it } from "vitest";
import { packBlocks, unpackBlocks } from "../../../framework/io/blockCodec.js";
import { ByteBuffer } from "../../../framework/io/ByteBuffer.js";
import { compress, decompress, decompressInWasm } from "../../../framework/io/zstd.js";
import { randomNumbers } from "./sample.js";

const random = randomNumbers(5);
const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => (i % 3 === 0 ? random() * 256 : i & 15));

describe("zstd", () => {
  it("gives back what it compressed, from this Node's decompressor and from the wasm", () => {
    for (const size of [0, 1, 100, bytes.length]) {
      const packed = compress(bytes.subarray(0, size)).slice();
      const out = new Uint8Array(size + 2);
      decompress(packed, out, 1, size);
      expect(out.subarray(1, size + 1)).toStrictEqual(bytes.subarray(0, size));
      expect(decompressInWasm(packed, size)?.slice()).toStrictEqual(bytes.subarray(0, size));
    }
  });

  it("makes the same frame of a block whatever it compressed before", () => {
    const starts = Array.from({ length: 300 }, () => Math.floor(random() * bytes.length));
    const frame = (start: number) =>
      Buffer.from(compress(bytes.subarray(start, start + (start % 7919)))).toString("hex");
    const frames = starts.map(frame);
    expect([...starts].reverse().map(frame).reverse()).toStrictEqual(frames);
  });

  it("refuses frames of another size and bytes that are no frame", () => {
    const packed = compress(bytes).slice();
    for (const size of [0, 1, bytes.length - 1, bytes.length + 1]) {
      expect(() => decompress(packed, new Uint8Array(size), 0, size)).toThrow(
        /a compressed block of \d+ bytes/,
      );
    }
    expect(() => decompress(bytes.subarray(0, 50), new Uint8Array(100), 0, 100)).toThrow(
      /50 bytes is no zstd frame/,
    );
  });
});

describe("unpackBlocks", () => {
  it("refuses blocks that are shorter or longer than they say", () => {
    const out = new ByteBuffer();
    packBlocks(bytes, out);
    const packed = out.written().slice();
    expect(unpackBlocks(packed, new ByteBuffer())).toStrictEqual(bytes);
    for (const size of [0, 3, 4, 7, 8, 100, packed.length - 1]) {
      expect(() => unpackBlocks(packed.subarray(0, size), new ByteBuffer())).toThrow(/do not add up/);
    }
    const longer = Uint8Array.from([...packed, 0]);
    expect(() => unpackBlocks(longer, new ByteBuffer())).toThrow(/do not add up/);
  });
});
