/**
 * Nested lists of JSON that become a tensor (BentoML's NumpyNdarray). Unlike BentoML's, a dtype or a shape that is given is
 * enforced unless told otherwise, and elements are never rounded to fit.
 */
import { suggestion } from "../../base/didYouMean.js";
import { Exception } from "../../base/errors.js";
import { asTensor } from "../../tensorflow/asTensor.js";
import { type DType, isDType } from "../../tensorflow/dtypes.js";
import { Tensor, type TensorLike } from "../../tensorflow/Tensor.js";
import { badRequest } from "../servingErrors.js";
import { type IODescriptor, type JsonSchema, notSendable } from "./IODescriptor.js";
import { isJson, parseJson, toJson } from "./jsonDescriptor.js";

export interface NdarrayOptions {
  readonly dtype?: DType;
  /** -1: any size. */
  readonly shape?: readonly number[];
  /** False: elements that are no `dtype` come as what they are. */
  readonly enforceDtype?: boolean;
  /** False: the elements are put into `shape` where that is possible, otherwise the tensor comes as it is. */
  readonly enforceShape?: boolean;
}

const known = ["dtype", "shape", "enforceDtype", "enforceShape"];

/** @throws Configuration for options that make no sense */
export function ndarrayDescriptor(options: NdarrayOptions = {}): IODescriptor<TensorLike> {
  checkOptions(options);
  return {
    mimeType: "application/json",
    schema: schemaOf(options),
    accepts: isJson,
    decode: (body) => shaped(typed(parseJson(body), options), options),
    encode: (value) => {
      if (typeof value === "object" && value !== null) return toJson(value);
      throw notSendable(
        `NumpyNdarray: the output is ${String(value)}, which is neither a tensor nor a list.`,
      );
    },
  };
}

function checkOptions({ dtype, shape, ...rest }: NdarrayOptions): void {
  const unknown = Object.keys(rest).find((name) => !known.includes(name));
  if (unknown !== undefined) throw wrong(`unknown option '${unknown}'${suggestion(unknown, known)}`);
  if (dtype !== undefined && !isDType(dtype))
    throw wrong(
      `unknown dtype '${String(dtype)}'${suggestion(String(dtype), ["float32", "float64", "int32", "int64", "bool", "string"])}`,
    );
  if (shape?.some((size) => !Number.isInteger(size) || size < -1))
    throw wrong(`the shape [${shape.join(", ")}] has sizes that are neither -1 nor whole numbers from 0 on`);
}

function typed(value: unknown, { dtype, enforceDtype = true }: NdarrayOptions): Tensor {
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    throw badRequest("NumpyNdarray: Expecting nested lists, but an object was received.");
  try {
    return asTensor(value, { dtype }, "NumpyNdarray");
  } catch (error) {
    if (enforceDtype || dtype === undefined) throw error;
    return asTensor(value, {}, "NumpyNdarray");
  }
}

function shaped(tensor: Tensor, { shape: wanted, enforceShape = true }: NdarrayOptions): TensorLike {
  if (!wanted || fits(tensor.shape, wanted)) return tensor;
  if (enforceShape)
    throw badRequest(
      `NumpyNdarray: Expecting ndarray of shape "${show(wanted)}", but "${show(tensor.shape)}" was received.`,
    );
  return reshaped(tensor, wanted) ?? tensor;
}

function fits(shape: readonly number[], wanted: readonly number[]): boolean {
  if (shape.length !== wanted.length) return false;
  for (let axis = 0; axis < shape.length; axis++)
    if (wanted[axis] !== -1 && wanted[axis] !== shape[axis]) return false;
  return true;
}

function reshaped({ dtype, data }: Tensor, wanted: readonly number[]): Tensor | undefined {
  if (wanted.filter((size) => size === -1).length > 1) return undefined;
  let known = 1;
  for (const size of wanted) if (size !== -1) known *= size;
  const rest = known === 0 ? 0 : data.length / known;
  const shape = wanted.map((size) => (size === -1 ? rest : size));
  const isPossible = Number.isInteger(rest) && shape.reduce((a, b) => a * b, 1) === data.length;
  return isPossible ? new Tensor<DType>(dtype, shape, data) : undefined;
}

/** As Python shows a tuple: "(-1, 20)". */
function show(shape: readonly number[]): string {
  return shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
}

function schemaOf({ dtype, shape }: NdarrayOptions): JsonSchema {
  let schema: JsonSchema = elementSchema(dtype);
  if (!shape) return { type: "array", items: {} };
  for (const size of [...shape].reverse())
    schema = { type: "array", items: schema, ...(size >= 0 && { minItems: size, maxItems: size }) };
  return schema;
}

function elementSchema(dtype: DType | undefined): JsonSchema {
  if (dtype === undefined) return {};
  if (dtype === "string") return { type: "string" };
  if (dtype === "bool") return { type: "boolean" };
  return { type: dtype.includes("int") ? "integer" : "number", format: dtype };
}

function wrong(what: string): Exception {
  return new Exception("Configuration", `NumpyNdarray: ${what}.`);
}
