/** Comparisons, logic on bools, and the choice between two tensors. */
import { call, read, selectElement } from "../tensor/element.js";
import type { View } from "../tensor/View.js";
import type { Lower, LowerTable } from "./Lowering.js";
import { broadcastShape, checkBool, checkSameDtype } from "./operands.js";

function comparison(name: string, isForBools = false): Lower {
  return (trace, _node, inputs) => {
    const [a, b] = inputs as [View, View];
    checkSameDtype(trace, [a, b]);
    if (isForBools) checkBool(trace, a);
    const shape = broadcastShape(trace, [a.shape, b.shape]);
    return trace.map(shape, call(name, read(a, shape), read(b, shape)));
  };
}

const not: Lower = (trace, _node, inputs) => {
  const [x] = inputs as [View];
  checkBool(trace, x);
  return trace.map(x.shape, call("not", read(x)));
};

/** SelectV2 broadcasts all three. */
const select: Lower = (trace, _node, inputs) => {
  const [condition, yes, no] = inputs as [View, View, View];
  checkBool(trace, condition);
  checkSameDtype(trace, [yes, no]);
  const shape = broadcastShape(trace, [condition.shape, yes.shape, no.shape]);
  return trace.map(shape, selectElement(read(condition, shape), read(yes, shape), read(no, shape)));
};

/** Select also takes a vector condition that chooses whole rows. */
const selectRows: Lower = (trace, node, [condition, yes, no]) => {
  const [choice, rows, others] = [condition, yes, no] as [View, View, View];
  if (choice.rank !== 1 || rows.rank <= 1) return select(trace, node, [choice, rows, others]);
  let column = choice;
  while (column.rank < rows.rank) column = column.insertAxis(column.rank);
  return select(trace, node, [column, rows, others]);
};

/** The number of true elements is not known before the event. */
const where: Lower = (trace) =>
  trace.unsupported(
    "the shape of its result depends on the data; choose with SelectV2 (where with three arguments)",
  );

export const compareLowerings: LowerTable = {
  Equal: comparison("equal"),
  NotEqual: comparison("notEqual"),
  Less: comparison("less"),
  LessEqual: comparison("lessEqual"),
  Greater: comparison("greater"),
  GreaterEqual: comparison("greaterEqual"),
  LogicalAnd: comparison("and", true),
  LogicalOr: comparison("or", true),
  LogicalNot: not,
  Select: selectRows,
  SelectV2: select,
  Where: where,
};
