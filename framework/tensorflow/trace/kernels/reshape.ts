/**
 * Reshape, ExpandDims. tfjs gives many of its kernels tensors of more axes than the function wrote and takes them away
 * again; what a tensor was before is remembered, so that the graph has what was written.
 */
import type { Lowering, LoweringTable, Recorder, Traced } from "../Recorder.js";
import { axesOf, expandDims, input, int32, ints, isSame, node, product, typeOf } from "./nodes.js";

/** The tensor whose elements, under another shape, a tensor is. */
const origins = new WeakMap<Traced, Traced>();

/** What `x` was before it was given its shape; `x` itself where it always had it. */
export function originOf(x: Traced): Traced {
  return origins.get(x) ?? x;
}

/** `x` under a shape; -1 in it is what is left over. Nothing is recorded where it has had this shape. */
export function reshape(recorder: Recorder, x: Traced, shape: readonly number[]): Traced {
  const origin = originOf(x);
  const known = product(shape.filter((size) => size !== -1));
  const open = known === 0 ? 0 : product(x.value.shape) / known;
  const resolved = shape.map((size) => (size === -1 ? open : size));
  if (isSame(x.value.shape, resolved)) return x;
  if (isSame(origin.value.shape, resolved)) return origin;
  // A first size that is the tensor's own may be that of the batch, and be left open in place of the given one.
  const isBatch = shape[0] !== -1 && shape[0] === x.value.shape[0];
  const wanted = ints(recorder, isBatch ? resolved : shape, "Reshape/shape");
  const result = node(recorder, "Reshape", [origin, wanted], { ...typeOf(x), Tshape: int32 });
  origins.set(result, origin);
  return result;
}

const expand: Lowering = (recorder, inputs, attrs) => {
  const x = input(inputs, "input");
  const [axis = 0] = axesOf(attrs.dim, x.value.shape.length + 1);
  const result = expandDims(recorder, x, axis);
  origins.set(result, originOf(x));
  return result;
};

export const reshaping: LoweringTable = {
  ExpandDims: expand,
  Reshape: (recorder, inputs, attrs) => reshape(recorder, input(inputs, "x"), attrs.shape as number[]),
};
