/** Functions of one tensor, element by element: edge values and integers. */
import * as tf from "@tensorflow/tfjs-core";
import { bools, floats, wholes } from "../tfjsKernels.js";
import type { Run } from "./Run.js";

type Unary = (x: tf.Tensor) => tf.Tensor;

const edges = () => tf.tensor1d([-100, -3.5, -2.5, -1, -0.5, -1e-3, 0, 1e-3, 0.5, 1.5, 2.5, 7, 30]);
const positive = () => tf.tensor1d([1e-4, 0.25, 1, 2.5, 1e4]);
const within = () => tf.tensor1d([-0.9, -0.5, 0, 1e-3, 0.7]);

const onEdges: Record<string, Unary> = {
  abs: tf.abs,
  ceil: tf.ceil,
  cos: tf.cos,
  elu: tf.elu,
  exp: (x) => tf.exp(tf.clipByValue(x, -100, 10)),
  expm1: (x) => tf.expm1(tf.clipByValue(x, -100, 10)),
  floor: tf.floor,
  isFinite: tf.isFinite,
  isInf: tf.isInf,
  isNaN: tf.isNaN,
  neg: tf.neg,
  relu: tf.relu,
  relu6: tf.relu6,
  round: tf.round,
  selu: tf.selu,
  sigmoid: tf.sigmoid,
  sign: tf.sign,
  sin: tf.sin,
  sinh: (x) => tf.sinh(tf.clipByValue(x, -5, 5)),
  cosh: (x) => tf.cosh(tf.clipByValue(x, -5, 5)),
  softplus: tf.softplus,
  square: tf.square,
  tanh: tf.tanh,
  atan: tf.atan,
  asinh: (x) => tf.asinh(tf.clipByValue(x, -2, 30)),
  erf: tf.erf,
  step: (x) => tf.step(x, 0.25),
  leakyRelu: (x) => tf.leakyRelu(x, 0.3),
  logSigmoid: tf.logSigmoid,
  clip: (x) => tf.clipByValue(x, -1.5, 2.25),
  onesLike: tf.onesLike,
  zerosLike: tf.zerosLike,
};

export function unaries(): Record<string, Run> {
  const cases: Record<string, Run> = {};
  for (const [name, f] of Object.entries(onEdges)) cases[name] = () => f(edges());
  for (const f of [tf.sqrt, tf.rsqrt, tf.log, tf.log1p, tf.reciprocal, tf.acosh]) {
    const shifted = f === tf.acosh ? 1 : 0;
    cases[`positive ${f.name}`] = () => f(tf.add(positive(), shifted));
  }
  for (const f of [tf.asin, tf.acos, tf.atanh, tf.tan]) cases[`within ${f.name}`] = () => f(within());
  const ofInts = [
    tf.abs,
    tf.neg,
    tf.square,
    tf.sign,
    tf.round,
    tf.relu,
    tf.relu6,
    tf.exp,
    tf.expm1,
    tf.isNaN,
    tf.step,
    tf.onesLike,
    tf.zerosLike,
  ];
  for (const f of ofInts) cases[`int32 ${f.name}`] = () => (f as Unary)(wholes([7]));
  cases["int32 log1p"] = () => tf.log1p(tf.abs(wholes([7])) as tf.Tensor);
  cases["int32 reciprocal"] = () => tf.reciprocal(tf.add(tf.abs(wholes([7])), tf.scalar(1, "int32")));
  cases["int32 clip"] = () => tf.clipByValue(wholes([9]), -2.5, 2.5);
  cases["int32 clip above"] = () => tf.clipByValue(wholes([9]), 0, Number.POSITIVE_INFINITY);
  cases["int32 leakyRelu"] = () => tf.leakyRelu(wholes([5]));
  cases["int32 prelu"] = () => tf.prelu(wholes([2, 3]), floats([3]));
  cases["NaN and infinities"] = () => {
    const x = tf.tensor1d([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1]);
    return [
      tf.isNaN(x),
      tf.isInf(x),
      tf.isFinite(x),
      tf.relu(x),
      tf.step(x, 0.5),
      tf.sigmoid(x),
      tf.prelu(x, tf.tensor1d([0.5])),
    ];
  };
  cases["bool exp, not, ones, zeros"] = () => [
    tf.exp(bools([4])),
    tf.logicalNot(bools([4])),
    tf.onesLike(bools([4])),
    tf.zerosLike(bools([4])),
  ];
  for (const shape of [[2, 3], [3], [], [2, 1]])
    cases[`prelu slopes [${shape}]`] = () => tf.prelu(floats([2, 3]), floats(shape, 7));
  return cases;
}
