/**
 * Tensor IR: a graph for one batch size as a list of steps over views. Four kinds of step compute (map, reduce,
 * contract, softmax), two steer (loop, if). What an element of the result is, is an expression over the step's index
 * space; so elementwise neighbours become one step by putting one expression into another.
 */
import type { ElementType, LoopIndex, View } from "./View.js";

/**
 * One element at a position of an index space. Arguments of `call` have one dtype, that of the function's operands:
 * names are those of kernel/math/scalarFunctions.ts, and for bool and integers add, sub, mul, and, or, not, equal,
 * notEqual, less, lessEqual, greater, greaterEqual (which give bool) …
 */
export type Element =
  /** `view.shape` is the index space (broadcast to it). */
  | { readonly kind: "read"; readonly dtype: ElementType; readonly view: View }
  | { readonly kind: "constant"; readonly dtype: ElementType; readonly value: number | bigint }
  /** The position along an axis of the index space. */
  | { readonly kind: "index"; readonly dtype: "int32" | "int64"; readonly axis: number }
  | {
      readonly kind: "call";
      readonly dtype: ElementType;
      readonly name: string;
      readonly args: readonly Element[];
    }
  | {
      readonly kind: "select";
      readonly dtype: ElementType;
      readonly condition: Element;
      readonly then: Element;
      readonly else: Element;
    }
  | { readonly kind: "cast"; readonly dtype: ElementType; readonly value: Element }
  /**
   * Read at a computed place: `view` is broadcast to the index space, each index (int32 or int64) goes `stride`
   * elements further. An index outside [0, limit) is fault `fault` and reads place 0.
   */
  | {
      readonly kind: "gather";
      readonly dtype: ElementType;
      readonly view: View;
      readonly indices: readonly {
        readonly value: Element;
        readonly stride: number;
        readonly limit: number;
      }[];
      readonly fault: string;
    }
  /** What the step has reduced or contracted: only in an epilogue. */
  | { readonly kind: "accumulator"; readonly dtype: ElementType };

/** out[i] = value(i). */
export interface MapStep {
  readonly kind: "map";
  readonly origin: string;
  readonly out: View;
  readonly value: Element;
}

/** max and min of floats are NaN where one is; maxNumber passes over NaN, and is at least the lowest finite number. */
export type ReduceOp = "sum" | "prod" | "max" | "min" | "maxNumber" | "all" | "any" | "argMax" | "argMin";

/**
 * out[i] = epilogue(i, op over j of value(i, j)): the index space of `value` is out.shape followed by `inner`, that of
 * the epilogue out.shape. argMax and argMin have one inner axis; their accumulator is the position, an int32.
 */
export interface ReduceStep {
  readonly kind: "reduce";
  readonly origin: string;
  readonly out: View;
  readonly op: ReduceOp;
  readonly inner: readonly number[];
  readonly value: Element;
  readonly epilogue: Element;
}

/**
 * out[m…, n] = epilogue(Σ over k… of left[m…, k…] · right[m…, k…, n]): matrix product and convolution. `left` has the
 * axes m…, k…; `right` m…, k…, n, with stride 0 along the m that it does not depend on (all of them but batch axes).
 * Each element is summed in the order of k, whatever m is, so a row has the same bits in every batch.
 */
export interface ContractStep {
  readonly kind: "contract";
  readonly origin: string;
  readonly out: View;
  readonly left: View;
  readonly right: View;
  readonly epilogue: Element;
}

/** out[…, i] = exp(v[…, i] − max) / Σ exp(…) along the last axis, or its logarithm. float32 and float64. */
export interface SoftmaxStep {
  readonly kind: "softmax";
  readonly origin: string;
  readonly out: View;
  readonly isLog: boolean;
  readonly value: Element;
}

/** The body, `count` times, or as long as `condition` (a bool, computed before and at the end of each round) is true. */
export interface LoopStep {
  readonly kind: "loop";
  readonly origin: string;
  readonly index: LoopIndex;
  readonly count: number | undefined;
  readonly condition: View | undefined;
  readonly body: readonly Step[];
}

export interface IfStep {
  readonly kind: "if";
  readonly origin: string;
  readonly condition: View;
  readonly then: readonly Step[];
  readonly else: readonly Step[];
}

/** A branch that is not compiled: a run that takes it is told `message`, and is left to the reference engine. */
export interface FaultStep {
  readonly kind: "fault";
  readonly origin: string;
  readonly message: string;
}

export type ComputeStep = MapStep | ReduceStep | ContractStep | SoftmaxStep;
export type Step = ComputeStep | LoopStep | IfStep | FaultStep;

/** A loop that has not ended after this many rounds is a fault. */
export const maxLoopRounds = 10_000_000;
