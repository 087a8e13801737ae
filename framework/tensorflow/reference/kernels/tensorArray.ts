/** TensorArrays of TensorFlow 1: as TensorLists, but changed in place; "flow" values put reads after writes. */
import { boolAttr, dtypeAttr } from "../../attributes.js";
import type { NodeDef } from "../../GraphDef.js";
import type { TensorLike } from "../../Tensor.js";
import { ElementList } from "../ElementList.js";
import {
  type Kernel,
  type KernelCall,
  kernelError,
  type Op,
  type OpTable,
  readInt,
  readInts,
} from "../op.js";
import { concatenate, copyOut, emptyItems, keep, keepRows, stack } from "./tensorList.js";

/** The flow: its value means nothing. */
function flow(call: KernelCall, output: number): void {
  (call.output(output, "float32", []) as Float32Array)[0] = 0;
}

function createArray(node: NodeDef): Kernel {
  const dtype = dtypeAttr(node, "dtype");
  const declared = node.attrs.element_shape?.shape ?? null;
  const isDynamic = boolAttr(node, "dynamic_size");
  return (call) => {
    const items = emptyItems(readInt(call.inputs[0]));
    call.setElements(0, new ElementList(dtype, declared, items, isDynamic));
    flow(call, 1);
  };
}

/** The place to write to; an array of dynamic size grows up to it. */
function placeIn(list: ElementList, position: number): number {
  if (list.isDynamic && position >= list.items.length)
    list.items.push(...emptyItems(position + 1 - list.items.length));
  return list.check(position);
}

function createWrite(): Kernel {
  return (call) => {
    const list = call.elements(0);
    const value = call.inputs[2] as TensorLike;
    if (value.dtype !== list.dtype) throw kernelError(`holds ${list.dtype}, written is ${value.dtype}`);
    list.items[placeIn(list, readInt(call.inputs[1]))] = keep(call, value);
    flow(call, 0);
  };
}

function createRead(): Kernel {
  return (call) => {
    const list = call.elements(0);
    const position = list.check(readInt(call.inputs[1]));
    const item = list.items[position];
    if (!item && !list.declared) throw kernelError(`position ${position} was never written`);
    copyOut(call, 0, list, item);
  };
}

function createScatter(): Kernel {
  const positions: number[] = [];
  return (call) => {
    const list = call.elements(0);
    const value = call.inputs[2] as TensorLike;
    const cut = keepRows(call, value);
    readInts(call.inputs[1], positions);
    if (positions.length !== cut.length)
      throw kernelError(`${positions.length} positions for ${cut.length} rows`);
    for (const [i, position] of positions.entries()) list.items[placeIn(list, position)] = cut[i];
    flow(call, 0);
  };
}

function createGather(node: NodeDef): Kernel {
  const hint = node.attrs.element_shape?.shape ?? null;
  const positions: number[] = [];
  return (call) => {
    const list = call.elements(0);
    const items = readInts(call.inputs[1], positions).map((position) => list.items[list.check(position)]);
    stack(call, list, items, hint);
  };
}

function createSize(): Kernel {
  return (call) => {
    (call.output(0, "int32", []) as Int32Array)[0] = call.elements(0).items.length;
  };
}

function createSplit(): Kernel {
  const lengths: number[] = [];
  return (call) => {
    const list = call.elements(0);
    const value = call.inputs[1] as TensorLike;
    const cut = keepRows(call, value);
    let at = 0;
    for (const [i, length] of readInts(call.inputs[2], lengths).entries()) {
      const first = cut[at];
      const shape = [length, ...value.shape.slice(1)];
      if (length > 0 && !first)
        throw kernelError(`${cut.length} rows are too few for the lengths [${lengths}]`);
      list.items[placeIn(list, i)] = { data: first?.data ?? value.data, offset: first?.offset ?? 0, shape };
      at += length;
    }
    if (at !== cut.length) throw kernelError(`${cut.length} rows do not fit the lengths [${lengths}]`);
    flow(call, 0);
  };
}

function arrayOp(arity: Op["arity"], create: Op["create"], outputs = 1): Op {
  return { arity, create, outputs: () => outputs, isVolatile: true };
}

export const tensorArrayOps: OpTable = {
  TensorArrayV3: arrayOp(1, createArray, 2),
  TensorArrayWriteV3: arrayOp(4, createWrite),
  TensorArrayReadV3: arrayOp(3, createRead),
  TensorArrayScatterV3: arrayOp(4, createScatter),
  TensorArrayGatherV3: arrayOp(3, createGather),
  TensorArrayConcatV3: arrayOp(2, () => (call) => concatenate(call, call.elements(0), false), 2),
  TensorArraySplitV3: arrayOp(4, createSplit),
  TensorArraySizeV3: arrayOp(2, createSize),
  TensorArrayCloseV3: arrayOp(1, () => () => {}, 0),
};
