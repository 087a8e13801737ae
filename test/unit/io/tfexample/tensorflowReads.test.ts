/** A real TensorFlow reads what we write, with nothing but the Python file beside the records. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import {
  descriptionPaths,
  featuresJson,
  featuresPython,
} from "../../../../framework/io/tfexample/describeExamples.js";
import { type Compression, ExampleEncoder } from "../../../../framework/io/tfexample/ExampleEncoder.js";
import type { ExampleFeature, ExampleLayout } from "../../../../framework/io/tfexample/layout.js";
import { TFRecordWriter } from "../../../../framework/io/tfexample/TFRecordWriter.js";
import { describeWithPython, runPython } from "../../../python.js";
import { temporaryFolder } from "../sample.js";
import { branchesOf, layoutOf, type SampleEvent, sampleEvents } from "./examples.js";

const folder = temporaryFolder();
const { flat, rows } = branchesOf(folder);
const branches = [flat, rows];
const everything = ["all.*", "row.*"];

interface Case {
  readonly layout: ExampleLayout;
  readonly compression?: Compression;
  readonly recordsPerShard?: number;
  /** Events a batch: with GZIP each is a member of its own. */
  readonly batches: readonly number[];
}

const cases: Record<string, Case> = {
  "one Example an event": { layout: layoutOf(everything, branches), batches: [20, 3] },
  "one Example a row": { layout: layoutOf(everything, branches, { granularity: "row" }), batches: [20, 3] },
  "gzip of several members": {
    layout: layoutOf(everything, branches),
    compression: "GZIP",
    batches: [7, 1, 9],
  },
  shards: { layout: layoutOf(everything, branches), recordsPerShard: 4, batches: [7, 1, 9] },
  "gzip shards of rows": {
    layout: layoutOf(["row.f", "all.t"], branches, { granularity: "row" }),
    compression: "GZIP",
    recordsPerShard: 4,
    batches: [7, 1, 9],
  },
  "no record at all": { layout: layoutOf(everything, branches), batches: [] },
  "no record at all, gzip": { layout: layoutOf(everything, branches), compression: "GZIP", batches: [] },
  "events without rows only": { layout: layoutOf(["row.*"], branches), batches: [1] },
  "names of one's own": { layout: layoutOf(["x=row.f"], branches, { rowCounts: false }), batches: [5] },
};

/** Each set twice, one by one and in batches; numbers as text, because JSON rounds integers. */
const program = `
import importlib.util, json, sys
import numpy as np
import tensorflow as tf

def plain(value):
    if isinstance(value, tf.RaggedTensor):
        return [plain(row) for row in value]
    if value.dtype == tf.string:
        return np.vectorize(lambda item: item.hex(), otypes=[object])(np.asarray(value.numpy(), dtype=object)).tolist()
    array = value.numpy()
    return np.vectorize(str, otypes=[object])(array).tolist() if value.dtype == tf.int64 else array.astype(float).tolist()

result = {}
for path in sys.argv[1:]:
    spec = importlib.util.spec_from_file_location("records", path)
    records = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(records)
    names = list(records.feature_description)
    single = [{name: plain(example[name]) for name in names} for example in records.dataset()]
    batched = [{name: plain(batch[name]) for name in names} for batch in records.dataset(batch_size=6)]
    shuffled = [int(example["event"]) for example in records.dataset(shuffle=1000, seed=1)]
    types = {name: value.dtype.name for name, value in records.dataset().element_spec.items()}
    result[path] = {"names": names, "single": single, "batched": batched, "shuffled": len(shuffled), "types": types}
print(json.dumps(result))
`;

type Values = Record<string, unknown>;
interface Read {
  readonly names: readonly string[];
  readonly single: readonly Values[];
  readonly batched: readonly Values[];
  readonly shuffled: number;
  readonly types: Readonly<Record<string, string>>;
}

function writeCase(name: string, { layout, compression = "", recordsPerShard = 0, batches }: Case): string {
  const cwd = join(folder, name.replaceAll(/\W/g, "_"));
  mkdirSync(cwd);
  const path = join(cwd, "train.tfrecord");
  const writer = new TFRecordWriter(path, { compression, recordsPerShard });
  const encoder = new ExampleEncoder(layout, compression);
  for (const [seed, count] of batches.entries()) {
    const events = sampleEvents(count, seed);
    const ids = events.map(({ id }) => id);
    writer.append(
      encoder.encode(ids, (product, event) => (product === 0 ? events[event]?.flat : events[event]?.rows)),
    );
  }
  const set = { layout, compression, files: writer.close(), events: batches.reduce((a, b) => a + b, 0) };
  const { json, python } = descriptionPaths(path);
  writeFileSync(json, featuresJson(set));
  writeFileSync(python, featuresPython(set, path));
  return python;
}

/** What TensorFlow must find, as the program prints it. */
function expectedOf({ layout, batches }: Case): Values[] {
  return batches
    .flatMap((count, seed) => sampleEvents(count, seed))
    .flatMap((event) => examplesOf(layout, event));
}

function examplesOf(layout: ExampleLayout, event: SampleEvent): Values[] {
  const { granularity, features } = layout;
  const count = (event.rows.i as Int32Array).length;
  const each = granularity === "row" ? Array.from({ length: count }, (_, row) => row) : [undefined];
  return each.map((row) =>
    Object.fromEntries(features.map((feature) => [feature.name, expectedValue(feature, layout, event, row)])),
  );
}

function expectedValue(
  feature: ExampleFeature,
  layout: ExampleLayout,
  event: SampleEvent,
  row: number | undefined,
) {
  const { source, type } = feature;
  if (source.from === "row") return String(row);
  if (source.from === "count") return String((event.rows.i as Int32Array).length);
  if (source.from !== "field") return String(event.id[source.from]);
  const isFlat = layout.products[source.product]?.description.label === "all";
  const value = (isFlat ? event.flat : event.rows)[source.field.name];
  if (isFlat) return shown(value, type);
  const list = Array.from(value as ArrayLike<unknown>);
  return row === undefined ? list.map((item) => shown(item, type)) : shown(list[row], type);
}

function shown(value: unknown, type: ExampleFeature["type"]): unknown {
  if (type === "float32") return Math.fround(value as number);
  if (type === "int64") return String(typeof value === "boolean" ? Number(value) : value);
  return Buffer.from(value as string).toString("hex");
}

describeWithPython("TensorFlow reads, with the Python file beside the records,", () => {
  let found: Record<string, Read>;
  const paths: Record<string, string> = {};

  beforeAll(() => {
    for (const [name, each] of Object.entries(cases)) paths[name] = writeCase(name, each);
    found = JSON.parse(runPython(program, Object.values(paths))) as Record<string, Read>;
  }, 240_000);

  it.each(Object.entries(cases))("%s", (name, each) => {
    const { names, single, batched, shuffled, types } = found[paths[name] as string] as Read;
    const expected = expectedOf(each);
    expect(names).toEqual(each.layout.features.map((feature) => feature.name));
    expect(types).toEqual(Object.fromEntries(each.layout.features.map((f) => [f.name, f.type])));
    expect(single).toEqual(expected);
    const flattened = batched.flatMap((batch) => {
      const columns = Object.entries(batch) as [string, unknown[]][];
      return (columns[0]?.[1] ?? []).map((_, i) =>
        Object.fromEntries(columns.map(([column, values]) => [column, values[i]])),
      );
    });
    expect(flattened).toEqual(expected);
    expect(shuffled).toBe(expected.length);
  });
});
