/** A slow, readable encoder of tf.Example by protobufjs from TensorFlow's own declaration: what the fast one must equal. */
import protobuf from "protobufjs";
import type { FileBranch } from "../../../../framework/io/eventFileFormat.js";
import {
  countName,
  type ExampleFeature,
  type ExampleLayout,
} from "../../../../framework/io/tfexample/layout.js";
import type { SampleEvent } from "./examples.js";

const declaration = `syntax = "proto3";
  message BytesList { repeated bytes value = 1; }
  message FloatList { repeated float value = 1 [packed = true]; }
  message Int64List { repeated int64 value = 1 [packed = true]; }
  message Feature { oneof kind { BytesList bytes_list = 1; FloatList float_list = 2; Int64List int64_list = 3; } }
  message Features { map<string, Feature> feature = 1; }
  message Example { Features features = 1; }`;
const Example = protobuf.parse(declaration, { keepCase: true }).root.lookupType("Example");

const Long = protobuf.util.Long as unknown as { fromString(text: string): unknown };

/** The payloads of the records of one event. */
export function slowExamples(layout: ExampleLayout, event: SampleEvent): Uint8Array[] {
  const rowCount = (event.rows.i as Int32Array).length;
  const rows = layout.granularity === "row" ? Array.from({ length: rowCount }, (_, row) => row) : [undefined];
  return rows.map((row) => {
    const feature = Object.fromEntries(
      layout.features.map((each) => [each.name, listOf(each, valuesOf(each, layout, event, row))]),
    );
    return Example.encode(Example.fromObject({ features: { feature } })).finish();
  });
}

function valuesOf(
  { source }: ExampleFeature,
  layout: ExampleLayout,
  { id, flat, rows }: SampleEvent,
  row: number | undefined,
): unknown[] {
  if (source.from === "row") return [row];
  if (source.from === "count") return [(rows.i as Int32Array).length];
  if (source.from !== "field") return [id[source.from]];
  if (countName(layout.products[source.product] as FileBranch) === "nall") return [flat[source.field.name]];
  const all = Array.from(rows[source.field.name] as ArrayLike<unknown>);
  return row === undefined ? all : [all[row]];
}

function listOf({ type }: ExampleFeature, values: unknown[]) {
  const bytes = (value: unknown) => (typeof value === "string" ? Buffer.from(value) : value);
  if (type === "string") return { bytes_list: { value: values.map(bytes) } };
  if (type === "float32") return { float_list: { value: values } };
  const text = (value: unknown) => String(typeof value === "boolean" ? Number(value) : value);
  return { int64_list: { value: values.map((value) => Long.fromString(text(value))) } };
}
