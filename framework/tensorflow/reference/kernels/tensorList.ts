/** TensorLists: what a Keras RNN of TensorFlow 2 reads its steps from and writes them to. */
import { dtypeAttr } from "../../attributes.js";
import type { DType, TensorData } from "../../dtypes.js";
import type { NodeDef, PartialShape } from "../../GraphDef.js";
import { maxElements, type TensorLike } from "../../Tensor.js";
import { type Element, ElementList, rows } from "../ElementList.js";
import {
  type Kernel,
  type KernelCall,
  kernelError,
  type Op,
  type OpTable,
  product,
  readInt,
  readInts,
} from "../op.js";
import { copyRun } from "../stridedCopy.js";

/** Longer lists are a mistake, refused before they are made. */
const maxLength = 2 ** 24;

/** The shape in a tensor: -1 for an unknown size, and as a scalar for an unknown rank. */
function partialShape(tensor: TensorLike | undefined): PartialShape {
  if (!tensor || tensor.shape.length === 0) return null;
  return readInts(tensor, []);
}

/** A list's element as it is kept: in memory of its own. */
export function keep(call: KernelCall, { dtype, shape, data }: TensorLike): Element {
  const copy = call.lasting(dtype, data.length);
  copyRun(data, 0, copy, 0, data.length);
  return { data: copy, offset: 0, shape: [...shape] };
}

/** Keeps a whole tensor and cuts it into its rows. */
export function keepRows(call: KernelCall, tensor: TensorLike): Element[] {
  return rows(keep(call, tensor).data, tensor.shape);
}

export function emptyItems(length: number): undefined[] {
  if (length >= 0 && length <= Math.min(maxLength, maxElements))
    return new Array<undefined>(length).fill(undefined);
  throw kernelError(`a list cannot have ${length} elements`);
}

/** Writes an element to an output: zeros where it was never set. */
export function copyOut(
  call: KernelCall,
  output: number,
  list: ElementList,
  item: Element | undefined,
): void {
  const shape = item?.shape ?? list.elementShape();
  const out = call.output(output, list.dtype, shape);
  if (item) copyRun(item.data, item.offset, out, 0, out.length);
  else (out as Uint8Array).fill(0);
}

/** Joins elements along a new first axis. */
export function stack(
  call: KernelCall,
  list: ElementList,
  items: readonly (Element | undefined)[],
  hint: PartialShape,
): void {
  const shape = list.elementShape(hint);
  const size = product(shape);
  const out = call.output(0, list.dtype, [items.length, ...shape]);
  for (const [i, item] of items.entries()) {
    if (item) copyRun(item.data, item.offset, out, i * size, size);
    else zero(out, i * size, size);
  }
}

function zero(out: TensorData, from: number, count: number): void {
  if (!Array.isArray(out)) (out as Uint8Array).fill(0, from, from + count);
}

function elementDtype(node: NodeDef): DType {
  return dtypeAttr(node, "element_dtype");
}

function createReserve(node: NodeDef): Kernel {
  const dtype = elementDtype(node);
  return (call) => {
    const length = readInt(call.inputs[1]);
    call.setElements(0, new ElementList(dtype, partialShape(call.inputs[0]), emptyItems(length)));
  };
}

function createEmpty(node: NodeDef): Kernel {
  const dtype = elementDtype(node);
  return (call) => call.setElements(0, new ElementList(dtype, partialShape(call.inputs[0]), []));
}

function createFromTensor(): Kernel {
  return (call) => {
    const [tensor, shape] = call.inputs as [TensorLike, TensorLike];
    call.setElements(0, new ElementList(tensor.dtype, partialShape(shape), keepRows(call, tensor)));
  };
}

function createSetItem(): Kernel {
  return (call) => {
    const list = call.elements(0);
    const position = readInt(call.inputs[1]);
    const changed = list.copy();
    changed.items[list.check(position)] = keep(call, call.inputs[2] as TensorLike);
    call.setElements(0, changed);
  };
}

function createGetItem(): Kernel {
  return (call) => {
    const list = call.elements(0);
    const item = list.items[list.check(readInt(call.inputs[1]))];
    if (item) copyOut(call, 0, list, item);
    else {
      const shape = list.elementShape(partialShape(call.inputs[2]));
      (call.output(0, list.dtype, shape) as Uint8Array).fill(0);
    }
  };
}

