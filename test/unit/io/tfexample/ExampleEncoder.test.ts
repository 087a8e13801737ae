import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { ByteBuffer } from "../../../../framework/io/ByteBuffer.js";
import { ExampleEncoder } from "../../../../framework/io/tfexample/ExampleEncoder.js";
import type { ExampleLayout } from "../../../../framework/io/tfexample/layout.js";
import { type ExampleValues, readExamples } from "../../../../framework/io/tfexample/readExamples.js";
import { appendRecord } from "../../../../framework/io/tfrecord.js";
import { temporaryFolder } from "../sample.js";
import { branchesOf, layoutOf, type SampleEvent, sampleEvents } from "./examples.js";
import { slowExamples } from "./slowExampleEncoder.js";

const folder = temporaryFolder();
const { flat, rows } = branchesOf(folder);
const branches = [flat, rows];

/** The products of an event, in the order of `branches`. */
const productOf = (events: readonly SampleEvent[]) => (product: number, event: number) =>
  product === 0 ? events[event]?.flat : events[event]?.rows;

function encode(layout: ExampleLayout, events: readonly SampleEvent[], compression: "" | "GZIP" = "") {
  const ids = events.map(({ id }) => id);
  return new ExampleEncoder(layout, compression).encode(ids, productOf(events));
}

function read(bytes: Uint8Array): Map<string, ExampleValues>[] {
  const path = join(folder, "records.tfrecord");
  writeFileSync(path, bytes);
  return [...readExamples(path)] as Map<string, ExampleValues>[];
}

describe.each(["event", "row"] as const)("one Example a %s", (granularity) => {
  const layout = layoutOf(["all.*", "row.*"], branches, { granularity });

  it("has the bytes that protobufjs gives TensorFlow's declaration, for every kind of field", () => {
    const events = sampleEvents(200);
    const slow = new ByteBuffer();
    const ends = events
      .flatMap((event) => slowExamples(layout, event))
      .map((payload) => {
        appendRecord(slow, (out) => out.append(payload));
        return slow.size;
      });
    const fast = encode(layout, events);
    expect([...fast.ends]).toEqual(ends);
    expect(Buffer.from(fast.bytes).equals(slow.written())).toBe(true);
  });

  it("is the same after compression", () => {
    const events = sampleEvents(20);
    const packed = encode(layout, events, "GZIP");
    const plain = encode(layout, events);
    expect(gunzipSync(packed.bytes).equals(plain.bytes)).toBe(true);
    expect(packed.ends).toEqual(plain.ends);
  });

  it("does not depend on what the encoder wrote before", () => {
    const encoder = new ExampleEncoder(layout);
    const events = sampleEvents(30);
    const ids = events.map(({ id }) => id);
    const first = encoder.encode(ids, productOf(events));
    encoder.encode(ids.slice(0, 7), productOf(sampleEvents(7, 5)));
    expect(encoder.encode(ids, productOf(events))).toEqual(first);
  });
});

it("readExamples gives back every value exactly", () => {
  const events = sampleEvents(40);
  const examples = read(encode(layoutOf(["all.*", "row.*"], branches), events).bytes);
  expect(examples).toHaveLength(40);
  for (const [i, { id, flat: scalars, rows: lists }] of events.entries()) {
    const example = examples[i] as Map<string, ExampleValues>;
    expect(example.get("event")).toEqual(BigInt64Array.of(BigInt(id.event)));
    expect(example.get("nrow")).toEqual(BigInt64Array.of(BigInt((lists.f as Float32Array).length)));
    expect(example.get("all_f")).toEqual(Float32Array.of(scalars.f as number));
    expect(example.get("all_l")).toEqual(BigInt64Array.of(scalars.l as bigint));
    expect(example.get("all_b")).toEqual(BigInt64Array.of(scalars.b ? 1n : 0n));
    expect((example.get("all_t") as Uint8Array[]).map((t) => Buffer.from(t).toString())).toEqual([scalars.t]);
    expect(example.get("row_f")).toEqual(lists.f);
    expect(example.get("row_l")).toEqual(lists.l);
    expect(example.get("row_d")).toEqual(Float32Array.from(lists.d as Float64Array));
    expect(example.get("row_y")).toEqual(lists.y);
  }
});

