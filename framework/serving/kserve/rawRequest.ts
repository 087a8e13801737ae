/** The raw form of a request: the body is the only input, without JSON that says what it is. */
import { Exception } from "../../base/errors.js";
import { bytesPerElement, type DType, type TensorData } from "../../tensorflow/dtypes.js";
import { elementCount } from "../../tensorflow/Tensor.js";
import type { ServedModel, ServedTensor } from "../ServedModel.js";
import { badRequest } from "../servingErrors.js";
import { datatypeOf } from "./datatypes.js";
import type { GivenInput } from "./matchInputs.js";
import { RawInput } from "./RawInput.js";

/** The dimension that the model leaves open follows from the body's size, or is 1. @throws BadRequest */
export function rawInput(body: Buffer, model: ServedModel): GivenInput {
  const [input, ...others] = model.inputs;
  if (!input || others.length > 0)
    throw badRequest(
      `a raw request needs a model with one input, '${model.name}' has ${model.inputs.length}: send JSON`,
    );
  const { name, dtype } = input;
  return dtype === "string"
    ? new OneText(name, input.shape.map(Math.abs), body)
    : new RawInput(name, datatypeOf(dtype), rawShape(input, body.length, model), body);
}

function rawShape({ name, dtype, shape }: ServedTensor, sizeBytes: number, model: ServedModel): number[] {
  const open = shape.filter((size) => size < 0).length;
  // Of several open dimensions the first is the batch: one row.
  const free = open > 1 && model.maxBatchSize > 0 ? shape.indexOf(-1, 1) : shape.indexOf(-1);
  const known = shape.map((size, axis) => (size < 0 && axis !== free ? 1 : size));
  if (open > (model.maxBatchSize > 0 ? 2 : 1))
    throw badRequest(`input '${name}' has ${open} open dimensions, so a raw request does not say its shape`);
  const unit = elementCount(known.filter((size) => size >= 0)) * bytesPerElement(dtype);
  const extent = unit > 0 && sizeBytes % unit === 0 ? sizeBytes / unit : 0;
  return known.map((size) => (size < 0 ? extent : size));
}

/** A whole body as one element of BYTES. */
class OneText implements GivenInput {
  readonly datatype = "BYTES";

  constructor(
    readonly name: string,
    readonly shape: readonly number[],
    readonly text: Uint8Array,
  ) {}

  elements(_: DType, count: number): TensorData {
    if (count === 1) return [new Uint8Array(this.text)];
    throw new Exception("InvalidTensor", `a raw request holds one element of BYTES, not ${count}`);
  }
}