function createStack(): Kernel {
  return (call) => {
    const list = call.elements(0);
    stack(call, list, list.items, partialShape(call.inputs[1]));
  };
}

function createGather(): Kernel {
  const positions: number[] = [];
  return (call) => {
    const list = call.elements(0);
    const items = readInts(call.inputs[1], positions).map((position) => list.items[list.check(position)]);
    stack(call, list, items, partialShape(call.inputs[2]));
  };
}

function createPushBack(): Kernel {
  return (call) => {
    const list = call.elements(0).copy();
    list.items.push(keep(call, call.inputs[1] as TensorLike));
    call.setElements(0, list);
  };
}

function createPopBack(): Kernel {
  return (call) => {
    const list = call.elements(0);
    if (list.items.length === 0) throw kernelError("the list is empty");
    call.setElements(0, list.copy(list.items.length - 1));
    copyOut(call, 1, list, list.items.at(-1));
  };
}

function createResize(): Kernel {
  return (call) => {
    const length = readInt(call.inputs[1]);
    call.setElements(0, call.elements(0).copy(emptyItems(length).length));
  };
}

function createLength(): Kernel {
  return (call) => {
    (call.output(0, "int32", []) as Int32Array)[0] = call.elements(0).items.length;
  };
}

function createElementShape(node: NodeDef): Kernel {
  const dtype = dtypeAttr(node, "shape_type", "int32");
  return (call) => {
    const { declared } = call.elements(0);
    const out = call.output(0, dtype, declared ? [declared.length] : []);
    const sizes = declared ?? [-1];
    const target = out as { [i: number]: unknown };
    for (const [i, size] of sizes.entries()) target[i] = dtype === "int64" ? BigInt(size) : size;
  };
}

/** Elements joined along the axis that they have, with the length of each (output 1). */
function createConcat(): Kernel {
  return (call) => concatenate(call, call.elements(0), true);
}

export function concatenate(call: KernelCall, list: ElementList, isListOp: boolean): void {
  const items = list.items.filter((item) => item !== undefined);
  const first = items[0];
  if (!first || first.shape.length === 0) throw kernelError("there are no elements with an axis to join");
  const inner = first.shape.slice(1);
  const isAlike = (shape: readonly number[]) => inner.every((size, axis) => size === shape[axis + 1]);
  const fits = items.every(({ shape }) => shape.length === first.shape.length && isAlike(shape));
  if (!fits) throw kernelError("the elements differ in more than their first axis");
  const lengths = items.map(({ shape }) => shape[0] as number);
  const out = call.output(0, list.dtype, [lengths.reduce((sum, length) => sum + length, 0), ...inner]);
  let at = 0;
  for (const { data, offset, shape } of items) {
    const count = product(shape);
    copyRun(data, offset, out, at, count);
    at += count;
  }
  const sizes = call.output(1, "int64", [lengths.length]) as BigInt64Array;
  for (const [i, length] of lengths.entries()) sizes[i] = BigInt(length);
  if (isListOp && items.length !== list.items.length) throw kernelError("some elements were never set");
}

function listOp(arity: Op["arity"], create: Op["create"], outputs = 1): Op {
  return { arity, create, outputs: () => outputs, isVolatile: true };
}

export const tensorListOps: OpTable = {
  TensorListReserve: listOp(2, createReserve),
  EmptyTensorList: listOp(2, createEmpty),
  TensorListFromTensor: listOp(2, createFromTensor),
  TensorListSetItem: listOp(3, createSetItem),
  TensorListGetItem: listOp(3, createGetItem),
  TensorListStack: listOp(2, createStack),
  TensorListGather: listOp(3, createGather),
  TensorListPushBack: listOp(2, createPushBack),
  TensorListPopBack: listOp(2, createPopBack, 2),
  TensorListResize: listOp(2, createResize),
  TensorListLength: listOp(1, createLength),
  TensorListElementShape: listOp(1, createElementShape),
  TensorListConcatV2: listOp(3, createConcat, 2),
};
