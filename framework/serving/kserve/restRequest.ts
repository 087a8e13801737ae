/**
 * The body of a REST request for inference: JSON, JSON with raw tensors behind it (the binary extension), or one raw
 * tensor alone. What is wrong with it is the client's to mend: BadRequest, with the place.
 */
import { isUtf8 } from "node:buffer";
import type { DType, TensorData } from "../../tensorflow/dtypes.js";
import type { ServedModel } from "../ServedModel.js";
import { badRequest } from "../servingErrors.js";
import { parseJsonExactly, readJsonElements } from "./jsonElements.js";
import type { GivenInput } from "./matchInputs.js";
import { sharedMemoryRefusal } from "./refusals.js";
import { RawInput } from "./RawInput.js";
import { rawInput } from "./rawRequest.js";
import { shownName } from "./shown.js";
import { allOutputs, classCount, outputIndex, type RequestedOutput } from "./RequestedOutputs.js";

export interface InferRequest {
  /** Given back as it came. */
  readonly id: string | number | undefined;
  /** 0: none. */
  readonly timeoutMs: number;
  readonly inputs: readonly GivenInput[];
  readonly outputs: readonly RequestedOutput[];
}

type Fields = Readonly<Record<string, unknown>>;
const none: Fields = {};

/**
 * @param headerLength of Inference-Header-Content-Length: how many bytes are JSON, 0 for a raw tensor alone; undefined:
 *   all of it
 * @throws BadRequest, InvalidTensor
 */
export function parseInferRequest(
  body: Buffer,
  headerLength: string | undefined,
  model: ServedModel,
): InferRequest {
  const jsonBytes = headerLength === undefined ? body.length : jsonLength(headerLength, body.length);
  if (jsonBytes === 0 && headerLength !== undefined)
    return { id: undefined, timeoutMs: 0, inputs: [rawInput(body, model)], outputs: allOutputs(model, true) };
  const text = jsonText(jsonBytes === body.length ? body : body.subarray(0, jsonBytes));
  const request = parseJson(text);
  const { id, inputs, outputs } = request;
  if (id !== undefined && typeof id !== "string" && !Number.isSafeInteger(id))
    throw badRequest("'id' must be a string");
  if (!Array.isArray(inputs)) throw badRequest("'inputs' is missing: the list of the model's inputs");
  const parameters = fieldsOf(request.parameters, "'parameters'");
  const isBinary = flagOf(parameters.binary_data_output, "binary_data_output") ?? false;
  return {
    id: id as string | number | undefined,
    timeoutMs: timeoutOf(parameters.timeout),
    inputs: readInputs(inputs, body.subarray(jsonBytes), text),
    outputs: outputs === undefined ? allOutputs(model, isBinary) : readOutputs(outputs, model, isBinary),
  };
}

/** Microseconds of the parameter "timeout" as milliseconds. @throws BadRequest */
export function timeoutOf(value: unknown): number {
  if (value === undefined) return 0;
  if (Number.isSafeInteger(value) && (value as number) >= 0) return (value as number) / 1000;
  throw badRequest("parameter 'timeout' must be a whole number of microseconds");
}

class JsonInput implements GivenInput {
  constructor(
    readonly name: string,
    readonly datatype: string,
    readonly shape: readonly number[],
    readonly data: unknown,
    readonly exact: () => unknown,
  ) {}

  elements(dtype: DType, count: number): TensorData {
    return readJsonElements(dtype, this.shape, count, this.data, this.exact);
  }
}

function jsonLength(header: string, bodyLength: number): number {
  const length = /^\d{1,15}$/.test(header) ? Number(header) : Number.NaN;
  if (length <= bodyLength) return length;
  throw badRequest(
    `Inference-Header-Content-Length is '${shownName(header)}', but the body has ${bodyLength} bytes`,
  );
}

function jsonText(bytes: Buffer): string {
  if (bytes.length === 0) throw badRequest("failed to parse the request JSON buffer: it is empty");
  if (!isUtf8(bytes)) throw badRequest("failed to parse the request JSON buffer: it is no UTF-8");
  return bytes.toString("utf8");
}

