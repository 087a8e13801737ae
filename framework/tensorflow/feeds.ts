/** Checks what a run is fed with against what the graph declares; on the hot path, so no strings unless it fails. */
import { Exception } from "../base/errors.js";
import { type DType, holds, type TensorData } from "./dtypes.js";
import type { FeedType } from "./engines.js";
import type { PartialShape } from "./GraphDef.js";
import type { Placeholder } from "./GraphIndex.js";
import { elementCount, maxElements, showShape, type TensorLike } from "./Tensor.js";

/** What one fed tensor has to be; dtype and shape are free where an inner tensor of the graph is fed. */
export interface FeedRule {
  readonly name: string;
  readonly declared: Placeholder | undefined;
}

/**
 * Checks one fed tensor and gives its number of elements.
 * @throws InvalidRun naming the tensor, what the graph expects and what is given.
 */
export function checkFeed(rule: FeedRule, tensor: TensorLike | undefined): number {
  const count = tensor === undefined ? -1 : countIfRight(rule.declared, tensor);
  return count >= 0 ? count : checkFully(rule, tensor);
}

/** Without text, so that V8 inlines it into the call; -1 is for checkFully to judge. */
function countIfRight(declared: Placeholder | undefined, { dtype, shape, data }: TensorLike): number {
  const length = lengthOf(dtype, data);
  if (declared !== undefined) {
    if (declared.dtype !== undefined && declared.dtype !== dtype) return -1;
    if (!fits(shape, declared.shape)) return -1;
  }
  let count = 1;
  for (let axis = 0; axis < shape.length; axis++) {
    const size = shape[axis] as number;
    if (!Number.isInteger(size) || size < 0) return -1;
    count *= size;
  }
  return count <= maxElements && count === length ? count : -1;
}

/** Of the kinds that inputs most often are: where V8 knows the kind, its test and its length cost 1 ns, else 60 (measured). */
function lengthOf(dtype: DType, data: TensorData): number {
  if (dtype === "float32") return data instanceof Float32Array ? data.length : -1;
  if (dtype === "bool") return data instanceof Uint8Array ? data.length : -1;
  if (dtype === "int32") return data instanceof Int32Array ? data.length : -1;
  if (dtype === "int64") return data instanceof BigInt64Array ? data.length : -1;
  return dtype === "float64" && data instanceof Float64Array ? data.length : -1;
}

/** What is fed in a batch of that size. @throws InvalidRun where the graph does not say it, or for no batch size */
export function typeOfFeed({ name, declared }: FeedRule, batchSize: number): FeedType {
  if (!Number.isInteger(batchSize) || batchSize < 1)
    throw invalidRun(`batch size ${batchSize} is no whole number from 1 on`);
  const { dtype, shape } = declared ?? {};
  if (dtype === undefined || !shape || shape.slice(1).some((size) => size < 0)) {
    const known = `${dtype ?? "unknown type"} ${showShape(shape ?? null)}`;
    throw invalidRun(
      `input '${name}' (${known}) can have more than one shape in a batch of ${batchSize}: run it on an example instead`,
    );
  }
  return { dtype, shape: shape.map((size) => (size < 0 ? batchSize : size)) };
}

function checkFully({ name, declared }: FeedRule, tensor: TensorLike | undefined): number {
  if (tensor === undefined) throw invalidRun(`input '${name}' is not given`);
  const { dtype, shape, data } = tensor;
  if (declared?.dtype !== undefined && declared.dtype !== dtype) {
    throw invalidRun(`input '${name}' expects ${declared.dtype}, given is ${dtype}`);
  }
  if (declared && !fits(shape, declared.shape)) {
    const expected = showShape(declared.shape);
    throw invalidRun(`input '${name}' expects shape ${expected}, given is ${showShape(shape)}`);
  }
  if (holds(dtype, data) && data.length === elementCount(shape)) return data.length;
  const given = `a ${data.constructor.name} of ${data.length} elements`;
  throw invalidRun(`input '${name}' is called ${dtype}${showShape(shape)}, but its data is ${given}`);
}

export function invalidRun(what: string): Exception {
  return new Exception("InvalidRun", `error while running session: ${what}.`);
}

function fits(shape: readonly number[], declared: PartialShape): boolean {
  if (declared === null) return true;
  if (shape.length !== declared.length) return false;
  for (let axis = 0; axis < shape.length; axis++) {
    const size = declared[axis] as number;
    if (size >= 0 && size !== shape[axis]) return false;
  }
  return true;
}