it("readExamples gives one Example a row, with the event's id in each", () => {
  const events = sampleEvents(10);
  const layout = layoutOf(["x=row.i", "all.t"], branches, { granularity: "row" });
  const examples = read(encode(layout, events, "GZIP").bytes);
  const expected = events.flatMap(({ id, rows: { i } }) =>
    [...(i as Int32Array)].map((x, row) => ({ event: BigInt(id.event), row: BigInt(row), x: BigInt(x) })),
  );
  const one = (values: ExampleValues | undefined) => (values as BigInt64Array)[0];
  expect(
    examples.map((e) => ({ event: one(e.get("event")), row: one(e.get("row")), x: one(e.get("x")) })),
  ).toEqual(expected);
  expect([...(examples[0] as Map<string, ExampleValues>).keys()]).toEqual([
    "run",
    "luminosityBlock",
    "event",
    "row",
    "x",
    "all_t",
  ]);
});

describe("what cannot be written", () => {
  const events = sampleEvents(3);
  const refused = (rules: string[], event: Partial<SampleEvent>, options = {}) => {
    const broken = [{ ...(events[2] as SampleEvent), ...event }];
    return () => encode(layoutOf(rules, branches, options), broken);
  };
  const [, , third] = events as [SampleEvent, SampleEvent, SampleEvent];

  it.each([
    [
      "an event without the product",
      ["all.f"],
      { flat: undefined as never },
      {},
      /^run \d+, lumi 3, event \d+ has no Flat_all__TEST\.; let SelectEvents name the path/,
    ],
    [
      "an array of another type",
      ["row.f"],
      { rows: { f: new Float64Array(2) } },
      {},
      /^Rows_row__TEST\.f must be Float32Array but is an object of class Float64Array/,
    ],
    [
      "a number where a bigint is declared",
      ["all.l"],
      { flat: { l: 5 } },
      {},
      /^Flat_all__TEST\.l must be bigint but is number 5/,
    ],
    [
      "a fraction in an integer",
      ["all.i"],
      { flat: { i: 0.5 } },
      {},
      /^Flat_all__TEST\.i must be a value that an Int32Array can hold/,
    ],
    [
      "a string where bytes are declared",
      ["row.y"],
      { rows: { y: ["a"] } },
      {},
      /^Rows_row__TEST\.y must be Uint8Array/,
    ],
    [
      "a uint64 beyond int64",
      ["all.ul"],
      { flat: { ul: 2n ** 63n } },
      {},
      /^Flat_all__TEST\.ul must be less than 2\^63/,
    ],
    [
      "columns of different length as rows",
      ["row.f", "row.i"],
      { rows: { ...third.rows, i: new Int32Array(7) } },
      { granularity: "row" },
      /'Rows_row__TEST\.f' has 2 rows, 'Rows_row__TEST\.i' has 7; write them into two files, or choose granularity "event"/,
    ],
    [
      "columns of different length under one row count",
      ["row.f", "row.i"],
      { rows: { ...third.rows, i: new Int32Array(7) } },
      {},
      /set rowCounts to false/,
    ],
  ] as const)("%s is named", (_, rules, event, options, message) => {
    expect(refused([...rules], event as Partial<SampleEvent>, options)).toThrow(message);
  });

  it("columns of different length are written when nothing counts them", () => {
    const event = { ...third, rows: { ...third.rows, i: new Int32Array(7) } };
    const layout = layoutOf(["row.f", "row.i"], branches, { rowCounts: false });
    const [example] = read(encode(layout, [event]).bytes);
    expect(example?.get("row_f")).toHaveLength(2);
    expect(example?.get("row_i")).toHaveLength(7);
  });
});
