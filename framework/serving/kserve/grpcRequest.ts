/** ModelInferRequest, decoded → what the model is asked; and the answer → ModelInferResponse. */
import { Exception } from "../../base/errors.js";
import { type DType, newData, type TensorData } from "../../tensorflow/dtypes.js";
import { setElement } from "../../tensorflow/elements.js";
import { type ProtoInt64, toBigInt, toNumber } from "../../tensorflow/proto/decodeTensor.js";
import type { TensorLike } from "../../tensorflow/Tensor.js";
import type { ServedModel } from "../ServedModel.js";
import { badRequest } from "../servingErrors.js";
import { datatypeOf } from "./datatypes.js";
import type { GivenInput } from "./matchInputs.js";
import { shownName } from "./shown.js";
import { rawElements } from "./rawElements.js";
import { allOutputs, answerOf, classCount, outputIndex, type RequestedOutput } from "./RequestedOutputs.js";
import { RawInput } from "./RawInput.js";
import { sharedMemoryRefusal } from "./refusals.js";
import { type InferRequest, timeoutOf } from "./restRequest.js";

type Parameter = Readonly<Record<string, unknown>>;
type Parameters = Readonly<Record<string, Parameter>>;

interface Contents {
  readonly [field: string]: readonly unknown[];
}

export interface ModelInferRequest {
  readonly model_name: string;
  readonly model_version: string;
  readonly id: string;
  readonly parameters: Parameters;
  readonly inputs: readonly {
    readonly name: string;
    readonly datatype: string;
    readonly shape: readonly ProtoInt64[];
    readonly parameters: Parameters;
    readonly contents?: Contents | null;
  }[];
  readonly outputs: readonly { readonly name: string; readonly parameters: Parameters }[];
  readonly raw_input_contents: readonly Uint8Array[];
}

/** @throws BadRequest */
export function readInferRequest(request: ModelInferRequest, model: ServedModel): InferRequest {
  const { id, inputs, outputs, raw_input_contents: raw } = request;
  if (raw.length > 0 && raw.length !== inputs.length)
    throw badRequest(
      `expected ${inputs.length} raw_input_contents, one for each input, but got ${raw.length} for model '${model.name}'`,
    );
  return {
    id: id === "" ? undefined : id,
    timeoutMs: timeoutOf(parameterValue(request.parameters.timeout)),
    inputs: inputs.map((input, i) => givenInput(input, raw[i])),
    outputs: outputs.length === 0 ? allOutputs(model, true) : requestedOutputs(outputs, model),
  };
}

/** A message that can be encoded: its tensors are views, not copies. */
export function inferResponse(
  model: ServedModel,
  id: string | number | undefined,
  outputs: readonly TensorLike[],
  requested: readonly RequestedOutput[],
) {
  const tensors = requested.map((wanted) => answerOf(model, outputs, wanted));
  return {
    model_name: model.name,
    model_version: model.version,
    id: id === undefined ? "" : String(id),
    outputs: tensors.map(({ dtype, shape }, i) => ({
      name: model.outputs[requested[i]?.index ?? 0]?.name ?? "",
      datatype: datatypeOf(dtype),
      shape,
    })),
    raw_output_contents: tensors.map(rawElements),
  };
}

/** The member of a parameter that is set; integers as numbers. */
export function parameterValue(parameter: Parameter | undefined): unknown {
  for (const [key, value] of Object.entries(parameter ?? {})) {
    if (key === "int64_param" || key === "uint64_param") return toNumber(value as ProtoInt64);
    if (key.endsWith("_param")) return value;
  }
  return undefined;
}

function givenInput(input: ModelInferRequest["inputs"][number], raw: Uint8Array | undefined): GivenInput {
  const { name, datatype, parameters, contents } = input;
  if (parameters.shared_memory_region) throw badRequest(sharedMemoryRefusal);
  const shape = input.shape.map(toNumber);
  if (raw === undefined) return new TypedInput(name, datatype, shape, contents ?? {});
  if (contents && Object.values(contents).some((values) => values.length > 0))
    throw badRequest(`input '${shownName(name)}' has contents although the request has raw_input_contents`);
  return new RawInput(name, datatype, shape, raw);
}

function requestedOutputs(outputs: ModelInferRequest["outputs"], model: ServedModel): RequestedOutput[] {
  const seen = new Set<number>();
  return outputs.map(({ name, parameters }) => {
    const index = outputIndex(model, name);
    if (seen.has(index)) throw badRequest(`output '${name}' is requested twice`);
    seen.add(index);
    if (parameters.shared_memory_region) throw badRequest(sharedMemoryRefusal);
    return { index, isBinary: true, classes: classCount(parameterValue(parameters.classification)) };
  });
}

/** Where typed contents have the elements; half and bfloat16 are raw only. */
const contentFields: { readonly [D in DType]?: string } = {
  bool: "bool_contents",
  int8: "int_contents",
  int16: "int_contents",
  int32: "int_contents",
  int64: "int64_contents",
  uint8: "uint_contents",
  uint16: "uint_contents",
  uint32: "uint_contents",
  uint64: "uint64_contents",
  float32: "fp32_contents",
  float64: "fp64_contents",
  string: "bytes_contents",
};

class TypedInput implements GivenInput {
  constructor(
    readonly name: string,
    readonly datatype: string,
    readonly shape: readonly number[],
    readonly contents: Contents,
  ) {}

  elements(dtype: DType, count: number): TensorData {
    const field = contentFields[dtype];
    if (!field) throw invalid(`${datatypeOf(dtype)} has no typed contents: send it in raw_input_contents`);
    const values = this.contents[field] ?? [];
    if (values.length !== count)
      throw invalid(`${field} has ${values.length} elements, its shape means ${count}`);
    const isLong = dtype === "int64" || dtype === "uint64";
    const data = newData(dtype, count);
    for (let i = 0; i < count; i++) {
      const value = isLong ? longOf(dtype, values[i] as ProtoInt64) : values[i];
      // A window on the whole request: copied, so that it can be released.
      const own = value instanceof Uint8Array ? new Uint8Array(value) : value;
      if (!setElement(dtype, data, i, own))
        throw invalid(`element ${i} of ${field} is ${String(value)}, which is no ${datatypeOf(dtype)}`);
    }
    return data;
  }
}

function longOf(dtype: DType, value: ProtoInt64): bigint {
  const signed = toBigInt(value);
  return dtype === "uint64" ? BigInt.asUintN(64, signed) : signed;
}

function invalid(what: string): Exception {
  return new Exception("InvalidTensor", what);
}
