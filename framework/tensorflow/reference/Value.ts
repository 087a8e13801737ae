/** A tensor inside a session: its memory and shape change from run to run, and it may not be computed at all. */
import type { DType, TensorData } from "../dtypes.js";
import type { TensorLike } from "../Tensor.js";
import type { ElementList } from "./ElementList.js";
import { copyShape } from "./op.js";

export class Value implements TensorLike {
  dtype: DType = "float32";
  shape: number[] = [];
  data: TensorData = new Float32Array(0);
  /** Which memory of its arena buffer `data` is a view of. */
  generation = -1;
  /** It lies in a branch that this run (or this iteration) does not take. */
  isDead = false;
  /** Set instead of data where the value is a TensorList or a TensorArray. */
  elements: ElementList | undefined = undefined;

  /** Becomes the same memory as `other`, under another shape if one is given. */
  refer(other: TensorLike, shape: readonly number[] = other.shape): void {
    this.dtype = other.dtype;
    this.data = other.data;
    this.elements = (other as Value).elements;
    copyShape(shape, this.shape);
  }
}
