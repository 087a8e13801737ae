/** Which outputs a request wants, and in which form. */
import type { TensorLike } from "../../tensorflow/Tensor.js";
import type { ServedModel, ServedTensor } from "../ServedModel.js";
import { badRequest } from "../servingErrors.js";
import { classify } from "./classify.js";
import { indexByName } from "./matchInputs.js";
import { shownName, shownValue } from "./shown.js";

export interface RequestedOutput {
  /** Among the model's outputs. */
  readonly index: number;
  /** Of REST: raw bytes behind the JSON. */
  readonly isBinary: boolean;
  /** The k largest of each row instead of the output itself; 0: the output itself. */
  readonly classes: number;
}

/** All outputs, as a request has them that names none. */
export function allOutputs(model: ServedModel, isBinary: boolean): RequestedOutput[] {
  return model.outputs.map((_, index) => ({ index, isBinary, classes: 0 }));
}

/** The index of an output. @throws BadRequest */
export function outputIndex(model: ServedModel, name: string): number {
  const index = indexByName(model.outputs, name);
  if (index >= 0) return index;
  throw badRequest(`unexpected inference output '${shownName(name)}' for model '${model.name}'`);
}

/** @throws BadRequest for what is no number of classes */
export function classCount(value: unknown): number {
  if (value === undefined) return 0;
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw badRequest(`parameter 'classification' must be a whole number, not ${shownValue(value)}`);
}

/** The tensor that answers for one requested output. */
export function answerOf(
  model: ServedModel,
  outputs: readonly TensorLike[],
  { index, classes }: RequestedOutput,
): TensorLike {
  const output = outputs[index] as TensorLike;
  if (classes === 0) return output;
  const { name } = model.outputs[index] as ServedTensor;
  return classify(output, classes, model.maxBatchSize > 0, model.labels?.get(name));
}
