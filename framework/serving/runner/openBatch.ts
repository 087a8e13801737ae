/**
 * BentoML's own example saves a method that takes [1, 5] and calls it batchable. Where the graph treats rows one by one,
 * its inputs take any number of them once their shapes say so; whether it does is tried out.
 */
import { newData, type DType } from "../../tensorflow/dtypes.js";
import type { GraphDef } from "../../tensorflow/GraphDef.js";
import { Session, loadModel } from "../../tensorflow/Session.js";
import { parseTensorName } from "../../tensorflow/names.js";
import { elementCount, type TensorLike } from "../../tensorflow/Tensor.js";
import type { Options } from "../../tensorflow/Options.js";
import type { ServedTensor } from "../ServedModel.js";
import { rowsOf } from "../batching/copyRows.js";

/** The graph with its inputs' dimension free, or undefined where two rows together give something else than one by one. */
export function openBatch(
  graph: GraphDef,
  inputs: readonly ServedTensor[],
  outputs: readonly ServedTensor[],
  [dimIn, dimOut]: readonly [number, number],
  options: Options,
): GraphDef | undefined {
  const fixed = new Map(
    inputs.map(({ name, shape }) => [
      parseTensorName(graph.signature?.inputs[name]?.name ?? name).node,
      shape,
    ]),
  );
  if (
    inputs.some(
      ({ shape, dtype }) => shape[dimIn] !== 1 || dtype === "string" || shape.some((size) => size < 0),
    )
  )
    return undefined;
  const free = (shape: readonly number[]) => shape.map((size, axis) => (axis === dimIn ? -1 : size));
  const nodes = graph.nodes.map((node) => {
    const shape = fixed.get(node.name);
    return shape ? { ...node, attrs: { ...node.attrs, shape: { shape: free(shape) } } } : node;
  });
  const opened = { ...graph, nodes };
  try {
    const session = new Session(loadModel(opened, { ...options, engine: "reference" }));
    const run = (feeds: readonly TensorLike[]) =>
      session.run(
        feeds.map((feed, i) => [inputs[i]?.name ?? "", feed] as const),
        outputs.map(({ name }) => name),
      );
    const both = inputs.map(({ dtype, shape }) =>
      probe(
        dtype,
        shape.map((size, axis) => (axis === dimIn ? 2 : size)),
      ),
    );
    const together = run(both);
    for (const row of [0, 1]) {
      const alone = run(both.map((tensor) => rowsOf(tensor, dimIn, row, 1)));
      if (
        together.some(
          (tensor, i) => tensor.shape[dimOut] !== 2 || !same(rowsOf(tensor, dimOut, row, 1), alone[i]),
        )
      )
        return undefined;
    }
    return opened;
  } catch {
    return undefined; // Some node wants the one row.
  }
}

function same(a: TensorLike, b: TensorLike | undefined): boolean {
  return b !== undefined && a.shape.join() === b.shape.join() && sameElements(a.data, b.data);
}

/** Values that differ from row to row. */
function probe(dtype: DType, shape: readonly number[]): TensorLike {
  const data = newData(dtype, elementCount(shape)) as Float32Array;
  const isBig = dtype === "int64" || dtype === "uint64";
  for (let i = 0; i < data.length; i++) {
    const value = dtype === "bool" ? i % 2 : (i * 7) % 11;
    (data as { [i: number]: number | bigint })[i] = isBig ? BigInt(value) : value;
  }
  return { dtype, shape, data };
}

function sameElements(a: TensorLike["data"], b: TensorLike["data"]): boolean {
  return a.length === b.length && Array.from(a as Float32Array).every((value, i) => Object.is(value, b[i]));
}
