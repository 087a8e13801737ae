/** A model repository for tests: a dense network, one that gives back what it is given in every type, and two inputs. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type DType, dtypeNumber } from "../../../../framework/tensorflow/dtypes.js";
import { encode, floats, node, placeholder, type TestNode } from "../../tensorflow/buildGraph.js";

/** Model → its type. */
export const echoTypes: Readonly<Record<string, DType>> = {
  echo_bool: "bool",
  echo_int8: "int8",
  echo_int16: "int16",
  echo_int32: "int32",
  echo_int64: "int64",
  echo_uint8: "uint8",
  echo_uint16: "uint16",
  echo_uint32: "uint32",
  echo_uint64: "uint64",
  echo_fp16: "half",
  echo_bf16: "bfloat16",
  echo_fp32: "float32",
  echo_fp64: "float64",
  echo_bytes: "string",
};

const float = { T: { type: dtypeNumber("float32") } };

/** inputs [-1, 20] → probs [-1, 2]. */
export const denseNodes: readonly TestNode[] = [
  placeholder("inputs", "float32", [-1, 20]),
  floats("w1", [20, 64], weights(20 * 64, 1)),
  floats("w2", [64, 2], weights(64 * 2, 2)),
  node("m1", "MatMul", ["inputs", "w1"], float),
  node("hidden", "Relu", ["m1"], float),
  node("logits", "MatMul", ["hidden", "w2"], float),
  node("probs", "Softmax", ["logits"], float),
];

/** a [-1, 2] + b [-1, 2] → sum. */
const sumNodes: readonly TestNode[] = [
  placeholder("a", "float32", [-1, 2]),
  placeholder("b", "float32", [-1, 2]),
  node("sum", "AddV2", ["a", "b"], float),
];

export function writeModel(folder: string, name: string, nodes: readonly TestNode[], version = 1): void {
  const directory = join(folder, name, String(version));
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "model.pb"), encode(nodes));
}

export function echoNodes(dtype: DType, shape: readonly number[] = [-1, -1]): TestNode[] {
  return [placeholder("x", dtype, shape), node("y", "Identity", ["x"], { T: { type: dtypeNumber(dtype) } })];
}

export function writeModels(folder: string): void {
  writeModel(folder, "mlp", denseNodes);
  writeModel(folder, "sum", sumNodes);
  for (const [name, dtype] of Object.entries(echoTypes)) writeModel(folder, name, echoNodes(dtype));
  writeModel(folder, "labelled", echoNodes("float32", [-1, 3]));
  writeFileSync(join(folder, "labelled", "labels.txt"), "cat\ndog\nbird\n");
  const config = `
    name: "labelled" max_batch_size: 4
    input { name: "x" data_type: TYPE_FP32 dims: 3 }
    output { name: "y" data_type: TYPE_FP32 dims: [ 3 ] label_filename: "labels.txt" }
    dynamic_batching { preferred_batch_size: [ 3 ] max_queue_delay_microseconds: 100 }
    model_repository_agents { agents { name: "checksum" parameters { key: "MD5:1/model.pb" value: "0" } } }`;
  writeFileSync(join(folder, "labelled", "config.pbtxt"), config);
}

function weights(count: number, seed: number): number[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return state / 0x7fffffff - 0.5;
  });
}
