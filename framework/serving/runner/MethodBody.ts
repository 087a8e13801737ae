/** What a runner's method computes, whoever does it: a signature of a model, or a method of a user's own class. */
import type { CallForm } from "../../tensorflow/savedmodel/CallForm.js";
import type { TensorLike } from "../../tensorflow/Tensor.js";
import type { ServedTensor } from "../ServedModel.js";

export interface MethodBody {
  readonly platform: string;
  /** What it takes and gives; inputs and outputs have the keys of the form. */
  readonly form: CallForm;
  readonly inputs: readonly ServedTensor[];
  readonly outputs: readonly ServedTensor[];
  /** Whether rows of several requests may go into one call. */
  readonly batchable: boolean;
  readonly batchDim: readonly [inputs: number, outputs: number];
  /** It is compiled for every number of rows that it is run with. */
  readonly isCompiled: boolean;
  /** Outputs are not touched any more; inputs are read until it has returned, or its promise is settled. */
  run(inputs: readonly TensorLike[]): readonly TensorLike[] | Promise<readonly TensorLike[]>;
  /** Makes ready for these numbers of rows, in another thread; only what has it is warmed up. */
  compile?(sizes: readonly number[]): Promise<void>;
  close(): void | Promise<void>;
}
