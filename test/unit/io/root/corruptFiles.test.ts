import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { Exception } from "../../../../framework/base/errors.js";
import { findContradiction } from "../../../../framework/io/root/branches.js";
import { loadJsroot } from "../../../../framework/io/root/jsroot.js";
import * as jsrootGlobals from "../../../../framework/io/root/jsrootGlobals.js";
import { ZstdInit } from "../../../../framework/io/root/jsrootZstd.js";
import { RootTreeReader } from "../../../../framework/io/root/RootTreeReader.js";
import { unzip } from "../../../../framework/io/root/unzip.js";
import { ensureJsrootBundle, failure, sample, sharedSamples, skipWithoutSharedSamples } from "./samples.js";

const folder = mkdtempSync(join(tmpdir(), "corrupt-root-"));
const path = join(folder, "corrupt.root");
beforeAll(ensureJsrootBundle);
afterAll(() => rmSync(folder, { recursive: true }));

/** Numbers that look random and are the same in every run (xorshift). */
function* randomNumbers(seed: number): Generator<number, never> {
  for (let x = seed; ; ) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    yield (x >>> 0) / 2 ** 32;
  }
}

/** "read", or the category of the one error that ends the reading of every branch of numbers. */
async function outcome(bytes: Uint8Array, tree: string): Promise<string> {
  writeFileSync(path, bytes);
  let reader: RootTreeReader | undefined;
  try {
    reader = await RootTreeReader.open(path, tree);
    const names = [...reader.branches.values()]
      .filter(({ kind }) => kind !== "unsupported")
      .map(({ name }) => name);
    await reader.readColumns(names, 0, reader.entryCount);
    return "read";
  } catch (error) {
    if (!(error instanceof Exception)) throw error;
    expect(error.message).toContain(path);
    return error.category;
  } finally {
    reader?.close();
  }
}

async function outcomesOfFlips(
  original: Buffer,
  tree: string,
  count: number,
  from: number,
  to: number,
): Promise<Record<string, number>> {
  const random = randomNumbers(20_260_701);
  const outcomes: Record<string, number> = {};
  for (let i = 0; i < count; i++) {
    const bytes = Buffer.from(original);
    const at = from + Math.floor(random.next().value * (to - from));
    bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random.next().value * 8));
    const result = await outcome(bytes, tree);
    outcomes[result] = (outcomes[result] ?? 0) + 1;
  }
  return outcomes;
}

describe("a corrupt file ends in one error or a finished read, and prints nothing", () => {
  const printed: unknown[] = [];
  beforeEach(() => {
    for (const method of ["log", "info", "warn", "error"] as const) {
      vi.spyOn(console, method).mockImplementation((...parts) => void printed.push(parts));
    }
  });
  afterEach(() => {
    vi.restoreAllMocks();
    expect(printed).toEqual([]);
  });

  it("truncated anywhere", async () => {
    const original = readFileSync(sample("nano_dy.root"));
    for (const length of [
      0,
      3,
      63,
      64,
      200,
      400,
      1000,
      50_000,
      248_100,
      340_000,
      347_700,
      original.length - 1,
    ]) {
      expect(await outcome(original.subarray(0, length), "Events"), `${length} bytes`).toBe("FileReadError");
    }
    writeFileSync(path, original.subarray(0, 50_000));
    const error = await failure(RootTreeReader.open(path));
    expect(error.message).toMatch(
      /its header says that it ends at byte 352599, but it has 50000 bytes\. .*copy it again/,
    );
  }, 20_000);

  it("with a bit flipped in zlib's data: its checksum finds it", async () => {
    const original = readFileSync(sample("nano_dy.root"));
    const outcomes = await outcomesOfFlips(original, "Events", 60, 0, original.length);
    expect(Object.keys(outcomes).sort()).toEqual(["FileReadError", "read"]);
  }, 60_000);

  it("with a bit flipped in a basket: the error names the branch, its entries and the place", async () => {
    const original = readFileSync(sample("jets_heldout.root"));
    // A basket's record begins with its class and branch, each after its length.
    const position = original.indexOf("\x07TBasket\x06Jet_pt", 0, "latin1");
    expect(position).toBeGreaterThan(0);
    original[position + 200] = (original[position + 200] ?? 0) ^ 4;
    writeFileSync(path, original);
    const reader = await RootTreeReader.open(path);
    const error = await failure(reader.readColumns(["Jet_pt"], 0, reader.entryCount));
    expect(error.category).toBe("FileReadError");
    expect(error.message).toMatch(
      /corrupt\.root' cannot be read: branch 'Jet_pt', entries \d+ to \d+, at byte \d+: .*copy it again/,
    );
    reader.close();
  });

  it("with a wrong size of its class descriptions, which once made jsroot inflate forever", async () => {
    const original = readFileSync(sample("nano_dy.root"));
    const record = original.readUInt32BE(37);
    original.writeUInt32BE(original.readUInt32BE(record + 6) + 1, record + 6);
    expect(await outcome(original, "Events")).toBe("FileReadError");
  });

  const shared = describe.skipIf(skipWithoutSharedSamples("bit flips in files that hold no checksum"));
  shared("in files that hold no checksum", () => {
    it.each(["uncompressed", "lz4", "zstd"])(
      "%s",
      async (codec) => {
        const original = readFileSync(join(sharedSamples as string, `uproot-HZZ-${codec}.root`));
        const outcomes = await outcomesOfFlips(original, "events", 100, 0, original.length);
        // The description of the tree lies at the end.
        const inDescription = await outcomesOfFlips(
          original,
          "events",
          200,
          original.length - 8000,
          original.length,
        );
        const categories = new Set([...Object.keys(outcomes), ...Object.keys(inDescription)]);
        expect([...categories].sort()).toEqual(["FileReadError", "read"]);
      },
      60_000,
    );

    it("an absurd length that once ended the process for lack of memory", async () => {
      const original = readFileSync(join(sharedSamples as string, "uproot-HZZ-uncompressed.root"));
      original.writeUInt32BE(0x40000000, 678_123);
      expect(await outcome(original, "events")).toBe("FileReadError");
    }, 20_000);
  });
});

