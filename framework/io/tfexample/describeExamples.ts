/**
 * The two files beside tf.Example records that say what is in them: NAME.features.json for programs and
 * NAME_features.py, with which tf.data reads them. Both follow from the layout.
 */
import { basename, dirname, join } from "node:path";
import type { Compression } from "./ExampleEncoder.js";
import { type ExampleFeature, type ExampleLayout, type ExampleType, sourceText } from "./layout.js";
import type { RecordShard } from "./TFRecordWriter.js";

/** Everything that the two files tell. */
export interface ExampleSet {
  readonly layout: ExampleLayout;
  readonly compression: Compression;
  readonly files: readonly RecordShard[];
  readonly events: number;
}

/** Where the descriptions of the records in `path` lie: without .tfrecord and .gz, in Python with a name it can import. */
export function descriptionPaths(path: string): { json: string; python: string } {
  const name = basename(path)
    .replace(/\.gz$/, "")
    .replace(/\.tfrecords?$/, "");
  const module = `${name.replaceAll(/\W/g, "_").replace(/^(?=\d)/, "_")}_features`;
  return { json: join(dirname(path), `${name}.features.json`), python: join(dirname(path), `${module}.py`) };
}

export function featuresJson({ layout, compression, files, events }: ExampleSet): string {
  const features = layout.features.map(({ name, type, isList, description, source }) => {
    const origin = source.from === "field" ? { column: sourceText(source, layout.products) } : {};
    const kind = source.from === "field" ? { kind: source.field.kind } : {};
    return { name, type, isList, description, ...origin, ...kind };
  });
  const records = files.reduce((sum, file) => sum + file.records, 0);
  const { granularity } = layout;
  const all = { format: "tf.Example in TFRecord", version: 1, granularity, compression, events, records };
  return `${JSON.stringify({ ...all, files, features }, undefined, 2)}\n`;
}

const dtypes: Record<ExampleType, string> = {
  float32: "tf.float32",
  int64: "tf.int64",
  string: "tf.string",
};

function featureLine(feature: ExampleFeature, layout: ExampleLayout): string {
  const { name, type, isList, description, source } = feature;
  const config = isList
    ? `tf.io.RaggedFeature(${dtypes[type]})`
    : `tf.io.FixedLenFeature([], ${dtypes[type]})`;
  const origin =
    source.from === "field" ? `; ${source.field.kind} ${sourceText(source, layout.products)}` : "";
  // A comment of a .proto file is one line of text, whatever it holds.
  const comment = `${description}${origin}`.replaceAll(/\s+/g, " ");
  return `    ${JSON.stringify(name)}: ${config},  # ${comment}\n`;
}

export function featuresPython({ layout, compression, files, events }: ExampleSet, path: string): string {
  const records = files.reduce((sum, file) => sum + file.records, 0);
  const each = layout.granularity === "row" ? "one a row, with the event's id in each" : "one an event";
  const module = basename(descriptionPaths(path).python, ".py");
  return `"""Reads ${records} tf.Example records of ${events} events, ${each}.

Written beside the records by cmsrun's TFRecordOutputModule: do not edit.

    from ${module} import dataset
    for examples in dataset(batch_size=64):
        ...
"""

from pathlib import Path

import tensorflow as tf

COMPRESSION = ${JSON.stringify(compression)}
FILES = [
${files.map(({ name, records: count }) => `    ${JSON.stringify(name)},  # ${count} records\n`).join("")}]

# Product fields with their units, and where they come from.
feature_description = {
${layout.features.map((feature) => featureLine(feature, layout)).join("")}}


def files():
    """The paths of the records: beside this file, in the order of the events."""
    return [str(Path(__file__).parent / name) for name in FILES]


def parse(serialized):
    """One serialized tf.Example, or a vector of them, as a dictionary of tensors."""
    if serialized.shape.rank == 0:
        return tf.io.parse_single_example(serialized, feature_description)
    return tf.io.parse_example(serialized, feature_description)


def dataset(paths=None, batch_size=None, shuffle=0, seed=None):
    """A tf.data.Dataset of dictionaries, in the order of the events.

    batch_size: so many examples at once; features of varying length are then RaggedTensors.
    shuffle: the number of records to mix, anew in every epoch.
    """
    records = tf.data.TFRecordDataset(files() if paths is None else paths, compression_type=COMPRESSION)
    if shuffle:
        records = records.shuffle(shuffle, seed=seed)
    if batch_size is not None:
        records = records.batch(batch_size)
    return records.map(parse, num_parallel_calls=tf.data.AUTOTUNE)
`;
}
