/**
 * Lays out the operands of a contraction before the memory plan: constant weights are packed at compile time in panels
 * of some vectors of columns, [panel][k][column], so that code reads them from front to back; what the graph computes
 * is read in place where it is contiguous along n, and otherwise copied by a step of its own.
 */
import type { Target } from "../kernel/ir.js";
import { read } from "../tensor/element.js";
import type { ContractStep, MapStep, Step } from "../tensor/ir.js";
import { rowMajor, sizeOf, Storage, View } from "../tensor/View.js";
import {
  dotSplit,
  isDot,
  panelSplit,
  panelVectorsFor,
  type PreparedContract,
  type Sizes,
  sizesOf,
} from "./contractForm.js";

/** `before` runs before `step`, which generateContract takes. */
export function prepareContract(
  step: ContractStep,
  target: Target,
): { before: Step[]; step: PreparedContract } {
  const sizes = sizesOf(step);
  if (step.left.dtype !== "float32" || step.out.count === 0)
    return { before: [], step: { ...step, form: { kind: "scalar" } } };
  return isDot(sizes, target) ? prepareDot(step, sizes) : preparePanels(step, sizes, target);
}

function preparePanels(step: ContractStep, sizes: Sizes, target: Target) {
  const { right } = step;
  const split = panelSplit(sizes, target);
  const rank = sizes.m.length;
  const isShared = right.strides.slice(0, rank).every((stride, axis) => stride === 0 || sizes.m[axis] === 1);
  if (right.storage.data && isShared && right.terms.length === 0) {
    const panelVectors = panelVectorsFor(sizes, target);
    const packed = pack(right, sizes, panelVectors * target.lanes);
    const form = { kind: "panel", panelVectors, split } as const;
    return { before: [], step: { ...step, right: packed, form } };
  }
  const isInPlace = sizes.n === 1 || right.strides.at(-1) === 1;
  const copy = isInPlace
    ? undefined
    : copyOf(
        step,
        right,
        right.shape.map((_, axis) => axis),
      );
  const form = { kind: "panel", panelVectors: 0, split } as const;
  return { before: copy?.before ?? [], step: { ...step, right: copy?.view ?? right, form } };
}

/** Columns from n on are 0. The bytes depend on the weights and the panel's width alone. */
function pack(right: View, { m, k, n }: Sizes, width: number): View {
  const depth = sizeOf(k);
  const panels = Math.ceil(n / width);
  const source = right.storage.data as Float32Array;
  const data = new Float32Array(panels * depth * width);
  const strides = right.strides.slice(m.length);
  const columnStride = strides[k.length] as number;
  for (const [row, from] of placesOf(k, strides, right.offset).entries())
    for (let column = 0; column < n; column++) {
      const panel = Math.floor(column / width);
      data[(panel * depth + row) * width + (column % width)] = source[from + column * columnStride] as number;
    }
  const packed = new Storage(right.storage.name, "float32", data.length, data);
  const rows = rowMajor(k).map((stride) => stride * width);
  return new View(packed, right.shape, [...m.map(() => 0), ...rows, depth]);
}

/** Where the elements of an index space lie, in its order. */
function placesOf(shape: readonly number[], strides: readonly number[], offset: number): number[] {
  let places = [offset];
  for (const [axis, size] of shape.entries()) {
    const stride = strides[axis] as number;
    places = places.flatMap((place) => Array.from({ length: size }, (_, i) => place + i * stride));
  }
  return places;
}

function prepareDot(step: ContractStep, sizes: Sizes) {
  const axis = sizes.m.length + sizes.k.findIndex((size) => size > 1);
  const columns = step.right.rank - 1;
  const isContiguous = (view: View) => view.strides[axis] === 1;
  const { left, right } = step;
  const axes = left.shape.map((_, at) => at);
  const copies = {
    left: isContiguous(left) ? undefined : copyOf(step, left, [...axes.toSpliced(axis, 1), axis]),
    right: isContiguous(right) ? undefined : copyOf(step, right, [...axes.with(axis, columns), axis]),
  };
  const before = [...(copies.left?.before ?? []), ...(copies.right?.before ?? [])];
  const form = { kind: "dot", split: dotSplit(sizes) } as const;
  const prepared = { left: copies.left?.view ?? left, right: copies.right?.view ?? right };
  return { before, step: { ...step, ...prepared, form } };
}

/**
 * The view's elements, each once (but along the last of `axes`, where it is also repeated), contiguous in the order of
 * `axes`; of a constant, at compile time.
 */
function copyOf(step: ContractStep, view: View, axes: readonly number[]): { before: MapStep[]; view: View } {
  const isWalked = (axis: number) => view.strides[axis] !== 0 || axis === axes.at(-1);
  const order = axes.filter((axis) => view.shape[axis] !== 1 && isWalked(axis));
  const shape = order.map((axis) => view.shape[axis] as number);
  const strides = order.map((axis) => view.strides[axis] as number);
  const { storage } = view;
  const dense = rowMajor(shape);
  const stridesOf = view.shape.map((_, axis) => dense[order.indexOf(axis)] ?? 0);
  if (storage.data && view.terms.length === 0) {
    const source = storage.data as Float32Array;
    const data = Float32Array.from(placesOf(shape, strides, view.offset), (place) => source[place] as number);
    const constant = new Storage(storage.name, "float32", data.length, data);
    return { before: [], view: new View(constant, view.shape, stridesOf) };
  }
  const copy = new Storage(`${storage.name} packed`, "float32", sizeOf(shape));
  const out = View.of(copy, shape);
  const value = read(view.strided(shape, strides));
  return {
    before: [{ kind: "map", origin: `${step.origin} packed`, out, value }],
    view: new View(copy, view.shape, stridesOf),
  };
}
