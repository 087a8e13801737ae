/** Shapes as values, and the same elements under another shape (no copy). */
import { dtypeAttr, intsAttr } from "../../attributes.js";
import type { NodeDef } from "../../GraphDef.js";
import { showShape, type TensorLike } from "../../Tensor.js";
import { isBig, type Kernel, kernelError, type OpTable, positiveAxis, readInt, readInts } from "../op.js";
import { dataInputs } from "./pass.js";

/** An op whose output is made of a tensor's dimensions. */
function createMeasure(
  measure: (shape: readonly number[], size: number) => readonly number[],
  isScalar: boolean,
) {
  return (node: NodeDef): Kernel => {
    const dtype = dtypeAttr(node, "out_type", "int32");
    return (call) => {
      const { shape, data } = call.inputs[0] as TensorLike;
      const values = measure(shape, data.length);
      const out = call.output(0, dtype, isScalar ? [] : [values.length]);
      for (let i = 0; i < values.length; i++) {
        if (isBig(out)) out[i] = BigInt(values[i] as number);
        else (out as Int32Array)[i] = values[i] as number;
      }
    };
  };
}

/** One dimension may be -1: what is left over. */
function createReshape(): Kernel {
  const shape: number[] = [];
  return (call) => {
    const [input, wanted] = call.inputs as [TensorLike, TensorLike];
    readInts(wanted, shape);
    const count = input.data.length;
    let known = 1;
    let open = -1;
    for (let axis = 0; axis < shape.length; axis++) {
      if (shape[axis] !== -1) known *= shape[axis] as number;
      else if (open >= 0) throw kernelError(`shape ${showShape(shape)} leaves more than one dimension open`);
      else open = axis;
    }
    if (open >= 0 && known > 0 && count % known === 0) shape[open] = count / known;
    else if (open >= 0 || known !== count) {
      throw kernelError(`${count} elements do not fit the shape ${showShape(shape)}`);
    }
    if (shape.some((size) => size < 0)) throw kernelError(`shape ${showShape(shape)} is not possible`);
    call.alias(shape);
  };
}

function createSqueeze(node: NodeDef): Kernel {
  const named = node.attrs.squeeze_dims ? "squeeze_dims" : "axis";
  const axes = intsAttr(node, named);
  const shape: number[] = [];
  return (call) => {
    const { shape: given } = call.inputs[0] as TensorLike;
    const chosen = axes.map((axis) => positiveAxis(axis, given.length));
    const wrong = chosen.find((axis) => given[axis] !== 1);
    if (wrong !== undefined) throw kernelError(`axis ${wrong} of ${showShape(given)} is not of size 1`);
    shape.length = 0;
    for (const [axis, size] of given.entries()) {
      const isDropped = axes.length > 0 ? chosen.includes(axis) : size === 1;
      if (!isDropped) shape.push(size);
    }
    call.alias(shape);
  };
}

function createExpandDims(): Kernel {
  return (call) => {
    const [input, axisInput] = call.inputs as [TensorLike, TensorLike];
    const axis = positiveAxis(readInt(axisInput), input.shape.length + 1);
    call.alias([...input.shape.slice(0, axis), 1, ...input.shape.slice(axis)]);
  };
}

function createShapeN(node: NodeDef): Kernel {
  const dtype = dtypeAttr(node, "out_type", "int32");
  return (call) => {
    for (const [i, { shape }] of call.inputs.entries()) {
      const out = call.output(i, dtype, [shape.length]);
      if (isBig(out)) for (const [axis, size] of shape.entries()) out[axis] = BigInt(size);
      else (out as Int32Array).set(shape);
    }
  };
}

export const shapeOps: OpTable = {
  Shape: { arity: 1, create: createMeasure((shape) => shape, false) },
  ShapeN: { arity: [1, Number.POSITIVE_INFINITY], create: createShapeN, outputs: dataInputs },
  Rank: { arity: 1, create: createMeasure((shape) => [shape.length], true) },
  Size: { arity: 1, create: createMeasure((_, size) => [size], true) },
  Reshape: { arity: 2, create: createReshape, aliasOf: () => 0 },
  Squeeze: { arity: 1, create: createSqueeze, aliasOf: () => 0 },
  ExpandDims: { arity: 2, create: createExpandDims, aliasOf: () => 0 },
};
