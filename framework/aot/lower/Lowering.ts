/** What the lowering of an op is: a function from a node and its inputs to views, which adds steps to a trace. */
import type { NodeDef } from "../../tensorflow/GraphDef.js";
import type { TensorLike } from "../../tensorflow/Tensor.js";
import type { Element, Step } from "../tensor/ir.js";
import type { ElementType, Storage, View } from "../tensor/View.js";

/** Where lowerings put what they make. All shapes are known: one trace is for one batch size. */
export interface Trace {
  /** The node being lowered, for the origin of steps and the names of storages. */
  readonly node: NodeDef;
  /** The value, when it is known at compile time: a constant of the graph or computed from such. */
  constant(view: View): TensorLike | undefined;
  /** As numbers. @throws Unsupported when the value is not known at compile time; `what` names it ("the axis") */
  integers(view: View | undefined, what: string): number[];
  newConstant(dtype: ElementType, shape: readonly number[], data: TensorLike["data"]): View;
  /** Memory that nobody else has. */
  newStorage(dtype: ElementType, count: number): Storage;
  /** A new tensor: element by element. */
  map(shape: readonly number[], value: Element): View;
  /** Writes a part of a tensor: element by element, over the index space of `out`. */
  mapInto(out: View, value: Element): void;
  add(step: Step): void;
  /** The view under another shape, copied where strides cannot say it. */
  reshape(view: View, shape: readonly number[]): View;
  /** Gives up on the node. `reason` continues "cannot be compiled: …" and says what works instead. */
  unsupported(reason: string): never;
}

/**
 * Called with data inputs only, with constants not yet folded by the caller only if not all of them are constant (a
 * node of constants is computed by the reference engine). Gives one view for each output.
 */
export type Lower = (trace: Trace, node: NodeDef, inputs: readonly View[]) => View | readonly View[];

export type LowerTable = Readonly<Record<string, Lower>>;
