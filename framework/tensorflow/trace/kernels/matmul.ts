/** Products of matrices, with what tfjs fuses into them, and Einsum. */
import type { Lowering, LoweringTable, Recorder, Traced } from "../Recorder.js";
import { activate } from "./activation.js";
import { input, isSame, listOf, node, product, refusal, typed, typeOf } from "./nodes.js";
import { originOf, reshape } from "./reshape.js";

/** The tensor as the function wrote it, where tfjs only joined or added axes before the last two. */
function asWritten(x: Traced): Traced {
  const origin = originOf(x);
  const isPlain = origin.value.shape.length >= 2;
  return isPlain && isSame(origin.value.shape.slice(-2), x.value.shape.slice(-2)) ? origin : x;
}

function matMul(recorder: Recorder, a: Traced, b: Traced, isTurnedA: boolean, isTurnedB: boolean): Traced {
  if (a.value.dtype === "bool")
    throw refusal("BatchMatMul", "it is given bools; cast them to float32 before");
  const attrs = typeOf(a);
  if (a.value.shape.length === 2 && b.value.shape.length === 2) {
    return node(recorder, "MatMul", [a, b], {
      ...attrs,
      transpose_a: { b: isTurnedA },
      transpose_b: { b: isTurnedB },
    });
  }
  return node(recorder, "BatchMatMulV2", [a, b], {
    ...attrs,
    adj_x: { b: isTurnedA },
    adj_y: { b: isTurnedB },
  });
}

const batchMatMul: Lowering = (recorder, inputs, attrs) => {
  const [a, b] = [input(inputs, "a"), input(inputs, "b")];
  return matMul(recorder, a, b, attrs.transposeA === true, attrs.transposeB === true);
};

/** A vector as long as the last axis is TensorFlow's bias; anything else is added. */
export function addBias(recorder: Recorder, x: Traced, bias: Traced): Traced {
  const { shape } = x.value;
  const isVector = bias.value.shape.length === 1 && bias.value.shape[0] === shape.at(-1);
  if (!isVector || shape.length < 2) return typed(recorder, "AddV2", x, bias);
  return node(recorder, "BiasAdd", [x, bias], { ...typeOf(x), data_format: { s: "NHWC" } });
}

/** The number of products that two stacks of matrices mean, or undefined where they do not broadcast. */
function batchOf(a: Traced, b: Traced): number | undefined {
  const [left, right] = [a.value.shape.slice(0, -2).reverse(), b.value.shape.slice(0, -2).reverse()];
  let batch = 1;
  for (let axis = 0; axis < Math.max(left.length, right.length); axis++) {
    const [n, m] = [left[axis] ?? 1, right[axis] ?? 1];
    if (n !== m && n !== 1 && m !== 1) return undefined;
    batch *= n === 1 ? m : n;
  }
  return batch;
}

/** tfjs makes three axes of whatever it multiplies; the graph multiplies what was written. */
const fusedMatMul: Lowering = (recorder, inputs, attrs) => {
  const [a, b] = [input(inputs, "a"), input(inputs, "b")];
  const [isTurnedA, isTurnedB] = [attrs.transposeA === true, attrs.transposeB === true];
  const batch = Math.max(product(a.value.shape.slice(0, -2)), product(b.value.shape.slice(0, -2)));
  const written = [asWritten(a), asWritten(b)] as const;
  const [left, right] = batchOf(...written) === batch ? written : [a, b];
  let result = matMul(recorder, left, right, isTurnedA, isTurnedB);
  if (inputs.bias !== undefined) result = addBias(recorder, result, inputs.bias);
  result = activate(
    recorder,
    result,
    attrs.activation as string,
    inputs.preluActivationWeights,
    attrs.leakyreluAlpha as number | undefined,
  );
  return reshape(recorder, result, [batch, ...result.value.shape.slice(-2)]);
};

const einsum: Lowering = (recorder, inputs, attrs) => {
  const operands = listOf(inputs);
  const [first] = operands;
  if (first === undefined) throw refusal("Einsum", "it has no tensors");
  return node(recorder, "Einsum", operands, {
    ...typeOf(first),
    N: { i: operands.length },
    equation: { s: attrs.equation as string },
  });
};

export const matmul: LoweringTable = {
  BatchMatMul: batchMatMul,
  _FusedMatMul: fusedMatMul,
  Einsum: einsum,
};
