/** Files that a configuration names beside the model: labels of classes, and samples to warm it up with. */
import { randomFillSync } from "node:crypto";
import { Exception } from "../../base/errors.js";
import { bytesPerElement, newData, type TensorData } from "../../tensorflow/dtypes.js";
import { elementCount, type TensorLike } from "../../tensorflow/Tensor.js";
import { dtypeOfConfigType } from "../kserve/datatypes.js";
import { readRawElements } from "../kserve/rawElements.js";
import type { ServedTensor } from "../ServedModel.js";
import type { ModelConfig, WarmupInput, WarmupSample } from "./ModelConfig.js";

type ReadFile = (name: string, what: string) => Buffer;

/** Output → the lines of its label file. @throws Configuration */
export function readLabels(config: ModelConfig, readFile: ReadFile): Map<string, string[]> {
  const labels = new Map<string, string[]>();
  for (const { name = "", label_filename: file } of config.output ?? [])
    if (file) labels.set(name, readFile(file, "label_filename").toString("utf8").trimEnd().split(/\r?\n/));
  return labels;
}

interface Signature {
  readonly inputs: readonly ServedTensor[];
  readonly maxBatchSize: number;
}

/** The requests of model_warmup. @throws Configuration naming the sample */
export function warmupBatches(config: ModelConfig, signature: Signature, readFile: ReadFile) {
  return (config.model_warmup ?? []).map((sample) => ({
    count: Math.max(1, sample.count ?? 1),
    inputs: signature.inputs.map((input) => warmupInput(sample, input, signature.maxBatchSize, readFile)),
  }));
}

function warmupInput(
  sample: WarmupSample,
  { name, dtype, shape }: ServedTensor,
  maxBatchSize: number,
  readFile: ReadFile,
): TensorLike {
  const given = sample.inputs?.[name];
  const about = (what: string) =>
    new Exception("Configuration", `model_warmup '${sample.name ?? ""}': input '${name}' ${what}.`);
  if (!given) throw about("is missing");
  if (given.data_type !== undefined && dtypeOfConfigType(given.data_type) !== dtype)
    throw about(`is ${given.data_type}, but the model takes ${dtype}`);
  const rows = sample.batch_size ?? 0;
  if (rows > maxBatchSize) throw about(`has batch_size ${rows}, but max_batch_size is ${maxBatchSize}`);
  const full = maxBatchSize > 0 ? [Math.max(1, rows), ...(given.dims ?? [])] : (given.dims ?? []);
  const fits =
    full.length === shape.length && full.every((size, axis) => size === shape[axis] || shape[axis] === -1);
  if (!fits) throw about(`has dims ${full.join(",")}, but the model takes ${shape.join(",")}`);
  return { dtype, shape: full, data: warmupData(given, dtype, full, readFile) };
}

function warmupData(
  given: WarmupInput,
  dtype: ServedTensor["dtype"],
  shape: readonly number[],
  readFile: ReadFile,
): TensorData {
  const count = elementCount(shape);
  if (given.input_data_file)
    return readRawElements(dtype, count, readFile(`warmup/${given.input_data_file}`, "input_data_file"));
  const data = newData(dtype, count);
  if (!given.random_data || dtype === "string") return data;
  const bytes = Buffer.alloc(count);
  randomFillSync(bytes);
  // From 0 to 1 for fractions, few and small numbers for indices.
  const isFloat = dtype === "float32" || dtype === "float64";
  const isLong = bytesPerElement(dtype) === 8 && !isFloat;
  const target = data as unknown as { [i: number]: number | bigint };
  for (let i = 0; i < count; i++) {
    const byte = bytes[i] as number;
    target[i] = isFloat ? byte / 256 : isLong ? BigInt(byte & 1) : byte & 1;
  }
  return data;
}
