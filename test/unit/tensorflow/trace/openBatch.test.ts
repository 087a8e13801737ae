/** Every family of kernels in a function whose batch is not known: one graph, computed by both engines, for any batch. */
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { TensorSpec } from "../../../../framework/tensorflow/TensorSpec.js";
import {
  concreteFunction,
  type TraceableFunction,
} from "../../../../framework/tensorflow/trace/concreteFunction.js";
import { eager, expectClose, floats, ints, run } from "./traced.js";

beforeAll(async () => {
  await tf.setBackend("cpu");
});

const constant = (shape: readonly number[], seed = 7) => eager(floats(shape, seed));
const images = (x: tf.Tensor) => x as tf.Tensor4D;
const filter = () => constant([3, 3, 2, 4]) as tf.Tensor4D;
const deep = () => constant([3, 3, 2, 2]) as tf.Tensor4D;
const ids = (...values: number[]) => tf.tensor1d(values, "int32");

/** On vectors of 6. */
const ofVectors: Record<string, (x: tf.Tensor) => tf.Tensor> = {
  "dense layers": (x) => {
    const hidden = tf.fused.matMul({ a: x, b: constant([6, 5]), bias: constant([5]), activation: "elu" });
    return tf.softmax(tf.fused.matMul({ a: hidden, b: constant([5, 3]), bias: constant([3]) }));
  },
  "batch normalisation": (x) =>
    tf.batchNorm(
      x,
      constant([6]) as tf.Tensor1D,
      tf.abs(constant([6], 3)) as tf.Tensor1D,
      constant([6], 4) as tf.Tensor1D,
    ),
  "layer normalisation": (x) => {
    const { mean, variance } = tf.moments(x, -1, true);
    return tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, 1e-3)));
  },
  "masked choice": (x) => tf.where(tf.greater(x, 0.2), x, tf.mul(x, 0.1)),
  "choice by row": (x) => tf.where(tf.greater(tf.sum(x, 1, true), 0), x, tf.zerosLike(x)),
  "largest elements": (x) => tf.topk(x, 3).values,
  "places of largest": (x) => tf.cast(tf.topk(x, 2).indices, "float32"),
  "one hot": (x) => tf.oneHot(tf.argMax(x, 1), 6, 1, 0, "float32"),
  "picked columns": (x) => tf.gather(x, ids(5, 0, 0), 1),
  "running sums": (x) => tf.cumsum(x, 1, true, true),
  "parts joined": (x) => tf.concat([...tf.split(x, 3, 1), x, tf.slice(x, [0, 1], [-1, 2])], 1),
  "columns apart": (x) => tf.stack(tf.unstack(x, 1), 1),
  "strided parts": (x) => tf.stridedSlice(x, [0, 5], [0, 0], [1, -2], 1, 1),
  "outer products": (x) => tf.einsum("bi,bj->bij", x, tf.tanh(x)),
  "columns turned": (x) =>
    tf.reverse(
      tf.mirrorPad(
        x,
        [
          [0, 0],
          [2, 1],
        ],
        "reflect",
      ),
      1,
    ),
  "places in a table": (x) => {
    const table = tf.tensor1d([-0.5, 0, 0.5]);
    return tf.cast(tf.reshape(tf.searchSorted(table, tf.reshape(x, [-1])), x.shape), "float32");
  },
  "whole numbers divided": (x) => {
    const whole = tf.cast(tf.mul(x, 10), "int32");
    const divisor = tf.add(tf.abs(whole), tf.scalar(1, "int32"));
    return tf.cast(tf.add(tf.floorDiv(tf.scalar(100, "int32"), divisor), tf.mod(whole, divisor)), "float32");
  },
  "sums of segments": (x) => tf.transpose(tf.unsortedSegmentSum(tf.transpose(x), ids(0, 1, 0, 2, 2, 0), 3)),
  "limits and steps": (x) => tf.add(tf.clipByValue(x, -0.3, 0.4), tf.mod(x, 0.7)),
};

