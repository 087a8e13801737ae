/** What a model takes and gives, as its server says: ModelConfig and ModelMetadata. */
import { Exception } from "../../base/errors.js";
import { suggestion } from "../../base/didYouMean.js";
import type { DType } from "../../tensorflow/dtypes.js";
import { type ProtoInt64, toNumber } from "../../tensorflow/proto/decodeTensor.js";
import { showShape } from "../../tensorflow/Tensor.js";
import { dtypeOfConfigType } from "../kserve/datatypes.js";
import { checkVersion, localChecksums, type WithAgents } from "./checkVersion.js";
import type { TritonChannel } from "./TritonChannel.js";

export interface ModelTensor {
  readonly name: string;
  readonly dtype: DType;
  /** As KServe calls the type. */
  readonly dname: string;
  /** Without the batch dimension. */
  readonly dims: readonly number[];
}

export interface ModelInterface {
  /** 0: no batch dimension. */
  readonly maxBatchSize: number;
  readonly inputs: readonly ModelTensor[];
  /** Those asked for, all if none were. */
  readonly outputs: readonly ModelTensor[];
}

interface TensorMetadata {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly ProtoInt64[];
}
interface Metadata {
  readonly versions: readonly string[];
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
}

const timeoutMs = 30_000;

/**
 * @param configPath the local configuration, where there is one
 * @throws ModelErrors for a model without inputs or outputs, MissingOutput where it has not those asked for,
 *   ModelVersioning where its files are others
 */
export async function describeModel(
  channel: TritonChannel,
  name: string,
  version: string,
  wanted: readonly string[],
  configPath: string | undefined,
): Promise<ModelInterface> {
  const what = ` of model '${name}'`;
  const request = { name, version };
  const { config } = await channel.call<{ config: ({ max_batch_size: number } & WithAgents) | null }>(
    "ModelConfig",
    request,
    timeoutMs,
    what,
  );
  if (!config) throw new Exception("ModelErrors", `model '${name}': the server gives no configuration`);
  const metadata = await channel.call<Metadata>("ModelMetadata", request, timeoutMs, what);
  const newest = Math.max(...metadata.versions.map(Number));
  checkVersion(localChecksums(configPath), config, version || String(newest), `model '${name}'`);
  const maxBatchSize = config.max_batch_size;
  const tensors = (list: readonly TensorMetadata[]) => list.map((tensor) => described(tensor, maxBatchSize));
  const malformed = (["inputs", "outputs"] as const).filter((kind) => metadata[kind].length === 0);
  if (malformed.length > 0) {
    const text = malformed.map((kind) => `Model on server appears malformed (zero ${kind})`).join("\n");
    throw new Exception("ModelErrors", `model '${name}': ${text}`);
  }
  const all = tensors(metadata.outputs);
  const outputs = wanted.length === 0 ? all : all.filter((output) => wanted.includes(output.name));
  const missing = wanted.filter((output) => !all.some((found) => found.name === output));
  if (missing.length > 0) {
    const names = all.map((output) => output.name);
    const hint = suggestion(missing[0] ?? "", names);
    const text = `Some requested outputs were not available on the server: ${missing.join(", ")}`;
    throw new Exception("MissingOutput", `model '${name}': ${text}${hint}`);
  }
  return { maxBatchSize, inputs: tensors(metadata.inputs), outputs };
}

/** @throws ModelErrors when a server that takes another's place has another model under the name */
export function sameInterface(known: ModelInterface, found: ModelInterface, name: string): void {
  const text = ({ maxBatchSize, inputs, outputs }: ModelInterface) => {
    const all = [...inputs, ...outputs].map(({ name, dname, dims }) => `${name} ${dname} ${showShape(dims)}`);
    return [`batch dimension: ${maxBatchSize > 0 ? "yes" : "no"}`, ...all.sort()].join(", ");
  };
  if (text(known) === text(found)) return;
  throw new Exception(
    "ModelErrors",
    `model '${name}' is not the same on the server that takes over: it has ${text(found)}; before: ${text(known)}`,
  );
}

function described({ name, datatype, shape }: TensorMetadata, maxBatchSize: number): ModelTensor {
  const dtype = dtypeOfConfigType(datatype);
  if (!dtype)
    throw new Exception("ModelErrors", `'${name}' is ${datatype}, an element type that no tensor has`);
  const dims = shape.map(toNumber).slice(maxBatchSize > 0 ? 1 : 0);
  return { name, dtype, dname: datatype, dims };
}
