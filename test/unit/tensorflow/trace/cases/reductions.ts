/** Reductions over axes, running sums, softmax and normalisations. */
import * as tf from "@tensorflow/tfjs-core";
import { bools, floats, wholes } from "../tfjsKernels.js";
import type { Run } from "./Run.js";

export function reductions(): Record<string, Run> {
  const cases: Record<string, Run> = {};
  type Reduction = (x: tf.Tensor, axis?: number | number[], keepDims?: boolean) => tf.Tensor;
  const all: Record<string, Reduction> = {
    sum: tf.sum,
    mean: tf.mean,
    prod: tf.prod,
    max: tf.max,
    min: tf.min,
  };
  const axes: (number | number[] | undefined)[] = [undefined, 0, -1, [0, 2], [1], [2, 0]];
  for (const [name, f] of Object.entries(all)) {
    for (const axis of axes)
      for (const keep of [false, true])
        cases[`${name} ${axis} ${keep}`] = () => f(floats([2, 3, 4]), axis, keep);
    cases[`int32 ${name}`] = () => f(wholes([2, 3]), 1);
    cases[`bool ${name}`] = () => f(bools([2, 3]), 1);
    cases[`scalar ${name}`] = () => f(tf.scalar(1.5));
  }
  for (const f of [tf.any, tf.all]) {
    for (const axis of axes) cases[`${f.name} ${axis}`] = () => f(bools([2, 3, 4], 9), axis, axis === 0);
  }
  for (const f of [tf.argMax, tf.argMin]) {
    for (const axis of [0, 1, -1]) cases[`${f.name} ${axis}`] = () => f(wholes([3, 4, 5], 3), axis);
    cases[`${f.name} of equals`] = () => f(tf.tensor1d([1, 3, 3, 1, 1]), 0);
  }
  for (const f of [tf.cumsum, tf.cumprod]) {
    for (const axis of [0, 1, 2])
      for (const flags of [0, 1, 2, 3])
        cases[`${f.name} ${axis} ${flags}`] = () => f(floats([2, 3, 2]), axis, flags % 2 > 0, flags > 1);
    cases[`int32 ${f.name}`] = () => f(wholes([2, 3]), 1);
  }
  cases["cumsum of bools"] = () => tf.cumsum(bools([5]), 0);
  cases.moments = () => {
    const { mean, variance } = tf.moments(floats([3, 4]), 0);
    return [mean, variance];
  };
  cases.logSumExp = () => tf.logSumExp(floats([3, 4]), 1);
  cases.softmax = () => tf.softmax(floats([2, 5]));
  cases["softmax of large"] = () => tf.softmax(tf.tensor2d([[1000, 999, -1000]]));
  cases.logSoftmax = () => tf.logSoftmax(floats([2, 5]));
  cases.norm = () => tf.norm(floats([3, 4]), "euclidean", 1);
  cases.euclideanNorm = () => tf.euclideanNorm(floats([3, 4]));
  cases.lrn = () => tf.localResponseNormalization(floats([1, 2, 2, 6]) as tf.Tensor4D, 2, 1.5, 0.3, 0.75);
  const special = () =>
    tf.tensor2d([
      [Number.NaN, 1, 2],
      [1, Number.NaN, 2],
      [Number.NEGATIVE_INFINITY, 1, Number.POSITIVE_INFINITY],
    ]);
  cases["NaN reduced"] = () => [tf.max(special(), 1), tf.min(special(), 1), tf.sum(special(), 1)];
  cases["NaN compared"] = () => [
    tf.maximum(special(), 1.5),
    tf.minimum(special(), 1.5),
    tf.clipByValue(special(), 0, 1.5),
    tf.less(special(), 1.5),
    tf.notEqual(special(), special()),
  ];
  cases["masked softmax"] = () =>
    tf.softmax(
      tf.tensor2d([
        [Number.NEGATIVE_INFINITY, 1, 2],
        [0, -1e9, 3],
      ]),
    );
  cases["argMax of infinities"] = () => [
    tf.argMax(tf.tensor1d([Number.NEGATIVE_INFINITY, -5, Number.NEGATIVE_INFINITY])),
    tf.argMin(tf.tensor1d([Number.POSITIVE_INFINITY, 5, 5])),
    tf.argMax(tf.tensor1d([Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY])),
  ];
  return cases;
}
