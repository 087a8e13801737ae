/** Functions of several kernels: their graphs have the ops that TensorFlow would have, without tfjs's detours. */
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import type { TensorLike } from "../../../../framework/tensorflow/Tensor.js";
import { lowerings } from "../../../../framework/tensorflow/trace/lowerings.js";
import type { Lowering, Traced } from "../../../../framework/tensorflow/trace/Recorder.js";
import { expectSame } from "./compareTensors.js";
import { EagerRecorder } from "./EagerRecorder.js";
import { floats, kernelsOf, type Seen } from "./tfjsKernels.js";

/** The ops that the result needs, in their order, after comparing it with tfjs's. */
function opsOf(run: () => tf.Tensor): string[] {
  const { calls, results } = kernelsOf(run);
  const recorder = new EagerRecorder();
  const places = new Map<number, Traced>();
  const placeOf = ({ id, value }: Seen): Traced => {
    const place = places.get(id) ?? recorder.placeholder(value);
    places.set(id, place);
    return place;
  };
  for (const { kernel, inputs, attrs, outputs } of calls) {
    const given = Object.fromEntries(Object.entries(inputs).map(([name, seen]) => [name, placeOf(seen)]));
    const made = [(lowerings[kernel] as Lowering)(recorder, given, attrs)].flat() as Traced[];
    for (const [i, { id }] of outputs.entries()) places.set(id, made[i] as Traced);
  }
  const [result] = results as [Seen];
  const end = placeOf(result);
  expectSame(end.value, result.value as TensorLike, "result");
  const needed = new Set([end.name.split(":")[0]]);
  for (const node of [...recorder.nodes].reverse()) {
    if (needed.has(node.name)) for (const name of node.inputs) needed.add(name.split(":")[0]);
  }
  return recorder.nodes
    .filter(({ name, op }) => needed.has(name) && op !== "Const" && op !== "Placeholder")
    .map(({ op }) => op);
}

describe("the graph of", () => {
  const x = () => floats([4, 5]);

  it("a dense layer is a product, a bias and an activation", () => {
    const layer = () => tf.fused.matMul({ a: x(), b: floats([5, 3]), bias: floats([3]), activation: "relu" });
    expect(opsOf(layer)).toEqual(["MatMul", "BiasAdd", "Relu"]);
    expect(opsOf(() => tf.tanh(layer()))).toEqual(["MatMul", "BiasAdd", "Relu", "Tanh"]);
  });

  it("two dense layers has no reshaping between them", () => {
    const run = () => {
      const hidden = tf.fused.matMul({ a: x(), b: floats([5, 3]), bias: floats([3]), activation: "elu" });
      return tf.softmax(tf.fused.matMul({ a: hidden, b: floats([3, 2]), bias: floats([2]) }));
    };
    expect(opsOf(run)).toEqual(["MatMul", "BiasAdd", "Elu", "MatMul", "BiasAdd", "Softmax"]);
  });

  it("attention multiplies all heads as they are", () => {
    const run = () =>
      tf.fused.matMul({ a: floats([2, 3, 4, 5]), b: floats([2, 3, 6, 5], 2), transposeB: true });
    expect(opsOf(run)).toEqual(["BatchMatMulV2"]);
  });

  it("a product of stacked matrices keeps the function's own reshaping", () => {
    const run = () =>
      tf.fused.matMul({ a: tf.reshape(floats([2, 3, 4, 5]), [6, 4, 5]), b: floats([6, 5, 2]) });
    expect(opsOf(run)).toEqual(["Reshape", "BatchMatMulV2"]);
  });

  it("batch normalisation of vectors is arithmetic, that of images one node", () => {
    const parameters = () =>
      [floats([5]), tf.abs(floats([5], 2)), floats([5], 3), floats([5], 4)] as tf.Tensor1D[];
    const norm = (value: tf.Tensor) => {
      const [mean, variance, offset, scale] = parameters() as [
        tf.Tensor1D,
        tf.Tensor1D,
        tf.Tensor1D,
        tf.Tensor1D,
      ];
      return tf.batchNorm(value, mean, variance, offset, scale);
    };
    const vectors = opsOf(() => norm(x()));
    expect(vectors.filter((op) => op !== "Abs")).toEqual([
      "AddV2",
      "Rsqrt",
      "Mul",
      "Mul",
      "Sub",
      "Mul",
      "AddV2",
    ]);
    expect(opsOf(() => norm(floats([2, 3, 3, 5])))).toEqual(["Abs", "FusedBatchNormV3"]);
  });

  it("a convolution over channels first turns them round once", () => {
    const run = () =>
      tf.conv2d(floats([1, 2, 5, 5]) as tf.Tensor4D, floats([3, 3, 2, 4]) as tf.Tensor4D, 1, "same", "NCHW");
    expect(opsOf(run)).toEqual(["Transpose", "Conv2D", "Transpose"]);
  });

  it("axes added and taken away again is the tensor itself", () => {
    expect(opsOf(() => tf.neg(tf.squeeze(tf.expandDims(tf.expandDims(x(), 0), -1))))).toEqual(["Neg"]);
    expect(opsOf(() => tf.neg(tf.reshape(tf.reshape(x(), [20]), [2, 10])))).toEqual(["Reshape", "Neg"]);
  });
});
