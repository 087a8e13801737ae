/** Every kernel of tfjs: lowered, computed by the reference engine and by TensorFlow, and compared with tfjs's own result. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
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
import { type KernelCall, kernelsOf } from "./tfjsKernels.js";

const tolerance = 1e-6;
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

function expectSame(result: TensorLike, golden: TensorLike, label: string): void {
  expect([result.dtype, [...result.shape]], label).toEqual([golden.dtype, [...golden.shape]]);
  if (result.dtype === "string") {
    expect(result.data, label).toEqual(golden.data);
    return;
  }
  const worst = Array.from(result.data as Float32Array).reduce((most, a, i) => {
    const b = Number(golden.data[i]);
    if (Object.is(a, b) || a === b) return most;
    const difference = Math.abs(a - b) / Math.max(1, Math.abs(b));
    return Math.max(most, Number.isFinite(difference) ? difference : Number.POSITIVE_INFINITY);
  }, 0);
  expect(
    worst,
    `${label}: ${result.data.slice(0, 8)} against ${golden.data.slice(0, 8)}`,
  ).toBeLessThanOrEqual(result.dtype === "float32" ? tolerance : 0);
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
    // tfjs-core 4.22 declares them and runs others in their place.
    const never = ["BroadcastTo", "LogicalXor", "LogSoftmax", "LowerBound", "Square", "UpperBound"];
    expect(Object.keys(lowerings).filter((name) => !lowered.has(name) && !never.includes(name))).toEqual([]);
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
