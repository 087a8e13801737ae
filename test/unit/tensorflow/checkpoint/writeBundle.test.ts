/** Tensor bundles that we write: byte for byte TensorFlow's own, and read back by it and by us. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { VariablesBundle } from "../../../../framework/tensorflow/checkpoint/VariablesBundle.js";
import { writeBundle } from "../../../../framework/tensorflow/checkpoint/writeBundle.js";
import { Tensor, type TensorLike } from "../../../../framework/tensorflow/Tensor.js";
import { describeWithPython, runPython } from "../../../python.js";

const source = join(import.meta.dirname, "..", "savedModels", "bundle");
const folder = mkdtempSync(join(tmpdir(), "writeBundle-"));
afterAll(() => rmSync(folder, { recursive: true }));

function readAll(prefix: string): Map<string, Tensor> {
  const bundle = new VariablesBundle(prefix);
  return new Map(bundle.names.map((name) => [name, bundle.read(name)]));
}

const everyType = readAll(join(source, "variables"));
/** Many names with long common parts, so that keys are compressed and the index has several blocks. */
const many = new Map(
  Array.from({ length: 9000 }, (_, i): [string, TensorLike] => [
    `model/layer_${i % 7}/very/long/scope/kernel_${i}`,
    new Tensor("float32", [i % 3, 2]),
  ]),
);
many.set("\xff", new Tensor("int32", [], [7]));

describe("a written bundle", () => {
  it.each([
    ["every type", everyType],
    ["many tensors", many],
    ["no tensor at all", new Map<string, TensorLike>()],
  ])("with %s reads back", (name, tensors) => {
    const prefix = join(folder, name);
    writeBundle(prefix, tensors);
    expect(readAll(prefix)).toEqual(new Map([...tensors].sort(([a], [b]) => (a < b ? -1 : 1))));
  });

  it("has the same bytes in whatever order the tensors come", () => {
    writeBundle(join(folder, "forward"), everyType);
    writeBundle(join(folder, "backward"), new Map([...everyType].reverse()));
    for (const suffix of [".index", ".data-00000-of-00001"]) {
      const [a, b] = ["forward", "backward"].map((name) => readFileSync(join(folder, name + suffix)));
      expect(a?.equals(b as Buffer)).toBe(true);
    }
  });

  it("may lie in shared memory", () => {
    const data = new Float32Array(new SharedArrayBuffer(12));
    data.set([1, 2, 3]);
    writeBundle(join(folder, "shared"), new Map([["x", { dtype: "float32", shape: [3], data }]]));
    expect(readAll(join(folder, "shared")).get("x")?.data).toEqual(new Float32Array([1, 2, 3]));
  });
});

describe("a bundle that cannot be written", () => {
  it.each([
    ["", new Tensor("int32", []), "tensor '' needs a name that a checkpoint can hold."],
    [
      "x",
      { dtype: "int32", shape: [3], data: new Int32Array(2) },
      "tensor 'x' has shape [3] and 2 elements.",
    ],
    [
      "x",
      { dtype: "int64", shape: [2], data: new Int32Array(2) },
      "tensor 'x' says that it is int64, but holds a Int32Array.",
    ],
  ] as [string, TensorLike, string][])("says so: %s, %o", (name, tensor, message) => {
    expect(() => writeBundle(join(folder, "never"), new Map([[name, tensor]]))).toThrow(message);
    expect(readdirSync(folder).filter((file) => file.startsWith("never"))).toEqual([]);
  });

  it("leaves what was there, and nothing half-written", () => {
    const directory = join(folder, "blocked");
    mkdirSync(join(directory, "m.index", "in the way"), { recursive: true });
    expect(() => writeBundle(join(directory, "m"), everyType)).toThrow(/'.*m' cannot be written: .*/);
    expect(readdirSync(directory).filter((name) => name.includes(String(process.pid)))).toEqual([]);
    expect(() => writeBundle(join(folder, "no such", "m"), everyType)).toThrow(/does its folder exist\?/);
    expect(existsSync(join(folder, "no such"))).toBe(false);
  });
});

const rewrite = `
import sys, os
import tensorflow as tf
for prefix in sys.argv[1:]:
  reader = tf.train.load_checkpoint(prefix)
  types = reader.get_variable_to_dtype_map()
  names = sorted(types, key=lambda name: name.encode())
  values = tf.raw_ops.RestoreV2(prefix=prefix, tensor_names=names, shape_and_slices=[""] * len(names), dtypes=[types[n] for n in names]) if names else []
  if names:
    tf.raw_ops.SaveV2(prefix=prefix + ".theirs", tensor_names=names, shape_and_slices=[""] * len(names), tensors=values)
`;

describeWithPython("TensorFlow", () => {
  it("reads what we write, and writes the same bytes", () => {
    const cases = { types: everyType, many: new Map([...many].map(([k, v]) => [k.replace("\xff", "z"), v])) };
    const prefixes = Object.entries(cases).map(([name, tensors]) => {
      writeBundle(join(folder, `tf ${name}`), tensors);
      return join(folder, `tf ${name}`);
    });
    writeBundle(join(folder, "tf none"), new Map());
    runPython(rewrite, [...prefixes, join(folder, "tf none")]);
    for (const prefix of prefixes) {
      for (const suffix of [".index", ".data-00000-of-00001"]) {
        const ours = readFileSync(prefix + suffix);
        const theirs = readFileSync(`${prefix}.theirs${suffix}`);
        expect([prefix, suffix, ours.equals(theirs)]).toEqual([prefix, suffix, true]);
      }
    }
  });
});
