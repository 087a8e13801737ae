/** The answer to a REST request for inference: JSON, with the tensors that were asked for so as raw bytes behind it. */
import type { TensorLike } from "../../tensorflow/Tensor.js";
import type { ServedModel, ServedTensor } from "../ServedModel.js";
import { datatypeOf } from "./datatypes.js";
import { jsonElements } from "./jsonElements.js";
import { rawElements } from "./rawElements.js";
import { answerOf, type RequestedOutput } from "./RequestedOutputs.js";

export interface InferResponse {
  /** A copy: the tensors may change once it is there. */
  readonly body: string | Buffer;
  /** Bytes of JSON at the start of `body` where raw tensors follow, for Inference-Header-Content-Length. */
  readonly jsonBytes: number | undefined;
}

/** Parts of the JSON that are always the same, by model. */
const heads = new WeakMap<ServedModel, { readonly model: string; readonly names: readonly string[] }>();

/** @throws InvalidTensor for what was asked of an output and cannot be had */
export function writeInferResponse(
  model: ServedModel,
  id: string | number | undefined,
  outputs: readonly TensorLike[],
  requested: readonly RequestedOutput[],
): InferResponse {
  const head = headOf(model);
  let json = id === undefined ? head.model : `${head.model},"id":${JSON.stringify(String(id))}`;
  json += ',"outputs":[';
  const raw: Buffer[] = [];
  for (let i = 0; i < requested.length; i++) {
    const wanted = requested[i] as RequestedOutput;
    const tensor = answerOf(model, outputs, wanted);
    if (i > 0) json += ",";
    json += `{"name":${head.names[wanted.index]},"datatype":"${datatypeOf(tensor.dtype)}","shape":[${tensor.shape}]`;
    if (wanted.isBinary) {
      const bytes = rawElements(tensor);
      raw.push(bytes);
      json += `,"parameters":{"binary_data_size":${bytes.length}}}`;
    } else json += `,"data":[${jsonElements(tensor.dtype, tensor.data)}]}`;
  }
  json += "]}";
  if (raw.length === 0) return { body: json, jsonBytes: undefined };
  const text = Buffer.from(json);
  return { body: Buffer.concat([text, ...raw]), jsonBytes: text.length };
}

function headOf(model: ServedModel) {
  const known = heads.get(model);
  if (known) return known;
  const { name, version, outputs } = model;
  const head = {
    model: `{"model_name":${JSON.stringify(name)},"model_version":${JSON.stringify(version)}`,
    names: outputs.map((output: ServedTensor) => JSON.stringify(output.name)),
  };
  heads.set(model, head);
  return head;
}
