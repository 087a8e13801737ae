/** An input that a request has as the bytes of its elements. */
import type { DType, TensorData } from "../../tensorflow/dtypes.js";
import type { GivenInput } from "./matchInputs.js";
import { readRawElements } from "./rawElements.js";

export class RawInput implements GivenInput {
  constructor(
    readonly name: string,
    readonly datatype: string,
    readonly shape: readonly number[],
    readonly raw: Uint8Array,
  ) {}

  elements(dtype: DType, count: number): TensorData {
    return readRawElements(dtype, count, this.raw);
  }
}