/** An object of JSON. @throws BadRequest */
export function parseJson(text: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw badRequest(`failed to parse the request JSON buffer: ${(error as Error).message}`, error);
  }
  return fieldsOf(value ?? null, "the request");
}

function fieldsOf(value: unknown, what: string): Fields {
  if (value === undefined) return none;
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields;
  throw badRequest(`${what} must be an object`);
}

function flagOf(value: unknown, name: string): boolean | undefined {
  if (value === undefined || typeof value === "boolean") return value;
  throw badRequest(`parameter '${name}' must be true or false`);
}

function readInputs(inputs: readonly unknown[], raw: Buffer, text: string): GivenInput[] {
  let at = 0;
  let exactRequest: { readonly inputs: readonly { readonly data: unknown }[] } | undefined;
  const given = inputs.map((value, i): GivenInput => {
    const input = fieldsOf(value ?? null, `input ${i}`);
    const { name, datatype, shape } = input;
    if (typeof name !== "string") throw badRequest(`input ${i} has no 'name'`);
    if (typeof datatype !== "string") throw badRequest(`input '${shownName(name)}' has no 'datatype'`);
    if (!Array.isArray(shape) || shape.length > maxRank || !shape.every(isSize))
      throw badRequest(`'shape' of input '${shownName(name)}' must be a list of whole numbers`);
    const sizeBytes = binarySize(input, name);
    if (sizeBytes === undefined)
      return new JsonInput(name, datatype, shape, input.data, () => {
        exactRequest ??= parseJsonExactly(text) as typeof exactRequest;
        return exactRequest?.inputs[i]?.data;
      });
    if (input.data !== undefined)
      throw badRequest(`input '${shownName(name)}' has both 'data' and 'binary_data_size'`);
    if (sizeBytes > raw.length - at)
      throw badRequest(
        `input '${shownName(name)}' has a binary_data_size of ${sizeBytes}, but ${raw.length - at} bytes are left`,
      );
    at += sizeBytes;
    return new RawInput(name, datatype, shape, raw.subarray(at - sizeBytes, at));
  });
  if (at !== raw.length)
    throw badRequest(`${raw.length - at} bytes behind the JSON belong to no input: see binary_data_size`);
  return given;
}

/** Deeper tensors are a mistake. */
const maxRank = 16;

function isSize(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function binarySize(input: Fields, name: string): number | undefined {
  if (input.parameters === undefined) return undefined;
  const parameters = fieldsOf(input.parameters, `'parameters' of input '${shownName(name)}'`);
  const { binary_data_size: sizeBytes, shared_memory_region: region } = parameters;
  if (region !== undefined) throw badRequest(sharedMemoryRefusal);
  if (sizeBytes === undefined || isSize(sizeBytes)) return sizeBytes as number | undefined;
  throw badRequest(`parameter 'binary_data_size' of input '${shownName(name)}' must be a whole number`);
}

function readOutputs(outputs: unknown, model: ServedModel, isBinaryByDefault: boolean): RequestedOutput[] {
  if (!Array.isArray(outputs)) throw badRequest("'outputs' must be a list");
  if (outputs.length === 0) return allOutputs(model, isBinaryByDefault);
  const seen = new Set<number>();
  return outputs.map((value, i) => {
    const output = fieldsOf(value ?? null, `output ${i}`);
    if (typeof output.name !== "string") throw badRequest(`output ${i} has no 'name'`);
    const parameters = fieldsOf(output.parameters, `'parameters' of output '${shownName(output.name)}'`);
    if (parameters.shared_memory_region !== undefined) throw badRequest(sharedMemoryRefusal);
    const index = outputIndex(model, output.name);
    if (seen.has(index)) throw badRequest(`output '${output.name}' is requested twice`);
    seen.add(index);
    const isBinary = flagOf(parameters.binary_data, "binary_data") ?? isBinaryByDefault;
    return { index, isBinary, classes: classCount(parameters.classification) };
  });
}
