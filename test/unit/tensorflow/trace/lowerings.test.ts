/** Every kernel of tfjs: lowered, computed by the reference engine and by TensorFlow, and compared with tfjs's own result. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, describe, expect, it } from "vitest";
import { encodeGraphDef } from "../../../../framework/tensorflow/proto/encodeGraph.js";
import type { TensorLike } from "../../../../framework/tensorflow/Tensor.js";
import { lowerings } from "../../../../framework/tensorflow/trace/lowerings.js";
import type { Traced } from "../../../../framework/tensorflow/trace/Recorder.js";
import { refusedKernels } from "../../../../framework/tensorflow/trace/refusedKernels.js";
import { describeWithPython, runPython } from "../../../python.js";
import { EagerRecorder } from "./EagerRecorder.js";
import { binaries } from "./cases/binary.js";
import { convolutions } from "./cases/convolutions.js";
import { unaries } from "./cases/elementwise.js";
import { matrices } from "./cases/matrices.js";
import { reductions } from "./cases/reductions.js";
import { shapes } from "./cases/shapes.js";
import { expectSame, tolerance } from "./compareTensors.js";
import { bools, floats, type KernelCall, kernelsOf, seenOf } from "./tfjsKernels.js";

const cases = {
  ...unaries(),
  ...binaries(),
  ...reductions(),
  ...matrices(),
  ...convolutions(),
  ...shapes(),
};

/** A kernel's graph with its inputs, and what tfjs makes of them. */
interface Recorded {
  readonly label: string;
  readonly recorder: EagerRecorder;
  readonly outputs: readonly Traced[];
  readonly expected: readonly TensorLike[];
}

const recorded: Recorded[] = [];
const lowered = new Set<string>();

function lower(label: string, { kernel, inputs, attrs, outputs }: KernelCall): Recorded {
  const recorder = new EagerRecorder();
  const given = Object.fromEntries(
    Object.entries(inputs).map(([name, { value }]) => [name, recorder.placeholder(value)]),
  );
  const lowering = lowerings[kernel];
  if (!lowering) throw new Error(`${kernel} has no lowering: ${refusedKernels[kernel]}`);
  lowered.add(kernel);
  const made = [lowering(recorder, given, attrs)].flat() as Traced[];
  return {
    label: `${label}: ${kernel}`,
    recorder,
    outputs: made,
    expected: outputs.map(({ value }) => value),
  };
}

describe("lowerings agree with tfjs", () => {
  it.each(Object.entries(cases))("%s", (name, run) => {
    const { calls } = kernelsOf(run);
    expect(calls.length).toBeGreaterThan(0);
    for (const call of calls) {
      const one = lower(name, call);
      expect(one.outputs.length, one.label).toBe(one.expected.length);
      for (const [i, { value }] of one.outputs.entries())
        expectSame(value, one.expected[i] as TensorLike, one.label);
      recorded.push(one);
    }
  });
});

/** Kernels that tfjs-core 4.22 declares and runs others in their place: what those give. */
const inPlaceOf: Readonly<Record<string, () => KernelCall>> = {
  BroadcastTo: () =>
    stand("BroadcastTo", { x: floats([3, 1]) }, { shape: [2, 3, 4] }, (x) => tf.broadcastTo(x.x, [2, 3, 4])),
  LogicalXor: () =>
    stand("LogicalXor", { a: bools([6], 2), b: bools([6], 3) }, {}, (x) => tf.logicalXor(x.a, x.b)),
  LogSoftmax: () =>
    stand("LogSoftmax", { logits: floats([2, 5]) }, { axis: -1 }, (x) => tf.logSoftmax(x.logits)),
  "LogSoftmax ": () =>
    stand("LogSoftmax", { logits: floats([2, 5, 3]) }, { axis: 1 }, (x) =>
      tf.transpose(tf.logSoftmax(tf.transpose(x.logits, [0, 2, 1])), [0, 2, 1]),
    ),
  LowerBound: () =>
    stand("LowerBound", sorted(), {}, (x) => tf.searchSorted(x.sortedSequence, x.values, "left")),
  UpperBound: () =>
    stand("UpperBound", sorted(), {}, (x) => tf.searchSorted(x.sortedSequence, x.values, "right")),
};

const sorted = () => ({ sortedSequence: tf.tensor2d([[1, 2, 2, 5]]), values: tf.tensor2d([[0, 2, 6]]) });

function stand<T extends Record<string, tf.Tensor>>(
  kernel: string,
  inputs: T,
  attrs: KernelCall["attrs"],
  run: (inputs: T) => tf.Tensor,
): KernelCall {
  const given = Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, seenOf(tensor)]));
  return { kernel, inputs: given, attrs, outputs: [seenOf(run(inputs))] };
}

describe("lowerings of kernels that tfjs has others for", () => {
  it.each(Object.entries(inPlaceOf))("%s", (name, call) => {
    const one = lower(name, call());
    expectSame((one.outputs[0] as Traced).value, one.expected[0] as TensorLike, name);
    recorded.push(one);
  });
});

