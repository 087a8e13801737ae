/** The inputs of a request, against those that the model takes: checked before anything is computed. */
import { Exception } from "../../base/errors.js";
import type { DType, TensorData } from "../../tensorflow/dtypes.js";
import { elementCount, type TensorLike } from "../../tensorflow/Tensor.js";
import type { ServedModel, ServedTensor } from "../ServedModel.js";
import { badRequest } from "../servingErrors.js";
import { datatypeOf } from "./datatypes.js";
import { shownName } from "./shown.js";

/** An input as a request has it. */
export interface GivenInput {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  /** Its elements, once name, type and shape are right. @throws InvalidTensor where they are not `count` of that type */
  elements(dtype: DType, count: number): TensorData;
}

/**
 * The tensors in the model's order.
 * @throws BadRequest, InvalidTensor in the words of Triton, for whom reads them
 */
export function matchInputs(model: ServedModel, given: readonly GivenInput[]): TensorLike[] {
  const { inputs } = model;
  const tensors: TensorLike[] = [];
  for (let i = 0; i < given.length; i++) {
    const one = given[i] as GivenInput;
    const index = indexByName(inputs, one.name);
    if (index < 0)
      throw badRequest(`unexpected inference input '${shownName(one.name)}' for model '${model.name}'`);
    if (tensors[index]) throw badRequest(`input '${one.name}' is given twice`);
    tensors[index] = tensorOf(model, inputs[index] as ServedTensor, one);
  }
  if (given.length !== inputs.length) throw missing(model, given);
  if (model.maxBatchSize > 0 && inputs.length > 1) checkRows(model, tensors);
  return tensors;
}

export function indexByName(tensors: readonly ServedTensor[], name: string): number {
  for (let i = 0; i < tensors.length; i++) if ((tensors[i] as ServedTensor).name === name) return i;
  return -1;
}

function tensorOf(model: ServedModel, expected: ServedTensor, given: GivenInput): TensorLike {
  const { name, dtype } = expected;
  const { datatype, shape } = given;
  if (datatype !== datatypeOf(dtype))
    throw badRequest(
      `inference input '${name}' data-type is '${shownName(datatype)}', but model '${model.name}' expects '${datatypeOf(dtype)}'`,
    );
  if (!fits(shape, expected.shape)) throw wrongShape(model, expected, shape);
  try {
    return { dtype, shape, data: given.elements(dtype, elementCount(shape)) };
  } catch (error) {
    if (!(error instanceof Exception)) throw error;
    throw new Exception(error.category, `input '${name}': ${error.message.replace(/\.$/, "")}`, {
      cause: error,
    });
  }
}

function fits(shape: readonly number[], expected: readonly number[]): boolean {
  if (shape.length !== expected.length) return false;
  for (let axis = 0; axis < shape.length; axis++) {
    const size = shape[axis] as number;
    const wanted = expected[axis] as number;
    if (size < 0 || (wanted >= 0 && size !== wanted)) return false;
  }
  return true;
}

function wrongShape(model: ServedModel, { name, shape }: ServedTensor, given: readonly number[]): Exception {
  const note =
    model.maxBatchSize > 0 && given.length === shape.length - 1
      ? ". The first dimension is the number of rows, which is missing here"
      : "";
  return badRequest(
    `unexpected shape for input '${name}' for model '${model.name}'. ` +
      `Expected [${shape.join(",")}], got [${shownName(given.join(","))}]${note}`,
  );
}

function missing(model: ServedModel, given: readonly GivenInput[]): Exception {
  const names = new Set(given.map(({ name }) => name));
  const absent = model.inputs.filter(({ name }) => !names.has(name)).map(({ name }) => `'${name}'`);
  return badRequest(
    `expected ${model.inputs.length} inputs but got ${given.length} inputs for model '${model.name}'. ` +
      `Missing: ${absent.join(", ")}`,
  );
}

function checkRows({ name, inputs }: ServedModel, tensors: readonly TensorLike[]): void {
  const rows = tensors[0]?.shape[0];
  const other = tensors.findIndex(({ shape }) => shape[0] !== rows);
  if (other < 0) return;
  throw badRequest(
    `input '${inputs[other]?.name}' batch size does not match other inputs for '${name}': ` +
      `${tensors[other]?.shape[0]} rows, but '${inputs[0]?.name}' has ${rows}`,
  );
}