describe("what jsroot runs with", () => {
  it("keeps what it prints, at most ten messages", () => {
    for (let i = 0; i < 20; i++) jsrootGlobals.console.error("message", i, new Error("why"));
    const messages = jsrootGlobals.takeMessages();
    expect(messages).toHaveLength(10);
    expect(messages[1]).toBe("message 1 why");
    expect(jsrootGlobals.takeMessages()).toEqual([]);
  });

  it("makes no list of absurd length, reserves none of great length, and is an Array otherwise", () => {
    expect(() => new jsrootGlobals.Array(2 ** 30)).toThrow("a list of 1073741824 elements");
    expect(new jsrootGlobals.Array(3)).toHaveLength(3);
    expect(new jsrootGlobals.Array(100_000)).toEqual([]);
    expect(new jsrootGlobals.Array("a", "b")).toEqual(["a", "b"]);
    expect([] instanceof jsrootGlobals.Array).toBe(true);
  });

  it("decodes no zstd frame that declares more than a ROOT block holds", async () => {
    const { ZstdStream } = await ZstdInit();
    const frame = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 0x7f, 0]);
    expect(() => ZstdStream.decompress(frame)).toThrow("zstd: the frame declares 2130706432 bytes");
    expect(() => ZstdStream.decompress(Buffer.alloc(10))).toThrow("wrong magic number");
  });
});

describe("compressed payloads", () => {
  const text = Buffer.from("events ".repeat(100));
  const block = (tag: string, data: Uint8Array, size: number) => {
    const header = Buffer.from([...Buffer.from(tag), 8, 0, 0, 0, 0, 0, 0]);
    header.writeUIntLE(data.length, 3, 3);
    header.writeUIntLE(size, 6, 3);
    return Buffer.concat([header, data]);
  };

  it("consist of blocks", async () => {
    const jsroot = await loadJsroot();
    const two = Buffer.concat([
      block("ZL", deflateSync(text), text.length),
      block("ZL", deflateSync(text), text.length),
    ]);
    expect(Buffer.from(await unzip(jsroot, two, 2 * text.length))).toEqual(Buffer.concat([text, text]));
    expect(Buffer.from(await unzip(jsroot, text, text.length))).toEqual(text);
  });

  it("are checked before and after decoding", async () => {
    const jsroot = await loadJsroot();
    const packed = deflateSync(text);
    const attempt = (bytes: Uint8Array, size: number) =>
      unzip(jsroot, bytes, size).then(String, (error: Error) => error.message);
    expect(await attempt(block("ZL", packed, text.length), 2 * text.length)).toBe(
      "700 of 1400 bytes are missing after the last compressed block",
    );
    expect(await attempt(block("QQ", packed, text.length), text.length)).toBe(
      'unknown compression "QQ"; known: zlib, lzma, lz4, zstd',
    );
    expect(await attempt(block("ZL", packed, text.length + 1), text.length)).toBe(
      "the header of a zlib block is wrong",
    );
    expect(await attempt(block("ZL", packed, text.length + 1), text.length + 1)).toBe(
      "a zlib block of 701 bytes has 700",
    );
    packed[packed.length - 1] = (packed.at(-1) ?? 0) ^ 1;
    expect(await attempt(block("ZL", packed, text.length), text.length)).toBe("incorrect data check");
  });
});

it("a branch that contradicts its tree is recognised", () => {
  const layout = {
    name: "x",
    title: "",
    kind: "int8",
    length: 1,
    firstEntries: [0, 10, 20],
    positions: [100, 200],
    sizesBytes: [90, 90],
  } as const;
  expect(findContradiction(layout, 20)).toBeUndefined();
  expect(findContradiction(layout, 21)).toBe("20 entries where the tree has 21");
  expect(findContradiction({ ...layout, firstEntries: [0, 30, 20] }, 20)).toBe(
    "baskets out of order (number 2)",
  );
  expect(findContradiction({ ...layout, firstEntries: [5, 10, 20] }, 20)).toBe(
    "no basket for its first entry",
  );
  expect(findContradiction({ ...layout, length: 0 }, 20)).toBe("a leaf of 0 values");
  expect(
    findContradiction({ ...layout, firstEntries: [0], positions: [], sizesBytes: [] }, 0),
  ).toBeUndefined();
});