/** On images of 6 × 5 with 2 channels. */
const ofImages: Record<string, (x: tf.Tensor) => tf.Tensor> = {
  "a convolutional network": (x) => {
    const first = tf.fused.conv2d({
      x: images(x),
      filter: filter(),
      strides: 1,
      pad: "same",
      bias: constant([4]),
      activation: "relu",
    });
    return tf.matMul(tf.reshape(tf.maxPool(first, 2, 2, "same"), [-1, 36]), constant([36, 3]));
  },
  "flattened by its sizes": (x) => tf.reshape(x, [x.shape[0] as number, 60]),
  "channels first": (x) => tf.conv2d(tf.transpose(images(x), [0, 3, 1, 2]), filter(), 2, "same", "NCHW"),
  "depthwise with gaps": (x) => tf.depthwiseConv2d(images(x), deep(), 1, "same", "NHWC", 2),
  "depthwise in uneven steps": (x) => tf.depthwiseConv2d(images(x), deep(), [1, 2], "same"),
  "mean over its own padding": (x) => tf.avgPool(images(x), 3, 1, 1),
  "global mean": (x) => tf.mean(x, [1, 2]),
  "transposed convolution": (x) =>
    tf.conv2dTranspose(
      images(x),
      constant([3, 3, 4, 2]) as tf.Tensor4D,
      [x.shape[0] as number, 12, 10, 4],
      2,
      "same",
    ),
  "batch normalisation": (x) =>
    tf.batchNorm(x, constant([2]) as tf.Tensor1D, tf.abs(constant([2], 3)) as tf.Tensor1D),
  resized: (x) =>
    tf.add(tf.image.resizeBilinear(images(x), [9, 9]), tf.image.resizeNearestNeighbor(images(x), [9, 9])),
  "space and batch": (x) =>
    tf.batchToSpaceND(
      tf.spaceToBatchND(
        x,
        [2, 2],
        [
          [0, 0],
          [1, 0],
        ],
      ),
      [2, 2],
      [
        [1, 0],
        [0, 1],
      ],
    ),
  sequences: (x) =>
    tf.conv1d(
      tf.reshape(x, [x.shape[0] as number, 30, 2]) as tf.Tensor3D,
      constant([3, 2, 4]) as tf.Tensor3D,
      1,
      "valid",
    ),
  attention: (x) => {
    const rows = tf.reshape(x, [x.shape[0] as number, 6, 10]);
    return tf.matMul(tf.softmax(tf.matMul(rows, rows, false, true)), rows);
  },
};

async function compare(fn: (x: tf.Tensor) => tf.Tensor, shape: readonly number[]): Promise<void> {
  const traced = await concreteFunction(fn as TraceableFunction, [
    new TensorSpec([null, ...shape], "float32", "x"),
  ]);
  for (const batch of [1, 2, 5]) {
    const x = floats([batch, ...shape], batch);
    const expected = fn(eager(x));
    expect(expected.shape[0]).toBe(batch);
    expectClose(run(traced, [x])[0], expected, 2e-6);
    expectClose(run(traced, [x], "compiled")[0], expected, 2e-6);
  }
}

describe("for any batch", () => {
  it.each(Object.entries(ofVectors))("of vectors: %s", (_name, fn) => compare(fn, [6]));
  it.each(Object.entries(ofImages))("of images: %s", (_name, fn) => compare(fn, [6, 5, 2]));
});

describe("zeros, which stand for inputs in a trace, need not be", () => {
  const compareInts = async (
    fn: (x: tf.Tensor, y: tf.Tensor) => tf.Tensor,
    x: readonly number[],
    y: readonly number[],
  ) => {
    const specs = ["x", "y"].map((name) => new TensorSpec([null], "int32", name));
    const traced = await concreteFunction(fn as TraceableFunction, specs);
    const inputs = [x, y].map((values) => ints([values.length], values));
    const [a, b] = inputs.map((input) => eager(input)) as [tf.Tensor, tf.Tensor];
    expectClose(run(traced, inputs)[0], fn(a, b));
  };

  it("divisors", () => compareInts((x, y) => tf.add(tf.floorDiv(x, y), tf.mod(x, y)), [7, -7], [2, 3]));

  it("positions", () =>
    compareInts((x, y) => tf.gather(tf.add(x, 1), tf.sub(y, tf.scalar(1, "int32"))), [7, -7, 5], [2, 3, 1]));

  it("powers", async () => {
    const fn = (x: tf.Tensor) => tf.pow(tf.scalar(2, "int32"), tf.sub(x, tf.scalar(3, "int32")));
    const traced = await concreteFunction(fn as TraceableFunction, [new TensorSpec([2], "int32", "x")]);
    expectClose(run(traced, [ints([2], [3, 7])])[0], tf.tensor1d([1, 16], "int32"));
  });

  it("but sizes that do not fit stay an error", async () => {
    const fn = (x: tf.Tensor) => tf.add(x, tf.tensor1d([1, 2, 3], "int32"));
    const spec = new TensorSpec([2], "int32", "x");
    await expect(concreteFunction(fn as TraceableFunction, [spec])).rejects.toThrow(
      /[Ii]ncompatible|broadcast/,
    );
  });
});
