/**
 * TensorLists and TensorArrays: one storage with an element a row. A write goes in place, which is right as long as
 * nobody reads an older version: `version` finds those who would.
 */
import { dtypeAttr } from "../../tensorflow/attributes.js";
import type { NodeDef } from "../../tensorflow/GraphDef.js";
import { constantElement, read } from "../tensor/element.js";
import { isElementType, sizeOf, View } from "../tensor/View.js";
import type { Tracer } from "./Tracer.js";
import type { Traced } from "./traceValues.js";

/** The memory of a list, made when the first element's shape is known. */
class ListMemory {
  rows: View | undefined;
  version = 0;
  /** It is another tensor's memory: reading is free, writing is not possible. */
  isBorrowed = false;

  constructor(
    readonly node: NodeDef,
    readonly length: number,
    readonly elementShape: readonly number[] | undefined,
    /** Adds a step where the list was made. */
    readonly atCreation: (write: () => void) => void,
  ) {}
}

export class TensorListValue {
  constructor(
    readonly memory: ListMemory,
    readonly version: number,
  ) {}
}

type LowerList = (
  trace: Tracer,
  node: NodeDef,
  inputs: readonly Traced["value"][],
) => readonly Traced["value"][];

function listOf(trace: Tracer, value: Traced["value"] | undefined): TensorListValue {
  if (!(value instanceof TensorListValue)) return trace.unsupported("its list is not known at compile time");
  if (value.version !== value.memory.version)
    return trace.unsupported("it reads a list as it was before a later write");
  return value;
}

function viewOf(trace: Tracer, value: Traced["value"] | undefined): View {
  return value instanceof View ? value : trace.unsupported("an input is no tensor");
}

function knownShape(trace: Tracer, view: View): readonly number[] | undefined {
  const { dtype } = view;
  if ((dtype !== "int32" && dtype !== "int64") || !trace.constant(view)) return undefined;
  const shape = trace.integers(view, "the element shape");
  return view.rank === 1 && shape.every((size) => size >= 0) ? shape : undefined;
}

function newList(
  trace: Tracer,
  node: NodeDef,
  count: View,
  shape: readonly number[] | undefined,
): TensorListValue {
  const [length] = trace.integers(count, "the list's length");
  return new TensorListValue(new ListMemory(node, length as number, shape, trace.here()), 0);
}

/** A row as it is now: what is written into the list later is not seen. */
function item(trace: Tracer, { memory }: TensorListValue, view: View): View {
  return memory.isBorrowed ? view : trace.map(view.shape, read(view));
}

/** Rows of zeros, made where the list was: TensorFlow's elements that were never set. */
function rowsOf(trace: Tracer, { memory }: TensorListValue, itemShape = memory.elementShape): View {
  if (memory.rows) return memory.rows;
  if (!itemShape) return trace.unsupported("the shape of the list's elements is not known");
  const dtype = dtypeAttr(memory.node, memory.node.attrs.element_dtype ? "element_dtype" : "dtype");
  if (!isElementType(dtype)) return trace.unsupported(`lists of ${dtype} are not compiled`);
  const shape = [memory.length, ...itemShape];
  const rows = View.of(trace.newStorage(dtype, sizeOf(shape)), shape);
  memory.atCreation(() => trace.mapInto(rows, constantElement(dtype, 0)));
  memory.rows = rows;
  return rows;
}

function row(trace: Tracer, rows: View, position: View): View {
  const counted = trace.counted(position);
  if (counted) {
    const last = counted.begin + counted.step * (counted.count - 1);
    const isInside =
      Math.min(counted.begin, last) >= 0 && Math.max(counted.begin, last) < (rows.shape[0] ?? 0);
    if (!isInside) return trace.unsupported("it reaches beyond the list");
    return rows.atIndex(0, counted.index, counted.begin, counted.step);
  }
  const [at] = trace.integers(position, "the position in the list");
  if (at === undefined || at < 0 || at >= (rows.shape[0] ?? 0))
    return trace.unsupported("it reaches beyond the list");
  return rows.at(0, at);
}

