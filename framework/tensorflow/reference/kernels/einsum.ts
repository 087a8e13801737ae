/** Einsum of one or two tensors, ellipsis included: both are laid out as batches of matrices and multiplied. */
// biome-ignore-all lint/style/noNonNullAssertion: labels are collected from the shapes before they are looked up
import { stringAttr } from "../../attributes.js";
import type { NumberArray } from "../../dtypes.js";
import type { NodeDef } from "../../GraphDef.js";
import { elementCount, showShape, type TensorLike } from "../../Tensor.js";
import { type Kernel, type KernelCall, kernelError, numbers, type OpTable } from "../op.js";
import { copyStrided, stridesOf } from "../stridedCopy.js";
import { gemm, type Matrix } from "./gemm.js";

/** Scratch for an operand; grows to the largest of the thread. */
const packed = [new Float64Array(0), new Float64Array(0), new Float64Array(0)];

/** An axis has a letter; axes under "..." have numbers, counted from the right so that they broadcast. */
type Label = string;

function parse(equation: string): { inputs: string[]; output: string } {
  const [left, output, ...rest] = equation.replaceAll(" ", "").split("->");
  const inputs = (left ?? "").split(",");
  if (output === undefined || rest.length > 0 || inputs.length > 2) {
    throw kernelError(`equation '${equation}' is not one of one or two tensors with '->'`);
  }
  return { inputs, output };
}

/** The labels of a tensor's axes. */
function labelsOf(term: string, rank: number): Label[] {
  const [before, after, ...rest] = term.split("...") as [string, string | undefined];
  if (after === undefined) return [...before];
  const open = rank - before.length - after.length;
  if (rest.length > 0 || open < 0) throw kernelError(`'${term}' does not fit a tensor of rank ${rank}`);
  return [...before, ...Array.from({ length: open }, (_, i) => `${open - i}`), ...after];
}

/** What one operand contributes: its size and stride for each label; a repeated label walks the diagonal. */
class Operand {
  readonly sizes = new Map<Label, number>();
  readonly strides = new Map<Label, number>();

  constructor(
    readonly data: NumberArray,
    term: string,
    shape: readonly number[],
  ) {
    const labels = labelsOf(term, shape.length);
    if (labels.length !== shape.length)
      throw kernelError(`'${term}' does not fit the shape ${showShape(shape)}`);
    const own = stridesOf(shape, []);
    for (const [axis, label] of labels.entries()) {
      if ((this.sizes.get(label) ?? shape[axis]) !== shape[axis])
        throw kernelError(`axes '${label}' differ in size`);
      this.sizes.set(label, shape[axis]!);
      this.strides.set(label, (this.strides.get(label) ?? 0) + own[axis]!);
    }
  }

  /** The elements in the order of `labels`; an axis that it lacks, or has with size 1, is repeated. */
  layOut(labels: readonly Label[], extents: readonly number[], into: number): NumberArray {
    const count = elementCount(extents);
    const from = labels.map((label) => (this.sizes.get(label) === 1 ? 0 : (this.strides.get(label) ?? 0)));
    const to = stridesOf(extents, []);
    if (from.every((stride, axis) => stride === to[axis] || extents[axis] === 1)) return this.data;
    if (packed[into]!.length < count) packed[into] = new Float64Array(count);
    if (count > 0) copyStrided(this.data, 0, from, packed[into]!, 0, to, extents);
    return packed[into]!;
  }
}

function createEinsum(node: NodeDef): Kernel {
  const { inputs: terms, output } = parse(stringAttr(node, "equation"));
  return (call) => {
    const operands = terms.map((term, i) => {
      const input = call.inputs[i] as TensorLike | undefined;
      if (!input) throw kernelError("an input is missing");
      return new Operand(numbers(input), term, input.shape);
    });
    const sizes = allSizes(operands);
    const ellipsis = [...sizes.keys()].filter((label) => /^\d+$/.test(label));
    ellipsis.sort((a, b) => Number(b) - Number(a));
    const wanted = output.includes("...")
      ? labelsOf(output, output.length - 3 + ellipsis.length)
      : [...output];
    const unknown = wanted.find((label) => !sizes.has(label));
    if (unknown !== undefined) throw kernelError(`label '${unknown}' of the result is in no input`);
    contract(call, operands as [Operand, Operand?], sizes, wanted);
  };
}

function allSizes(operands: readonly Operand[]): Map<Label, number> {
  const sizes = new Map<Label, number>();
  for (const operand of operands) {
    for (const [label, size] of operand.sizes) {
      const known = sizes.get(label) ?? 1;
      if (known !== 1 && size !== 1 && known !== size) {
        throw kernelError(`axes '${label}' are ${known} and ${size} long`);
      }
      sizes.set(label, Math.max(known === 1 ? size : known, size === 0 ? 0 : 1));
    }
  }
  return sizes;
}

/** Axes of both operands that stay are the batch; of one only, rows or columns; those that go are summed. */
function contract(
  call: KernelCall,
  [left, right]: readonly [Operand, Operand?],
  sizes: ReadonlyMap<Label, number>,
  wanted: readonly Label[],
): void {
  const isLeft = (label: Label) => left.sizes.has(label);
  const isRight = (label: Label) => right?.sizes.has(label) ?? false;
  const batch = wanted.filter((label) => isLeft(label) && isRight(label));
  const rows = wanted.filter((label) => isLeft(label) && !isRight(label));
  const columns = wanted.filter((label) => !isLeft(label));
  const summed = [...sizes.keys()].filter((label) => !wanted.includes(label));
  const extents = (labels: readonly Label[]) => labels.map((label) => sizes.get(label)!);
  const count = (labels: readonly Label[]) => extents(labels).reduce((a, b) => a * b, 1);
  const [m, k, n] = [count(rows), count(summed), count(columns)];
  const leftLabels = [...batch, ...rows, ...summed];
  const a: Matrix = { data: left.layOut(leftLabels, extents(leftLabels), 0), offset: 0, row: k, column: 1 };
  const rightLabels = [...batch, ...summed, ...columns];
  const one = new Operand(Float64Array.of(1), "", []);
  const b: Matrix = {
    data: (right ?? one).layOut(rightLabels, extents(rightLabels), 1),
    offset: 0,
    row: n,
    column: 1,
  };
  const labels = [...batch, ...rows, ...columns];
  const total = elementCount(extents(labels));
  if (packed[2]!.length < total) packed[2] = new Float64Array(total);
  const batches = count(batch);
  for (let i = 0; i < batches; i++, a.offset += m * k, b.offset += k * n) {
    gemm(a, b, packed[2]!, i * m * n, m, k, n);
  }
  const own = stridesOf(extents(labels), []);
  const out = call.output(0, (call.inputs[0] as TensorLike).dtype, extents(wanted));
  const from = wanted.map((label) => own[labels.indexOf(label)]!);
  if (total > 0) copyStrided(packed[2]!, 0, from, out, 0, stridesOf(extents(wanted), []), extents(wanted));
}

export const einsumOps: OpTable = { Einsum: { arity: [1, 2], create: createEinsum } };
