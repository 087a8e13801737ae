/** Rows picked by their positions: Gather, GatherV2 (any axis, batch dimensions), GatherNd. */
// biome-ignore-all lint/style/noNonNullAssertion: axes and positions are checked before they are used
import { intAttr } from "../../attributes.js";
import type { NodeDef } from "../../GraphDef.js";
import { showShape, type TensorLike } from "../../Tensor.js";
import { type Kernel, kernelError, type OpTable, positiveAxis, product, readInt, readInts } from "../op.js";
import { copyRun, stridesOf } from "../stridedCopy.js";

function createGather(node: NodeDef): Kernel {
  const batchAttr = intAttr(node, "batch_dims", 0);
  const positions: number[] = [];
  return (call) => {
    const [params, indices, axisInput] = call.inputs as [TensorLike, TensorLike, TensorLike | undefined];
    const { shape } = params;
    const axis = positiveAxis(axisInput ? readInt(axisInput) : 0, shape.length);
    const batchDims = batchAttr < 0 ? batchAttr + indices.shape.length : batchAttr;
    checkBatch(shape, indices.shape, batchDims, axis);
    readInts(indices, positions);
    const size = shape[axis]!;
    const batch = product(shape, 0, batchDims);
    const outer = product(shape, batchDims, axis);
    const inner = product(shape, axis + 1);
    const picked = positions.length / Math.max(batch, 1);
    const outShape = [...shape.slice(0, axis), ...indices.shape.slice(batchDims), ...shape.slice(axis + 1)];
    const out = call.output(0, params.dtype, outShape);
    let at = 0;
    for (let row = 0; row < batch * outer; row++) {
      const firstPosition = Math.floor(row / outer) * picked;
      for (let i = 0; i < picked; i++, at += inner) {
        const position = positions[firstPosition + i]!;
        if (position < 0 || position >= size)
          throw kernelError(`position ${position} is not in [0, ${size})`);
        copyRun(params.data, (row * size + position) * inner, out, at, inner);
      }
    }
  };
}

function checkBatch(
  shape: readonly number[],
  indices: readonly number[],
  batchDims: number,
  axis: number,
): void {
  let fits = batchDims >= 0 && batchDims <= axis && batchDims <= indices.length;
  for (let a = 0; fits && a < batchDims; a++) fits = shape[a] === indices[a];
  if (fits) return;
  throw kernelError(
    `${showShape(indices)} positions do not fit ${showShape(shape)} with ${batchDims} batch dimensions`,
  );
}

/** Each row of the indices is a position along the first axes of the tensor. */
function createGatherNd(): Kernel {
  const positions: number[] = [];
  const strides: number[] = [];
  return (call) => {
    const [params, indices] = call.inputs as [TensorLike, TensorLike];
    const { shape } = params;
    const depth = indices.shape.at(-1);
    if (depth === undefined || depth > shape.length)
      throw kernelError(`positions of ${depth} axes are too long`);
    readInts(indices, positions);
    stridesOf(shape, strides);
    const inner = product(shape, depth);
    const out = call.output(0, params.dtype, [...indices.shape.slice(0, -1), ...shape.slice(depth)]);
    const count = product(indices.shape, 0, indices.shape.length - 1);
    for (let i = 0; i < count; i++) {
      let from = 0;
      for (let axis = 0; axis < depth; axis++) {
        const position = positions[i * depth + axis]!;
        if (position < 0 || position >= shape[axis]!) {
          throw kernelError(`position ${position} is outside axis ${axis} of ${showShape(shape)}`);
        }
        from += position * strides[axis]!;
      }
      copyRun(params.data, from, out, i * inner, inner);
    }
  };
}

export const gatherOps: OpTable = {
  Gather: { arity: 2, create: createGather },
  GatherV2: { arity: 3, create: createGather },
  GatherNd: { arity: 2, create: createGatherNd },
};
