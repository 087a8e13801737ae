/** What a value of a plan is while it is traced: a view, a list of tensors, dead, or what a loop will have left. */
import { Exception } from "../../base/errors.js";
import type { NodeDef } from "../../tensorflow/GraphDef.js";
import type { TensorData } from "../../tensorflow/dtypes.js";
import { sameShape } from "../../tensorflow/reference/broadcast.js";
import type { TensorLike } from "../../tensorflow/Tensor.js";
import { isElementType, Storage, View } from "../tensor/View.js";
import type { TensorListValue } from "./traceLists.js";

/** A node runs only where this bool is `side`. */
export interface Guard {
  readonly condition: View;
  readonly side: boolean;
}

/** Switch's first output in a loop: what its variable is when the loop has ended. */
export class LoopEnd {
  constructor(readonly variable: object) {}
}

export interface Traced {
  /** "dead": it lies in a branch that is never taken. */
  readonly value: View | TensorListValue | LoopEnd | "dead";
  /** Outermost first: the branches in which it is computed. */
  readonly guards: readonly Guard[];
}

/** A node that is not compiled, and why: it runs in the reference engine. */
export class Unsupported extends Error {
  constructor(
    readonly node: NodeDef,
    readonly reason: string,
  ) {
    super(`node '${node.name}' (${node.op}) cannot be compiled: ${reason}`);
  }
}

/** @throws LogicError for a dtype that compiled code does not have: ask isElementType before */
export function constantView(name: string, { dtype, shape, data }: TensorLike): View {
  if (!isElementType(dtype)) throw new Exception("LogicError", `no constants of dtype ${dtype}.`);
  return View.of(new Storage(name, dtype, data.length, data as Storage["data"]), shape);
}

/** A choice between branches hangs on this input, a single bool: the graph is traced once for each of its values. */
export class Steered extends Error {
  constructor(readonly input: Storage) {
    super(`input '${input.name}' chooses between branches`);
  }
}

/** The elements of a constant's view in row-major order; undefined when it is no constant. */
export function constantOf(view: View): TensorLike | undefined {
  const { data } = view.storage;
  if (!data || view.terms.length > 0) return undefined;
  const { dtype, shape } = view;
  if (view.isWhole) return { dtype, shape, data };
  const elements = data.slice(0, 0).constructor as new (count: number) => TensorData;
  const out = new elements(view.count) as Float32Array;
  const position = new Array<number>(shape.length).fill(0);
  for (let i = 0; i < out.length; i++) {
    let at = view.offset;
    for (let axis = 0; axis < shape.length; axis++)
      at += (position[axis] as number) * (view.strides[axis] as number);
    out[i] = data[at] as number;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      position[axis] = (position[axis] as number) + 1;
      if ((position[axis] as number) < (shape[axis] as number)) break;
      position[axis] = 0;
    }
  }
  return { dtype, shape, data: out };
}

export function isSameTensor(a: TensorLike, b: TensorLike): boolean {
  if (a.dtype !== b.dtype || !sameShape(a.shape, b.shape)) return false;
  for (let i = 0; i < a.data.length; i++) if (!Object.is(a.data[i], b.data[i])) return false;
  return true;
}
