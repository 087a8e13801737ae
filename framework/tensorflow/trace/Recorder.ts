/**
 * What a traced function becomes while it runs: nodes of a TensorFlow graph. Every node is computed at once by the
 * reference engine, on inputs of an example shape, so that dtypes and shapes need no rules of their own.
 */
import type { AttrValue } from "../GraphDef.js";
import type { TensorLike } from "../Tensor.js";

/** One tensor of the graph that is being recorded. */
export interface Traced {
  /** As nodes name their inputs: "node", or "node:1" for another output than the first. */
  readonly name: string;
  /** For the example inputs. */
  readonly value: TensorLike;
  /** No input of the function is behind it: its value is the same in every call. */
  readonly isConstant: boolean;
}

export interface Recorder {
  /**
   * Adds a node and gives its outputs. `name`: what it is called, made unique; otherwise the op's name, in the scope that
   * is open. `attrs` must be complete, as TensorFlow demands them (T, N, Tidx …).
   * @throws InvalidRun where the reference engine refuses the inputs
   */
  node(
    op: string,
    inputs: readonly Traced[],
    attrs: Readonly<Record<string, AttrValue>>,
    name?: string,
  ): readonly Traced[];
  /** A Const node. */
  constant(value: TensorLike, name?: string): Traced;
}

/** What a kernel of tfjs becomes. `inputs` and `attrs` are those that tfjs gives the kernel of that name. */
export type Lowering = (
  recorder: Recorder,
  inputs: Readonly<Record<string, Traced>>,
  attrs: Readonly<Record<string, unknown>>,
) => Traced | readonly Traced[];

/** Lowerings by the kernel's name in tfjs. */
export type LoweringTable = Readonly<Record<string, Lowering>>;
