/** Several tensors into one: each is written to its place in a new one, where a later pass lets it be made. */
import { intAttr } from "../../tensorflow/attributes.js";
import { read } from "../tensor/element.js";
import { sizeOf, View } from "../tensor/View.js";
import type { Lower, LowerTable, Trace } from "./Lowering.js";
import { axisOf, checkSameDtype, integerOf } from "./operands.js";

/** The parts one after another along an axis. */
export function concatenate(trace: Trace, parts: readonly View[], axis: number): View {
  const [first] = parts as [View];
  const filled = parts.filter((part) => part.shape[axis] !== 0);
  if (filled.length <= 1) return filled[0] ?? first;
  const total = filled.reduce((sum, part) => sum + (part.shape[axis] as number), 0);
  const shape = first.shape.with(axis, total);
  const out = View.of(trace.newStorage(first.dtype, sizeOf(shape)), shape);
  let begin = 0;
  for (const part of filled) {
    const size = part.shape[axis] as number;
    trace.mapInto(out.slice(axis, begin, size), read(part));
    begin += size;
  }
  return out;
}

function concat(isAxisLast: boolean): Lower {
  return (trace, _node, inputs) => {
    const axisInput = inputs[isAxisLast ? inputs.length - 1 : 0];
    const parts = isAxisLast ? inputs.slice(0, -1) : inputs.slice(1);
    const [first] = parts as [View];
    const axis = axisOf(trace, integerOf(trace, axisInput, "the axis"), first.rank);
    for (const part of parts) {
      const fits = part.rank === first.rank && part.shape.every((n, a) => a === axis || n === first.shape[a]);
      if (!fits || part.dtype !== first.dtype)
        return trace.unsupported(
          `[${part.shape}] and [${first.shape}] cannot be joined; correct the graph or the feeds`,
        );
    }
    return concatenate(trace, parts, axis);
  };
}

const pack: Lower = (trace, node, inputs) => {
  const [first] = inputs as [View];
  const axis = axisOf(trace, intAttr(node, "axis", 0), first.rank + 1);
  const wrong = inputs.find(
    ({ rank, shape }) => rank !== first.rank || shape.some((n, a) => n !== first.shape[a]),
  );
  checkSameDtype(trace, inputs);
  if (wrong)
    return trace.unsupported(
      `[${wrong.shape}] and [${first.shape}] cannot be stacked; correct the graph or the feeds`,
    );
  return concatenate(
    trace,
    inputs.map((input) => input.insertAxis(axis)),
    axis,
  );
};

export const joinLowerings: LowerTable = { ConcatV2: concat(true), Concat: concat(false), Pack: pack };
