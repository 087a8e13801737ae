/** Products of matrices, with what tfjs fuses into them. */
import * as tf from "@tensorflow/tfjs-core";
import { floats, wholes } from "../tfjsKernels.js";
import type { Run } from "./Run.js";

export function matrices(): Record<string, Run> {
  const cases: Record<string, Run> = {};
  for (const [a, b] of [
    [false, false],
    [true, false],
    [false, true],
    [true, true],
  ] as const) {
    const left = a ? [4, 3] : [3, 4];
    const right = b ? [2, 4] : [4, 2];
    cases[`matMul ${a} ${b}`] = () => tf.matMul(floats(left), floats(right, 3), a, b);
    cases[`batches ${a} ${b}`] = () => tf.matMul(floats([5, ...left]), floats([5, ...right], 3), a, b);
    cases[`fused ${a} ${b}`] = () =>
      tf.fused.matMul({
        a: floats(left),
        b: floats(right, 3),
        transposeA: a,
        transposeB: b,
        bias: floats([2], 4),
        activation: "relu",
      });
  }
  cases["batches of one"] = () => tf.matMul(floats([5, 3, 4]), floats([1, 4, 2]));
  cases["batches against a matrix"] = () => tf.matMul(floats([5, 3, 4]), floats([4, 2]));
  cases["rank 4"] = () => tf.matMul(floats([2, 3, 3, 4]), floats([2, 3, 4, 2]));
  cases["int32 matMul"] = () => tf.matMul(wholes([2, 3]), wholes([3, 2], 2));
  cases.dot = () => tf.dot(floats([4]), floats([4, 3]));
  cases.outerProduct = () => tf.outerProduct(floats([3]) as tf.Tensor1D, floats([2], 2) as tf.Tensor1D);
  const activations = ["linear", "relu", "relu6", "elu", "sigmoid", "leakyrelu", "prelu"] as const;
  for (const activation of activations) {
    const slopes = activation === "prelu" ? { preluActivationWeights: floats([3], 8) } : {};
    cases[`fused matMul ${activation}`] = () =>
      tf.fused.matMul({
        a: floats([4, 5]),
        b: floats([5, 3], 2),
        bias: floats([3], 3),
        activation,
        leakyreluAlpha: 0.3,
        ...slopes,
      });
    cases[`fused conv ${activation}`] = () =>
      tf.fused.conv2d({
        x: floats([1, 4, 4, 2]) as tf.Tensor4D,
        filter: floats([3, 3, 2, 3], 2) as tf.Tensor4D,
        strides: 1,
        pad: "same",
        bias: floats([3], 3),
        activation,
        leakyreluAlpha: 0.3,
        ...slopes,
      });
  }
  cases["fused batches"] = () =>
    tf.fused.matMul({ a: floats([2, 3, 4]), b: floats([2, 4, 5]), bias: floats([3, 5]) });
  cases["fused rank 4"] = () =>
    tf.fused.matMul({ a: floats([2, 3, 3, 4]), b: floats([2, 3, 4, 2]), bias: floats([2], 2) });
  cases["fused of stacked"] = () =>
    tf.fused.matMul({ a: tf.reshape(floats([2, 3, 3, 4]), [6, 3, 4]), b: floats([6, 4, 2]) });
  cases["fused scalar bias"] = () =>
    tf.fused.matMul({ a: floats([3, 4]), b: floats([4, 2]), bias: tf.scalar(0.5), activation: "sigmoid" });
  for (const equation of [
    "ij,jk->ik",
    "bij,bjk->bik",
    "ij->ji",
    "ij->",
    "i,j->ij",
    "bhwc,bkwc->bhkw",
    "ii->i",
  ]) {
    const [left = ""] = equation.split("->");
    const size: Record<string, number> = { i: 3, j: 4, k: 2, b: 2, h: 3, w: 4, c: 2 };
    if (equation === "ii->i") continue;
    cases[`einsum ${equation}`] = () =>
      tf.einsum(
        equation,
        ...left.split(",").map((term, i) =>
          floats(
            [...term].map((l) => size[l] as number),
            i + 1,
          ),
        ),
      );
  }
  return cases;
}
