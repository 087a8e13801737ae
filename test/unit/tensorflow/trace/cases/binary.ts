/** Functions of two tensors: broadcasting, integers, bools, mixed types. */
import * as tf from "@tensorflow/tfjs-core";
import { bools, floats, wholes } from "../tfjsKernels.js";
import type { Run } from "./Run.js";

export function binaries(): Record<string, Run> {
  const cases: Record<string, Run> = {};
  type Binary = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;
  const all: Record<string, Binary> = {
    add: tf.add,
    sub: tf.sub,
    mul: tf.mul,
    div: tf.div,
    mod: tf.mod,
    maximum: tf.maximum,
    minimum: tf.minimum,
    squaredDifference: tf.squaredDifference,
    atan2: tf.atan2,
    floorDiv: tf.floorDiv,
    divNoNan: tf.divNoNan,
    equal: tf.equal,
    notEqual: tf.notEqual,
    less: tf.less,
    lessEqual: tf.lessEqual,
    greater: tf.greater,
    greaterEqual: tf.greaterEqual,
  };
  const shapes: [number[], number[]][] = [
    [
      [2, 3],
      [2, 3],
    ],
    [[2, 3], [3]],
    [
      [2, 1, 3],
      [4, 1],
    ],
    [[], [2, 2]],
    [
      [2, 3],
      [2, 1],
    ],
  ];
  for (const [name, f] of Object.entries(all)) {
    for (const [a, b] of shapes) cases[`${name} [${a}] [${b}]`] = () => f(floats(a), floats(b, 5));
    cases[`int32 ${name}`] = () =>
      f(tf.tensor1d([7, -7, 7, -7, 6], "int32"), tf.tensor1d([2, 2, -2, -2, 3], "int32"));
    cases[`mixed ${name}`] = () => f(tf.tensor1d([7, -7], "int32"), tf.tensor1d([2.5, -2.5]));
  }
  for (const f of [
    tf.equal,
    tf.notEqual,
    tf.less,
    tf.lessEqual,
    tf.greater,
    tf.greaterEqual,
    tf.maximum,
    tf.minimum,
    tf.mul,
  ])
    cases[`bool ${f.name}`] = () => (f as Binary)(bools([6], 2), bools([6], 3));
  cases["bool and float"] = () => tf.mul(bools([6]), floats([6]));
  cases.pow = () => tf.pow(tf.abs(floats([2, 3])), floats([3], 4));
  cases["int32 pow"] = () => tf.pow(tf.tensor1d([2, -3, 5], "int32"), tf.tensor1d([10, 3, 0], "int32"));
  cases.bitwiseAnd = () =>
    tf.bitwiseAnd(tf.tensor1d([12, -1, 7], "int32"), tf.tensor1d([10, 255, 8], "int32"));
  cases.addN = () => tf.addN([floats([2, 3]), floats([2, 3], 2), floats([2, 3], 3)]);
  cases["int32 addN"] = () => tf.addN([wholes([4]), wholes([4], 2)]);
  cases.logic = () =>
    [tf.logicalAnd, tf.logicalOr, tf.logicalXor].map((f) => f(bools([2, 3], 2), bools([3], 3)));
  cases.where = () => tf.where(bools([3]), floats([2, 3]), floats([], 4));
  cases["where of mixed types"] = () => tf.where(bools([4]), wholes([4]), floats([4]));
  cases["where of bools"] = () => tf.where(bools([4]), bools([4], 2), bools([4], 3));
  return cases;
}
