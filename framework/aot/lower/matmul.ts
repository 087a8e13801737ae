/** MatMul and its batched forms: a transposed operand is a view. BiasAdd, which always follows. */
import { boolAttr, stringAttr } from "../../tensorflow/attributes.js";
import { call, read } from "../tensor/element.js";
import { sizeOf, View } from "../tensor/View.js";
import type { Lower, LowerTable } from "./Lowering.js";
import { broadcastShape, checkSameDtype } from "./operands.js";
import { contractInto } from "./reduceTo.js";

/** The last two axes exchanged. */
function transposed(view: View): View {
  const axes = view.shape.map((_, axis) => axis);
  return view.permute([...axes.slice(0, -2), view.rank - 1, view.rank - 2]);
}

function product(transposeA: string, transposeB: string): Lower {
  return (trace, node, inputs) => {
    const [left, right] = inputs as [View, View];
    if (left.rank < 2 || right.rank < 2)
      return trace.unsupported(`[${left.shape}] or [${right.shape}] is no matrix; correct the graph`);
    const a = boolAttr(node, transposeA) ? transposed(left) : left;
    const b = boolAttr(node, transposeB) ? transposed(right) : right;
    const [rows, depth] = a.shape.slice(-2) as [number, number];
    const [depthB, columns] = b.shape.slice(-2) as [number, number];
    if (depth !== depthB)
      return trace.unsupported(`${depth} columns do not fit ${depthB} rows; correct the graph or the feeds`);
    const batch = broadcastShape(trace, [a.shape.slice(0, -2), b.shape.slice(0, -2)]);
    const shape = [...batch, rows, columns];
    const out = View.of(trace.newStorage(a.dtype, sizeOf(shape)), shape);
    const repeated = b.broadcast([...batch, depth, columns]).insertAxis(batch.length);
    contractInto(
      trace,
      out,
      a.broadcast([...batch, rows, depth]),
      repeated.broadcast([...batch, rows, depth, columns]),
    );
    return out;
  };
}

/** Adds a vector along the channel axis: the last one, or the second one in NCHW. */
const biasAdd: Lower = (trace, node, inputs) => {
  const [x, bias] = inputs as [View, View];
  const isChannelFirst = stringAttr(node, "data_format", "NHWC").startsWith("NC");
  const axis = isChannelFirst ? 1 : x.rank - 1;
  if (bias.rank !== 1 || bias.shape[0] !== x.shape[axis])
    return trace.unsupported(
      `the bias [${bias.shape}] does not fit [${x.shape}]; correct the graph or the feeds`,
    );
  checkSameDtype(trace, inputs);
  if (x.dtype === "bool") return trace.unsupported("it computes with bool; cast to float32 before it");
  let column = bias;
  for (let inner = axis + 1; inner < x.rank; inner++) column = column.insertAxis(column.rank);
  return trace.map(x.shape, call("add", read(x), read(column, x.shape)));
};

const batched = product("adj_x", "adj_y");

export const matmulLowerings: LowerTable = {
  MatMul: product("transpose_a", "transpose_b"),
  BatchMatMul: batched,
  BatchMatMulV2: batched,
  BatchMatMulV3: batched,
  BiasAdd: biasAdd,
  BiasAddV1: biasAdd,
};
