import { expect, it } from "vitest";
import { ZstdInit } from "../../../framework/io/root/jsrootZstd.js";
import { compress, decompress } from "../../../framework/io/zstd.js";

it("goes on working when a ROOT file with zstd blocks is opened, before and after", async () => {
  const bytes = Uint8Array.from({ length: 6133 }, (_, i) => (i * i) % 251);
  const first = compress(bytes).slice();
  const found = new Uint8Array(bytes.length);
  for (let opened = 0; opened < 3; opened++) {
    const { ZstdStream } = await ZstdInit();
    expect(Array.from(ZstdStream.decompress(first))).toEqual(Array.from(bytes));
    expect(Array.from(compress(bytes))).toEqual(Array.from(first));
    decompress(first, found, 0, bytes.length);
    expect(found).toEqual(bytes);
  }
});
