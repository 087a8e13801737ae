/** What a traced function takes at one place: TensorFlow's TensorSpec. */
import { Exception } from "../base/errors.js";
import { type DType, isDType } from "./dtypes.js";
import { showShape } from "./Tensor.js";

export class TensorSpec {
  /** Dimensions, -1 where unknown. */
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** The placeholder's name; undefined: `inputs`, `inputs_1` …, because a function's own names do not survive a minifier. */
  readonly name: string | undefined;

  /** `shape`: null or -1 for an unknown dimension. @throws InvalidTensor for an impossible shape or dtype */
  constructor(shape: readonly (number | null)[], dtype: DType = "float32", name?: string) {
    this.shape = shape.map((size) => size ?? -1);
    if (!isDType(dtype)) throw new Exception("InvalidTensor", `unknown dtype '${String(dtype)}'.`);
    if (this.shape.some((size) => !Number.isInteger(size) || size < -1))
      throw new Exception("InvalidTensor", `a tensor cannot have the shape ${showShape(this.shape)}.`);
    this.dtype = dtype;
    this.name = name;
  }
}
