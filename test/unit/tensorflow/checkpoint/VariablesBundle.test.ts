/** The files of variables: what TensorFlow wrote is read exactly, and no damaged byte passes. */
import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { Exception } from "../../../../framework/base/errors.js";
import { fromJson, type TensorJson } from "../../../../framework/cli/tfrunTensors.js";
import { VariablesBundle } from "../../../../framework/tensorflow/checkpoint/VariablesBundle.js";
import { extendCrc32c, maskCrc32c } from "../../../../framework/base/crc32c.js";
import {
  copySlice,
  parseSliceSpec,
  resolveExtents,
  sliceKey,
} from "../../../../framework/tensorflow/checkpoint/slices.js";
import { uncompressSnappy } from "../../../../framework/tensorflow/checkpoint/snappy.js";
import { readTable } from "../../../../framework/tensorflow/checkpoint/readTable.js";

const source = join(import.meta.dirname, "..", "savedModels", "bundle");
const folder = mkdtempSync(join(tmpdir(), "bundle-"));
afterAll(() => rmSync(folder, { recursive: true }));
const expected = JSON.parse(readFileSync(join(source, "expected.json"), "utf8")) as Record<
  string,
  TensorJson
>;
const shards = ["variables.data-00000-of-00002", "variables.data-00001-of-00002"];
let copies = 0;

/** The prefix of a copy that may be damaged. */
function copy(): string {
  const directory = join(folder, String(copies++));
  cpSync(source, directory, { recursive: true });
  return join(directory, "variables");
}

function messageOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (!(error instanceof Exception)) throw error;
    expect(error.category).toBe("InvalidSession");
    return error.message;
  }
  throw new Error("nothing was thrown");
}

function readAll(prefix: string): unknown[] {
  const bundle = new VariablesBundle(prefix);
  return bundle.names.map((name) => bundle.read(name));
}

describe("a bundle", () => {
  const bundle = new VariablesBundle(join(source, "variables"));

  it.each(Object.keys(expected))("holds '%s' as TensorFlow wrote it", (name) => {
    expect(bundle.read(name)).toEqual(fromJson(name, expected[name]));
  });

  it("holds strings of any bytes", () => {
    const bytes = [Buffer.alloc(0), Buffer.from([0, 255]), Buffer.from("é".repeat(100))].map(
      (b) => new Uint8Array(b),
    );
    expect(bundle.read("of/string").data).toEqual(bytes);
  });

  it("gives parts of tensors", () => {
    const { data } = bundle.read("of/int32");
    expect(bundle.read("of/int32", parseSliceSpec("2 3 1,1:-")).data).toEqual(data.slice(3));
    const message = messageOf(() => bundle.read("of/int32", parseSliceSpec("2 3 1,2:-")));
    expect(message).toBe("'of/int32': a slice is not inside its tensor of shape [2,3]");
  });

  it("names a tensor that is near the one it does not have", () => {
    expect(messageOf(() => bundle.read("scaler"))).toBe(
      "'scaler': there is no such tensor; did you mean 'scalar'?",
    );
  });
});

describe("a damaged bundle", () => {
  it("says which shard is missing, which too short", () => {
    const prefix = copy();
    const path = join(prefix, "..", shards[1] as string);
    truncateSync(path, 100);
    expect(messageOf(() => readAll(prefix))).toContain(`its shard '${path}' is too short: 100 bytes, `);
    unlinkSync(path);
    expect(messageOf(() => readAll(prefix))).toContain(`its shard '${path}' is missing`);
  });

  it("is noticed at any bit of its shards", () => {
    const prefix = copy();
    for (const [shard, stride] of [
      [shards[0], 1],
      [shards[1], 61],
    ] as const) {
      const path = join(prefix, "..", shard as string);
      const bytes = readFileSync(path);
      for (let bit = 0; bit < bytes.length * 8; bit += stride) {
        const damaged = Buffer.from(bytes);
        damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
        writeFileSync(path, damaged);
        messageOf(() => readAll(prefix));
      }
      writeFileSync(path, bytes);
    }
    expect(readAll(prefix).length).toBeGreaterThan(12);
  });

  it("is noticed at any bit of its index that is read, and wherever the index ends", () => {
    const bytes = readFileSync(join(source, "variables.index"));
    const whole = [...readTable(bytes)];
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const damaged = Buffer.from(bytes);
      damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
      try {
        // The padding behind the places of its blocks holds nothing: entries are as they were.
        expect([...readTable(damaged)]).toEqual(whole);
        expect(bit >> 3).toBeGreaterThanOrEqual(bytes.length - 48);
      } catch (error) {
        if (!(error instanceof Exception)) throw error;
      }
    }
    for (let length = 0; length < bytes.length; length++)
      messageOf(() => readTable(bytes.subarray(0, length)));
  });
});

