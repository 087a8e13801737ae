/** Einsum of one or two tensors, ellipsis included: labels say which axes of a contraction are which. */
import { stringAttr } from "../../tensorflow/attributes.js";
import { call, read } from "../tensor/element.js";
import { sizeOf, View } from "../tensor/View.js";
import type { Lower, LowerTable, Trace } from "./Lowering.js";
import { contractInto, reduceTo } from "./reduceTo.js";

/** An axis has a letter; axes under "..." have numbers, counted from the right so that they broadcast. */
type Label = string;
type Sizes = ReadonlyMap<Label, number>;

function labelsOf(trace: Trace, term: string, rank: number): Label[] {
  const [before, after, ...rest] = term.split("...") as [string, string | undefined];
  const open = after === undefined ? 0 : rank - before.length - after.length;
  const labels = [
    ...before,
    ...Array.from({ length: Math.max(open, 0) }, (_, i) => `${open - i}`),
    ...(after ?? ""),
  ];
  if (rest.length > 0 || labels.length !== rank)
    return trace.unsupported(`'${term}' does not fit a tensor of rank ${rank}; correct the graph`);
  return labels;
}

/** A tensor by its labels; a label that occurs twice walks the diagonal. */
class Operand {
  readonly strides = new Map<Label, number>();
  readonly sizes = new Map<Label, number>();

  constructor(
    trace: Trace,
    readonly view: View,
    term: string,
  ) {
    for (const [axis, label] of labelsOf(trace, term, view.rank).entries()) {
      const size = view.shape[axis] as number;
      if ((this.sizes.get(label) ?? size) !== size)
        trace.unsupported(`the axes '${label}' differ in size; correct the graph or the feeds`);
      this.sizes.set(label, size);
      this.strides.set(label, (this.strides.get(label) ?? 0) + (view.strides[axis] as number));
    }
  }

  /** With the axes in the order of `labels`; one that it lacks, or has with size 1, is repeated. */
  ordered(labels: readonly Label[], sizes: Sizes): View {
    const stride = (label: Label) => (this.sizes.get(label) === 1 ? 0 : (this.strides.get(label) ?? 0));
    return this.view.strided(extents(labels, sizes), labels.map(stride));
  }
}

function extents(labels: readonly Label[], sizes: Sizes): number[] {
  return labels.map((label) => sizes.get(label) as number);
}

function allSizes(trace: Trace, operands: readonly Operand[]): Sizes {
  const sizes = new Map<Label, number>();
  for (const operand of operands) {
    for (const [label, size] of operand.sizes) {
      const known = sizes.get(label) ?? 1;
      if (known !== 1 && size !== 1 && known !== size)
        trace.unsupported(
          `the axes '${label}' are ${known} and ${size} long; correct the graph or the feeds`,
        );
      sizes.set(label, known === 1 ? size : known);
    }
  }
  return sizes;
}

const einsum: Lower = (trace, node, inputs) => {
  const equation = stringAttr(node, "equation").replaceAll(" ", "");
  const [left, output] = equation.split("->") as [string, string | undefined];
  const terms = left.split(",");
  if (output === undefined || terms.length > 2 || terms.length !== inputs.length)
    return trace.unsupported(`'${equation}' is not of one or two tensors with '->'; split it in several`);
  const operands = terms.map((term, i) => new Operand(trace, inputs[i] as View, term));
  const sizes = allSizes(trace, operands);
  const open = [...sizes.keys()].filter((label) => /^\d+$/.test(label)).length;
  const rank = output.includes("...") ? output.length - 3 + open : output.length;
  const wanted = labelsOf(trace, output, rank);
  const unknown = wanted.find((label) => !sizes.has(label));
  if (unknown !== undefined) return trace.unsupported(`label '${unknown}' is in no input; correct the graph`);
  const [a, b] = operands as [Operand, Operand | undefined];
  return b ? contract(trace, a, b, sizes, wanted) : reduceOne(trace, a, sizes, wanted);
};

/** A view where no axis goes. */
function reduceOne(trace: Trace, operand: Operand, sizes: Sizes, wanted: readonly Label[]): View {
  const summed = [...sizes.keys()].filter((label) => !wanted.includes(label));
  const ordered = operand.ordered([...wanted, ...summed], sizes);
  if (summed.length === 0) return ordered;
  return reduceTo(trace, "sum", extents(wanted, sizes), extents(summed, sizes), read(ordered));
}

/** Axes of both operands that stay are the batch; of one only, rows or columns; those that go are summed. */
function contract(trace: Trace, left: Operand, right: Operand, sizes: Sizes, wanted: readonly Label[]): View {
  const batch = wanted.filter((label) => left.sizes.has(label) && right.sizes.has(label));
  const rows = wanted.filter((label) => !right.sizes.has(label));
  const columns = wanted.filter((label) => !left.sizes.has(label));
  // Columns lie along memory: what reads the result wants its last axis there (queries by keys, for a softmax). Not
  // where rows are the batch, whose size must not choose the form of the product.
  const isLastOfLeft = columns.length > 0 && rows.includes(wanted.at(-1) as Label);
  if (isLastOfLeft && batch.includes(wanted[0] as Label)) return contract(trace, right, left, sizes, wanted);
  const summed = [...sizes.keys()].filter((label) => !wanted.includes(label));
  const shape = extents(wanted, sizes);
  if (summed.length === 0) {
    const factors = [left, right].map((operand) => read(operand.ordered(wanted, sizes)));
    return trace.map(shape, call("mul", ...factors));
  }
  const made = [...batch, ...rows, ...columns];
  const out = View.of(trace.newStorage(left.view.dtype, sizeOf(shape)), extents(made, sizes));
  const width = sizeOf(extents(columns, sizes));
  const [outer, inner] = [[...batch, ...rows], extents(summed, sizes)];
  const ordered = right.ordered([...batch, ...summed, ...columns], sizes);
  const matrix = trace.reshape(ordered, [...extents(batch, sizes), ...inner, width]);
  let repeated = matrix;
  for (const _ of rows) repeated = repeated.insertAxis(batch.length);
  contractInto(
    trace,
    out.reshape([...extents(outer, sizes), width]) as View,
    left.ordered([...outer, ...summed], sizes),
    repeated.broadcast([...extents(outer, sizes), ...inner, width]),
  );
  return out.permute(wanted.map((label) => made.indexOf(label)));
}

export const einsumLowerings: LowerTable = { Einsum: einsum };
