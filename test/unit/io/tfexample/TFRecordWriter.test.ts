import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ByteBuffer } from "../../../../framework/io/ByteBuffer.js";
import { ExampleEncoder } from "../../../../framework/io/tfexample/ExampleEncoder.js";
import { readExamples } from "../../../../framework/io/tfexample/readExamples.js";
import {
  TFRecordWriter,
  type TFRecordWriterOptions,
} from "../../../../framework/io/tfexample/TFRecordWriter.js";
import { appendRecord } from "../../../../framework/io/tfrecord.js";
import { temporaryFolder } from "../sample.js";
import { branchesOf, layoutOf, sampleEvents } from "./examples.js";

const folder = temporaryFolder();
const { flat } = branchesOf(folder);
const layout = layoutOf(["all.*"], [flat]);
let folders = 0;

function newFolder(): string {
  const path = join(folder, String(folders++));
  mkdirSync(path);
  return path;
}

/** Batches of these sizes, of events numbered on. */
function append(writer: TFRecordWriter, sizes: readonly number[], compression: "" | "GZIP"): void {
  const encoder = new ExampleEncoder(layout, compression);
  let next = 0;
  for (const size of sizes) {
    const events = sampleEvents(size, 3);
    const ids = events.map(() => ({ run: 1, luminosityBlock: 1, event: next++ }));
    writer.append(encoder.encode(ids, (_, event) => events[event]?.flat));
  }
}

function write(sizes: readonly number[], options: TFRecordWriterOptions) {
  const cwd = newFolder();
  const writer = new TFRecordWriter(join(cwd, "a.tfrecord"), options);
  append(writer, sizes, options.compression ?? "");
  return { cwd, shards: writer.close() };
}

const eventsIn = (path: string) =>
  [...readExamples(path)].map((example) => Number((example.get("event") as BigInt64Array)[0]));

describe.each(["", "GZIP"] as const)("compression '%s'", (compression) => {
  it.each([
    ["one file", [5, 1, 7], 0, [13]],
    ["shards that end within batches", [5, 1, 7], 4, [4, 4, 4, 1]],
    ["a batch of many shards", [10], 3, [3, 3, 3, 1]],
    ["shards that are full at the end", [4, 4], 4, [4, 4]],
    ["shards of whole batches", [3, 3, 2], 3, [3, 3, 2]],
    ["a shard of more than there is", [2], 10, [2]],
    ["nothing", [], 0, [0]],
    ["a shard of nothing", [0], 3, [0]],
  ])("%s", (_, sizes, recordsPerShard, expected) => {
    const { cwd, shards } = write(sizes, { compression, recordsPerShard });
    expect(shards.map(({ records }) => records)).toEqual(expected);
    const five = (n: number) => String(n).padStart(5, "0");
    const wanted =
      recordsPerShard === 0
        ? ["a.tfrecord"]
        : expected.map((_, i) => `a.tfrecord-${five(i)}-of-${five(expected.length)}`);
    expect(readdirSync(cwd).sort()).toEqual(wanted);
    expect(shards.map(({ name }) => name)).toEqual(wanted);
    let next = 0;
    for (const { name, records } of shards)
      expect(eventsIn(join(cwd, name))).toEqual(Array.from({ length: records }, () => next++));
  });

  it("leaves nothing that looks complete when it is given up", () => {
    const cwd = newFolder();
    const writer = new TFRecordWriter(join(cwd, "a.tfrecord"), { compression, recordsPerShard: 3 });
    append(writer, [5, 2], compression);
    writer.abandon();
    expect(readdirSync(cwd).every((name) => /^a\.tfrecord-0000[012]\.\d+\.partial$/.test(name))).toBe(true);
    expect(writer.partialPaths.flatMap(eventsIn)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(() => append(writer, [1], compression)).toThrow(/written to after it was closed/);
  });
});

it("leaves nothing at all when nothing was written", () => {
  const cwd = newFolder();
  new TFRecordWriter(join(cwd, "a.tfrecord")).abandon();
  expect(readdirSync(cwd)).toEqual([]);
});

it("says which file it cannot create", () => {
  const path = join(folder, "nowhere", "a.tfrecord");
  expect(() => new TFRecordWriter(path)).toThrow(
    /^cannot create output file '.*a\.tfrecord': .*make sure its folder exists/,
  );
});

it("says which file cannot get its name, and keeps the records", () => {
  const cwd = newFolder();
  mkdirSync(join(cwd, "a.tfrecord"));
  const writer = new TFRecordWriter(join(cwd, "a.tfrecord"));
  append(writer, [2], "");
  expect(() => writer.close()).toThrow(/^cannot write output file '.*a\.tfrecord'/);
  expect(writer.partialPaths.flatMap(eventsIn)).toEqual([0, 1]);
});

describe("readExamples", () => {
  const { cwd, shards } = write([3], {});
  const whole = readFileSync(join(cwd, shards[0]?.name as string));
  const packed = readFileSync(join(write([3], { compression: "GZIP" }).cwd, "a.tfrecord"));
  const readBytes = (bytes: Uint8Array) => () => {
    const path = join(folder, "damaged.tfrecord");
    writeFileSync(path, bytes);
    return eventsIn(path);
  };

  it("finds every flipped bit", () => {
    for (let at = 0; at < whole.length; at += 7) {
      const bytes = Uint8Array.from(whole);
      bytes[at] = (bytes[at] as number) ^ 4;
      expect(readBytes(bytes), `byte ${at}`).toThrow(/damaged\.tfrecord', byte \d+: .* cannot be read/);
    }
  });

  it.each([1, 13, 100])("finds that %i bytes are missing", (missing) => {
    expect(readBytes(whole.subarray(0, -missing))).toThrow(/cannot be read/);
    expect(readBytes(packed.subarray(0, -missing))).toThrow(/does not unpack/);
  });

  it.each([
    ["a field that is cut off", [0x0a, 0x05, 0x0a]],
    ["an unknown wire type", [0x0f]],
    [
      "a number without an end",
      [0x0a, 0x0c, 0x0a, 0x0a, 0x12, 0x08, 0x1a, 0x06, 0x0a, 0x04, 0xff, 0xff, 0xff, 0xff],
    ],
  ])("says that a record is no tf.Example: %s", (_, payload) => {
    const out = new ByteBuffer();
    appendRecord(out, () => out.append(Uint8Array.from(payload)));
    expect(readBytes(out.written())).toThrow(/byte 0: the record cannot be read: it is no tf\.Example/);
  });

  it("says that a file holds something else", () => {
    expect(readBytes(Buffer.from("no records, but text"))).toThrow(/its length has a wrong checksum/);
  });

  it("reads an empty file as no records", () => {
    expect(readBytes(new Uint8Array(0))()).toEqual([]);
  });
});