describe("the parts of the format", () => {
  it("CRC-32C gives the values of RFC 3720", () => {
    expect(extendCrc32c(0, Buffer.from("123456789"))).toBe(0xe3069283);
    expect(extendCrc32c(0, new Uint8Array(32))).toBe(0x8a9136aa);
    expect(extendCrc32c(extendCrc32c(0, Buffer.from("1234")), Buffer.from("56789"))).toBe(0xe3069283);
    expect(maskCrc32c(0)).toBe(0xa282ead8);
  });

  it("Snappy gives back what a Snappy library compressed, and refuses what is cut off", () => {
    const variable = (i: number) => `layer_with_weights-${i}/kernel/.ATTRIBUTES/VARIABLE_VALUE\n`;
    const text = `${"variables/".repeat(20)}abcdefghij${"dense_%d/kernel".repeat(3)}${Array.from({ length: 60 }, (_, i) => variable(i)).join("")}`;
    const bytes = Buffer.from(snappyOfText, "base64");
    expect(Buffer.from(uncompressSnappy(bytes)).toString()).toBe(text);
    for (let length = 0; length < bytes.length; length++)
      messageOf(() => uncompressSnappy(bytes.subarray(0, length)));
    // A literal of 100 bytes, whose length is in a byte of its own; a copy with a distance of four bytes.
    const literal = Buffer.alloc(100, "x");
    expect(uncompressSnappy(Buffer.from([100, 60 << 2, 99, ...literal]))).toEqual(new Uint8Array(literal));
    expect(uncompressSnappy(Buffer.from([6, 1 << 2, 97, 98, (3 << 2) | 3, 2, 0, 0, 0]))).toEqual(
      new Uint8Array(Buffer.from("ababab")),
    );
  });

  it("a table may have compressed blocks", () => {
    const bytes = readFileSync(join(source, "variables.index"));
    expect([...readTable(new Uint8Array(recompressed(bytes)))]).toEqual([
      ...readTable(new Uint8Array(bytes)),
    ]);
  });

  it("the key of a slice is TensorFlow's", () => {
    const key = (start: number, length: number) =>
      Buffer.from(sliceKey("w", [{ start, length }]), "latin1").toString("hex");
    // tensorflow::checkpoint::EncodeTensorNameSlice("w", "0,2"), ("w", "-") and ("w", "70000,200")
    expect(key(0, 2)).toBe(`00${"77"}0001${"0101"}8082`);
    expect(key(0, -1)).toBe(`00${"77"}0001${"0101"}807f`);
    expect(key(70000, 200)).toBe(`00${"77"}0001${"0101"}e11170c0c8`);
  });

  it("slices fill their place", () => {
    const extents = resolveExtents(parseSliceSpec("2 3 4 -:1,2:0,2") ?? [], [2, 3, 4]);
    const pieces: number[][] = [];
    copySlice(extents, [2, 3, 4], (...piece) => pieces.push(piece));
    expect(pieces).toEqual([
      [4, 0, 2],
      [8, 2, 2],
      [16, 4, 2],
      [20, 6, 2],
    ]);
  });
});

/** The same table with its data block as Snappy literals. */
function recompressed(table: Buffer): Buffer {
  const footer = table.subarray(table.length - 48);
  const varints: number[] = [];
  for (let at = 0, value = 0, shift = 0; varints.length < 4; at++) {
    const byte = footer[at] as number;
    value += (byte & 127) * 2 ** shift;
    shift = byte < 128 ? 0 : shift + 7;
    if (byte < 128) varints.push(value);
    if (byte < 128) value = 0;
  }
  const [, , indexOffset = 0, indexSize = 0] = varints;
  const index = table.subarray(indexOffset, indexOffset + indexSize);
  const block = (contents: Buffer) => {
    const literal = Buffer.from([
      ...varint(contents.length),
      61 << 2,
      (contents.length - 1) & 255,
      (contents.length - 1) >> 8,
      ...contents,
      1,
    ]);
    const checksum = Buffer.alloc(4);
    checksum.writeUInt32LE(maskCrc32c(extendCrc32c(0, literal)));
    return { bytes: Buffer.concat([literal, checksum]), sizeBytes: literal.length - 1 };
  };
  // The first entry of the index: shared 0, key length, value length, key, then offset and size of the only data block.
  const keyLength = index[1] as number;
  const valueLength = index[2] as number;
  const handle = index.subarray(3 + keyLength, 3 + keyLength + valueLength);
  const dataSize = ((handle[1] as number) & 127) + (handle[2] ?? 0) * 128;
  const data = block(table.subarray(0, dataSize));
  const entry = Buffer.concat([
    Buffer.from([0, keyLength, 0]),
    index.subarray(3, 3 + keyLength),
    Buffer.from([0, ...varint(data.sizeBytes)]),
  ]);
  entry[2] = 1 + varint(data.sizeBytes).length;
  const restarts = Buffer.from([0, 0, 0, 0, 1, 0, 0, 0]);
  const newIndex = block(Buffer.concat([entry, restarts]));
  const handles = Buffer.from([
    ...varint(data.bytes.length),
    ...varint(newIndex.sizeBytes),
    ...varint(data.bytes.length),
    ...varint(newIndex.sizeBytes),
  ]);
  const newFooter = Buffer.concat([handles, Buffer.alloc(40 - handles.length), footer.subarray(40)]);
  return Buffer.concat([data.bytes, newIndex.bytes, newFooter]);
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >> 7)];
}

/** By cramjam 2.x (Rust's snap), compress_raw. */
const snappyOfText =
  "lRwkdmFyaWFibGVzL/4KAP4KAPYKAGBhYmNkZWZnaGlqZGVuc2VfJWQva2VybmVsdg8ATGxheWVyX3dpdGhfd2VpZ2h0cy0wDTlsLy5BVFRSSUJVVEVTL1ZBUklBQkxFX1ZBTFVFCko3AAAx1jcAADLWNwAAM9Y3AAA01jcAADXWNwAANtY3AAA31jcAADjWNwAAOdY3AAAx3icC2igCADHaKQIAMdoqAgAx2isCADHaLAIAMdotAgAx2i4CADHaLwIAMdowAgAy2jACADLaMAIAMtowAgAy2jACADLaMAIAMtowAgAy2jACADLaMAIAMtowAgAy2jACADPaMAIAM9owAgAz2jACADPaMAIAM9owAgAz2jACADPaMAIAM9owAgAz2jACADPaMAIANNowAgA02jACADTaMAIANNowAgA02jACADTaMAIANNowAgA02jACADTaMAIANNowAgA12jACADXaMAIANdowAgA12jACADXaMAIANdowAgA12jACADXaMAIANdowAgA1jjAC";
