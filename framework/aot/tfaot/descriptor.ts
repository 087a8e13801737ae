/** What the generated `model.js` of a compiled model exports, and the types of arrays that its inputs and outputs take. */
import type { DataOf, DType } from "../../tensorflow/dtypes.js";

/** An input or output; `null` is the batch dimension, which always comes first. */
export interface TensorDescription {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly (number | null)[];
}

/** A compiled model as its package exports it: `import { test_simple } from "tfaot-model-test-simple/model"`. */
export interface ModelDescriptor {
  readonly name: string;
  readonly version: string;
  /** Ties it to the tool file of the same compilation. */
  readonly revision: string;
  /** Full path of the tool file, beside which the compiled code lies. */
  readonly toolFile: string;
  readonly batchSizes: readonly number[];
  readonly inputs: readonly TensorDescription[];
  readonly outputs: readonly TensorDescription[];
}

/** Rows of elements, one row an example; tensors of more dimensions are flat in their row. */
export type BoolArrays = boolean[][];
export type Int32Arrays = number[][];
export type Int64Arrays = bigint[][];
export type FloatArrays = number[][];
export type DoubleArrays = number[][];

/** An element in the nested form. */
export type ElementOf<D extends DType> = D extends "bool"
  ? boolean
  : D extends "int64" | "uint64"
    ? bigint
    : number;

type Shape = TensorDescription["shape"];
/** `Rows` for a tensor with a batch dimension, `Single` for one without, both when the type does not tell. */
type ByBatch<S extends Shape, Rows, Single> = Shape extends S
  ? Rows | Single
  : S extends readonly [null, ...unknown[]]
    ? Rows
    : Single;

type NestedInput<D extends TensorDescription, E = ElementOf<D["dtype"]>> = ByBatch<
  D["shape"],
  readonly (readonly E[])[],
  E | readonly E[]
>;
type NestedOutput<D extends TensorDescription, E = ElementOf<D["dtype"]>> = ByBatch<D["shape"], E[][], E[]>;
type FlatInput<D extends TensorDescription> = ByBatch<
  D["shape"],
  DataOf[D["dtype"]],
  DataOf[D["dtype"]] | ElementOf<D["dtype"]>
>;
type FlatOutput<D extends TensorDescription> = DataOf[D["dtype"]];

type Descriptions = readonly TensorDescription[];

/** One argument an input: rows of elements; for an input without a batch dimension its elements, or the scalar. */
export type NestedInputs<T extends ModelDescriptor, I extends Descriptions = T["inputs"]> = {
  readonly [K in keyof I]: NestedInput<I[K]>;
};
/** One array of rows an output; for an output without a batch dimension its elements. */
export type NestedOutputs<T extends ModelDescriptor, O extends Descriptions = T["outputs"]> = {
  -readonly [K in keyof O]: NestedOutput<O[K]>;
};
/** One typed array an input, row after row (bool: a Uint8Array of 0 and 1); a scalar may be given as such. */
export type FlatInputs<T extends ModelDescriptor, I extends Descriptions = T["inputs"]> = {
  readonly [K in keyof I]: FlatInput<I[K]>;
};
/** One typed array an output, row after row. */
export type FlatOutputs<T extends ModelDescriptor, O extends Descriptions = T["outputs"]> = {
  -readonly [K in keyof O]: FlatOutput<O[K]>;
};

export function isBatched({ shape }: TensorDescription): boolean {
  return shape.length > 0 && shape[0] === null;
}

/** Elements of one row; of all of it, where there is no batch dimension. */
export function elementsPerRow({ shape }: TensorDescription): number {
  let count = 1;
  for (let axis = 0; axis < shape.length; axis++) count *= shape[axis] ?? 1;
  return count;
}