describe("a kernel that would come out otherwise is refused", () => {
  const image = () => floats([1, 6, 6, 2]) as tf.Tensor4D;
  const refused: Record<string, [run: () => unknown, RegExp]> = {
    "sums of bools": [() => tf.add(bools([3]), bools([3])), /bools; cast them to int32 or float32/],
    "a function of bools": [() => tf.neg(bools([3])), /bools; cast them/],
    "windows that tfjs lays by mistake": [
      () => tf.maxPool(image(), [3, 2], 1, 1),
      /3×2 in steps of 1×1, padded by the number 1.*give its padding as \[\[0, 0\], \[1, 1\]/,
    ],
    "maxima of nothing": [() => tf.maxPool(image(), 1, 1, 1), /lies wholly in the padding/],
  };
  it.each(Object.entries(refused))("%s", (_name, [run, message]) => {
    const { calls } = kernelsOf(() => run() as tf.Tensor);
    expect(() => lower("refused", calls.at(-1) as KernelCall)).toThrow(message);
  });

  it("complex numbers", () => {
    const call = { kernel: "Cast", inputs: { x: seenOf(floats([2])) }, outputs: [] };
    expect(() => lower("refused", { ...call, attrs: { dtype: "complex64" } })).toThrow(
      /complex numbers are not/,
    );
  });
});

describe("the table of lowerings", () => {
  const names = () => {
    const main = createRequire(import.meta.url).resolve("@tensorflow/tfjs-core");
    const text = readFileSync(join(dirname(main), "kernel_names.d.ts"), "utf8");
    return [...text.matchAll(/^export declare const (\w+) = "\1"/gm)].map((match) => match[1] as string);
  };

  it("has every kernel of tfjs, or refuses it with a reason", () => {
    const all = names();
    expect(all.length).toBe(180);
    expect(all.filter((name) => !lowerings[name] && !refusedKernels[name])).toEqual([]);
    expect(Object.keys(lowerings).filter((name) => !all.includes(name))).toEqual([]);
    expect(Object.keys(refusedKernels).filter((name) => !all.includes(name) || lowerings[name])).toEqual([]);
  });

  it("has no lowering that no case runs", () => {
    expect(Object.keys(lowerings).filter((name) => !lowered.has(name))).toEqual([]);
  });
});

describeWithPython("TensorFlow", () => {
  const folder = mkdtempSync(join(tmpdir(), "lowerings-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  it("imports and runs every graph, with tfjs's results", () => {
    expect(recorded.length).toBeGreaterThan(400);
    const path = join(folder, "graphs.json");
    writeFileSync(path, JSON.stringify(recorded.map(plain)));
    const report = JSON.parse(runPython(program, [path])) as { count: number; faults: string[] };
    expect(report.faults).toEqual([]);
    expect(report.count).toBe(recorded.length);
  }, 240_000);
});

function plain({ label, recorder, outputs, expected }: Recorded) {
  const feeds = Object.fromEntries([...recorder.feeds].map(([name, value]) => [name, plainTensor(value)]));
  const graph = Buffer.from(encodeGraphDef(recorder.graph())).toString("base64");
  return {
    label,
    graph,
    feeds,
    outputs: outputs.map(({ name }) => name),
    expected: expected.map(plainTensor),
  };
}

function plainTensor({ dtype, shape, data }: TensorLike) {
  if (Array.isArray(data))
    return { dtype, shape, data: data.map((text) => Buffer.from(text).toString("base64")) };
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return { dtype, shape, data: bytes.toString("base64") };
}

const program = `
import base64, json, sys
import numpy as np
import tensorflow as tf

def tensor(plain):
    if plain["dtype"] == "string":
        return np.array([base64.b64decode(x) for x in plain["data"]], object).reshape(plain["shape"])
    return np.frombuffer(base64.b64decode(plain["data"]), plain["dtype"]).reshape(plain["shape"])

faults = []
cases = json.load(open(sys.argv[1]))
for case in cases:
    try:
        definition = tf.compat.v1.GraphDef.FromString(base64.b64decode(case["graph"]))
        with tf.Graph().as_default() as graph:
            tf.import_graph_def(definition, name="")
            names = [name if ":" in name else name + ":0" for name in case["outputs"]]
            with tf.compat.v1.Session() as session:
                results = session.run(names, {name + ":0": tensor(x) for name, x in case["feeds"].items()})
        for result, plain in zip(results, case["expected"]):
            golden = tensor(plain)
            result = np.asarray(result)
            if result.shape != golden.shape or (golden.dtype != object and result.dtype != golden.dtype):
                faults.append(f"{case['label']}: {result.dtype}{result.shape} against {golden.dtype}{golden.shape}")
            elif golden.dtype == np.float32:
                with np.errstate(all="ignore"):
                    same = (result == golden) | (np.isnan(result) & np.isnan(golden))
                    far = np.where(same, 0, np.abs(result - golden) / np.maximum(1, np.abs(golden)))
                worst = float(np.max(np.nan_to_num(far, nan=np.inf, posinf=np.inf), initial=0))
                if worst > ${tolerance}: faults.append(f"{case['label']}: differs by {worst}")
            elif not np.array_equal(result, golden):
                faults.append(f"{case['label']}: {result.ravel()[:8]} against {golden.ravel()[:8]}")
    except Exception as error:
        faults.append(f"{case['label']}: {str(error)[:300]}")
print(json.dumps({"count": len(cases), "faults": faults}))
`;
