/** MatMul and its batched forms, on the tiles of gemm.ts; BiasAdd, which always follows. */
import { boolAttr, stringAttr } from "../../attributes.js";
import type { NumberArray } from "../../dtypes.js";
import type { NodeDef } from "../../GraphDef.js";
import { showShape, type TensorLike } from "../../Tensor.js";
import { Broadcast } from "../broadcast.js";
import { type Kernel, type KernelCall, kernelError, numbers, type OpTable, product } from "../op.js";
import { addLoop } from "./arithmetic.js";
import { gemm, type Matrix } from "./gemm.js";

interface Operand extends Matrix {
  rows: number;
  columns: number;
}

const newOperand = (): Operand => ({
  data: new Float32Array(0),
  offset: 0,
  row: 0,
  column: 0,
  rows: 0,
  columns: 0,
});

/** Reads the last two axes of a tensor as a matrix, transposed where asked. */
function setOperand(operand: Operand, tensor: TensorLike, isTransposed: boolean): void {
  const { shape } = tensor;
  const rank = shape.length;
  if (rank < 2) throw kernelError(`expects matrices, not a tensor of shape ${showShape(shape)}`);
  const rows = shape[rank - 2] as number;
  const columns = shape[rank - 1] as number;
  operand.data = numbers(tensor);
  operand.offset = 0;
  operand.row = isTransposed ? 1 : columns;
  operand.column = isTransposed ? columns : 1;
  operand.rows = isTransposed ? columns : rows;
  operand.columns = isTransposed ? rows : columns;
}

function createMatmul(transposeA: string, transposeB: string): (node: NodeDef) => Kernel {
  return (node) => {
    const isATransposed = boolAttr(node, transposeA);
    const isBTransposed = boolAttr(node, transposeB);
    const a = newOperand();
    const b = newOperand();
    const shape: number[] = [];
    const batch = new Broadcast(2);
    const batchShapes = [{ shape: [] as number[] }, { shape: [] as number[] }] as const;
    return (call) => {
      const left = call.inputs[0] as TensorLike;
      const right = call.inputs[1] as TensorLike;
      if (left.dtype !== right.dtype) throw kernelError("the matrices have different dtypes");
      setOperand(a, left, isATransposed);
      setOperand(b, right, isBTransposed);
      if (a.columns !== b.rows) throw kernelError(`${a.columns} columns do not fit ${b.rows} rows`);
      leadingShape(left.shape, batchShapes[0].shape);
      leadingShape(right.shape, batchShapes[1].shape);
      batch.update(batchShapes);
      shape.length = batch.shape.length + 2;
      for (let axis = 0; axis < batch.shape.length; axis++) shape[axis] = batch.shape[axis] as number;
      shape[shape.length - 2] = a.rows;
      shape[shape.length - 1] = b.columns;
      const out = call.output(0, left.dtype, shape) as NumberArray;
      multiplyAll(a, b, batch, out);
    };
  };
}

function multiplyAll(a: Operand, b: Operand, batch: Broadcast, out: NumberArray): void {
  const m = a.rows;
  const k = a.columns;
  const n = b.columns;
  for (let more = batch.start(); more; more = batch.next()) {
    for (let i = 0; i < batch.count; i++) {
      a.offset = ((batch.at[0] as number) + i * (batch.step[0] as number)) * m * k;
      b.offset = ((batch.at[1] as number) + i * (batch.step[1] as number)) * k * n;
      gemm(a, b, out, (batch.out + i) * m * n, m, k, n);
    }
  }
}

function leadingShape(shape: readonly number[], into: number[]): void {
  into.length = shape.length - 2;
  for (let axis = 0; axis < into.length; axis++) into[axis] = shape[axis] as number;
}

/** Adds a vector along the channel axis: the last one, or the second one in NCHW. */
function createBiasAdd(node: NodeDef): Kernel {
  const isChannelFirst = stringAttr(node, "data_format", "NHWC") === "NCHW";
  return (call: KernelCall) => {
    const value = call.inputs[0] as TensorLike;
    const bias = call.inputs[1] as TensorLike;
    const { shape } = value;
    const axis = isChannelFirst ? 1 : shape.length - 1;
    const channels = shape[axis];
    if (
      channels === undefined ||
      bias.shape.length !== 1 ||
      bias.shape[0] !== channels ||
      bias.dtype !== value.dtype
    ) {
      throw kernelError("the bias does not fit the value's channels");
    }
    const x = numbers(value);
    const y = numbers(bias);
    const out = call.output(0, value.dtype, shape) as NumberArray;
    const inner = product(shape, axis + 1);
    if (inner === 1) {
      for (let at = 0; at < x.length; at += channels) addLoop(x, at, 1, y, 0, 1, out, at, channels);
      return;
    }
    for (let at = 0, c = 0; at < x.length; at += inner, c = (c + 1) % channels) {
      addLoop(x, at, 1, y, c, 0, out, at, inner);
    }
  };
}

const batched = { arity: 2, create: createMatmul("adj_x", "adj_y") };

export const matmulOps: OpTable = {
  MatMul: { arity: 2, create: createMatmul("transpose_a", "transpose_b") },
  BatchMatMul: batched,
  BatchMatMulV2: batched,
  BatchMatMulV3: batched,
  BiasAdd: { arity: 2, create: createBiasAdd },
  BiasAddV1: { arity: 2, create: createBiasAdd },
};
