/** What a loaded model takes and gives, from its graph and its configuration, which must agree. */
import { Exception } from "../../base/errors.js";
import { suggestion } from "../../base/didYouMean.js";
import { signatureOf } from "../../tensorflow/ConcreteFunction.js";
import { newData } from "../../tensorflow/dtypes.js";
import type { GraphDef, SignatureTensor } from "../../tensorflow/GraphDef.js";
import type { PreparedCall } from "../../tensorflow/PreparedCall.js";
import { elementCount, showShape, type TensorLike } from "../../tensorflow/Tensor.js";
import { configTypeOf, dtypeOfConfigType } from "../kserve/datatypes.js";
import type { ServedTensor } from "../ServedModel.js";
import type { ConfigTensor, ModelConfig } from "./ModelConfig.js";

export interface ModelSignature {
  readonly inputs: readonly ServedTensor[];
  readonly outputs: readonly ServedTensor[];
  readonly maxBatchSize: number;
}

/** As the graph says; a frozen graph does not say what its outputs are. */
export function graphTensors(graph: GraphDef) {
  const { inputs, outputs } = graph.signature ?? signatureOf(graph);
  const named = (tensors: Readonly<Record<string, SignatureTensor>>) =>
    Object.entries(tensors).map(([name, tensor]) => ({ name, tensor }));
  for (const { name, tensor } of [...named(inputs), ...named(outputs)])
    if (tensor.name === "")
      throw invalid(`'${name}' is a sparse or composite tensor, which the protocol does not have`);
  return { inputs: named(inputs), outputs: named(outputs) };
}

type GraphTensors = ReturnType<typeof graphTensors>;

/**
 * @param defaultBatchSize for a model without configuration whose tensors all have rows
 * @param call in the order of `tensors`: run once or twice where the graph does not say what its outputs are
 * @throws Configuration where the two do not agree, or something is known from neither
 */
export function settleSignature(
  tensors: GraphTensors,
  config: ModelConfig,
  defaultBatchSize: number,
  call: PreparedCall,
): ModelSignature {
  checkNames("input", config.input, tensors.inputs);
  checkNames("output", config.output, tensors.outputs);
  const hasBatch = (config.max_batch_size ?? 1) > 0;
  const inputs = tensors.inputs.map(({ name, tensor }) => {
    const configured = config.input?.find((one) => one.name === name);
    const dtype = tensor.dtype;
    if (dtype === undefined) throw invalid(`input '${name}' has a type that no tensor here can have`);
    const isWithRows = hasBatch && config.max_batch_size !== undefined;
    return settle(name, { name, dtype, shape: tensor.shape }, configured, isWithRows);
  });
  const known = tensors.outputs.every(({ tensor }) => tensor.dtype !== undefined && tensor.shape !== null);
  const probed = known ? undefined : probe(inputs, call);
  const outputs = tensors.outputs.map(({ name, tensor }, i) => {
    const configured = config.output?.find((one) => one.name === name);
    const { dtype, shape } = probed?.[i] ?? (tensor as Pick<ServedTensor, "dtype" | "shape">);
    return settle(name, { name, dtype, shape }, configured, hasBatch && config.max_batch_size !== undefined);
  });
  const isBatchable = [...inputs, ...outputs].every(({ shape }) => shape[0] === -1) && inputs.length > 0;
  if (config.max_batch_size !== undefined && hasBatch && !isBatchable)
    throw invalid(
      `max_batch_size is ${config.max_batch_size}, but not every input and output has a first dimension that is open; ` +
        "set it to 0 and give the full shapes in dims",
    );
  return { inputs, outputs, maxBatchSize: config.max_batch_size ?? (isBatchable ? defaultBatchSize : 0) };
}

/** A tensor of zeros: `rows` in the first dimension when that is open, 1 in others. */
function zeros({ dtype, shape }: ServedTensor, rows: number): TensorLike {
  const full = shape.map((size, axis) => (size >= 0 ? size : axis === 0 ? rows : 1));
  return { dtype, shape: full, data: newData(dtype, elementCount(full)) };
}

function checkNames(
  what: string,
  configured: readonly ConfigTensor[] | undefined,
  tensors: GraphTensors["inputs"],
): void {
  const names = tensors.map(({ name }) => name);
  for (const { name = "" } of configured ?? [])
    if (!names.includes(name))
      throw invalid(`${what} '${name}' is not in the model${suggestion(name, names)}`);
}

function settle(
  name: string,
  {
    dtype,
    shape,
  }: {
    readonly name: string;
    readonly dtype: ServedTensor["dtype"];
    readonly shape: readonly number[] | null;
  },
  configured: ConfigTensor | undefined,
  isWithRows: boolean,
): ServedTensor {
  const type = configured?.data_type ?? "TYPE_INVALID";
  if (type !== "TYPE_INVALID" && dtypeOfConfigType(type) !== dtype)
    throw invalid(`data_type of '${name}' is ${type}, but the model has ${configTypeOf(dtype)}`);
  const dims = configured?.dims;
  const wanted = dims && (isWithRows ? [-1, ...dims] : dims);
  if (shape === null) {
    if (wanted) return { name, dtype, shape: wanted };
    throw invalid(`'${name}' has no known rank: give its dims in config.pbtxt`);
  }
  if (!wanted) return { name, dtype, shape: [...shape] };
  const fits =
    wanted.length === shape.length &&
    wanted.every((size, axis) => size === shape[axis] || shape[axis] === -1 || size === -1);
  if (!fits)
    throw invalid(`dims of '${name}' mean ${showShape(wanted)}, but the model has ${showShape(shape)}`);
  return { name, dtype, shape: wanted.map((size, axis) => (size >= 0 ? size : (shape[axis] as number))) };
}

/** A dimension that changes with the rows is open. */
function probe(inputs: readonly ServedTensor[], call: PreparedCall): Pick<ServedTensor, "dtype" | "shape">[] {
  try {
    const ofRows = (rows: number) => call.run(inputs.map((input) => zeros(input, rows)));
    const [one, two]: [TensorLike[], TensorLike[]] = [ofRows(1), ofRows(2)];
    return one.map(({ dtype, shape }, i) => {
      const other = two[i]?.shape ?? [];
      return { dtype, shape: shape.map((size, axis) => (size === other[axis] ? size : -1)) };
    });
  } catch (error) {
    throw invalid(
      `the graph does not say what its outputs are, and cannot be asked with zeros (${(error as Error).message})`,
    );
  }
}

function invalid(what: string): Exception {
  return new Exception("Configuration", `${what}.`);
}