function setItem(trace: Tracer, value: TensorListValue, position: View, item: View): TensorListValue {
  const { memory } = value;
  if (memory.isBorrowed) return trace.unsupported("it writes into a list that was made from a tensor");
  const target = row(trace, rowsOf(trace, value, item.shape), position);
  const isSameShape = target.rank === item.rank && target.shape.every((size, i) => size === item.shape[i]);
  if (!isSameShape || target.dtype !== item.dtype)
    return trace.unsupported("the list's elements differ in shape");
  trace.mapInto(target, read(item, target.shape));
  memory.version++;
  return new TensorListValue(memory, memory.version);
}

/** The elements of a list become those of a tensor, without a copy. */
function borrow(value: TensorListValue, rows: View): TensorListValue {
  value.memory.rows = rows;
  value.memory.isBorrowed = true;
  return value;
}

/** The rows as a tensor: from here on nobody writes to the list. */
function frozen({ memory }: TensorListValue, rows: View): View {
  memory.isBorrowed = true;
  return rows;
}

function isAllRows(trace: Tracer, positions: View, length: number): boolean {
  const known = trace.integers(positions, "the positions in the list");
  return known.length === length && known.every((position, i) => position === i);
}

export const listLowerings: Readonly<Record<string, LowerList>> = {
  TensorListReserve: (t, node, [shape, count]) => [
    newList(t, node, viewOf(t, count), knownShape(t, viewOf(t, shape))),
  ],
  TensorListFromTensor: (t, node, [tensor]) => {
    const rows = viewOf(t, tensor);
    const length = rows.shape[0] ?? 0;
    return [
      borrow(new TensorListValue(new ListMemory(node, length, rows.shape.slice(1), t.here()), 0), rows),
    ];
  },
  TensorListGetItem: (t, _node, [list, position]) => {
    const value = listOf(t, list);
    return [item(t, value, row(t, rowsOf(t, value), viewOf(t, position)))];
  },
  TensorListSetItem: (t, _node, [list, position, item]) => [
    setItem(t, listOf(t, list), viewOf(t, position), viewOf(t, item)),
  ],
  TensorListStack: (t, _node, [list, shape]) => [
    frozen(listOf(t, list), rowsOf(t, listOf(t, list), listShape(t, list, shape))),
  ],
  TensorListLength: (t, _node, [list]) => [
    t.newConstant("int32", [], new Int32Array([listOf(t, list).memory.length])),
  ],
  TensorArrayV3: (t, node, [size]) => {
    const list = newList(t, node, viewOf(t, size), undefined);
    return [list, list];
  },
  TensorArrayScatterV3: (t, _node, [handle, positions, tensor]) => {
    const list = handleOf(t, handle);
    const rows = viewOf(t, tensor);
    if (
      list.memory.rows ||
      !isAllRows(t, viewOf(t, positions), list.memory.length) ||
      rows.shape[0] !== list.memory.length
    )
      return t.unsupported("it writes some elements of a TensorArray only");
    return [borrow(list, rows)];
  },
  TensorArrayReadV3: (t, _node, [handle, position]) => {
    const list = handleOf(t, handle);
    return [item(t, list, row(t, rowsOf(t, list), viewOf(t, position)))];
  },
  TensorArrayWriteV3: (t, _node, [handle, position, item]) => {
    const list = handleOf(t, handle);
    return [setItem(t, list, viewOf(t, position), viewOf(t, item))];
  },
  TensorArrayGatherV3: (t, node, [handle, positions]) => {
    const list = handleOf(t, handle);
    const hint = node.attrs.element_shape?.shape;
    const rows = rowsOf(t, list, hint?.every((size) => size >= 0) ? hint : undefined);
    if (!isAllRows(t, viewOf(t, positions), list.memory.length))
      return t.unsupported("it reads some elements of a TensorArray only");
    return [frozen(list, rows)];
  },
  TensorArraySizeV3: (t, _node, [handle]) => [
    t.newConstant("int32", [], new Int32Array([handleOf(t, handle).memory.length])),
  ],
  TensorArrayCloseV3: () => [],
};

/** TensorArrays change in place, and their flow values keep the order: the handle is always the latest version. */
function handleOf(trace: Tracer, value: Traced["value"] | undefined): TensorListValue {
  if (!(value instanceof TensorListValue))
    return trace.unsupported("its TensorArray is not known at compile time");
  return new TensorListValue(value.memory, value.memory.version);
}

function listShape(trace: Tracer, list: Traced["value"] | undefined, shape: Traced["value"] | undefined) {
  return (
    listOf(trace, list).memory.elementShape ?? (shape instanceof View ? knownShape(trace, shape) : undefined)
  );
}
