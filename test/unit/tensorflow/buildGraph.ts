/** Small graphs for tests, encoded by protobufjs into the bytes that TensorFlow would write. */
import { type DType, dtypeNumber } from "../../../framework/tensorflow/dtypes.js";
import { type GraphDef, parseGraphDef } from "../../../framework/tensorflow/GraphDef.js";
import { graphDefType } from "../../../framework/tensorflow/proto/graphDefSchema.js";

export interface TestNode {
  readonly name: string;
  readonly op: string;
  readonly input?: readonly string[];
  readonly attr?: Readonly<Record<string, object>>;
}

export function shapeProto(shape: readonly number[]): object {
  return { dim: shape.map((size) => ({ size })) };
}

export function placeholder(name: string, dtype: DType, shape: readonly number[] | null): TestNode {
  const proto = shape === null ? { unknown_rank: true } : shapeProto(shape);
  return { name, op: "Placeholder", attr: { dtype: { type: dtypeNumber(dtype) }, shape: { shape: proto } } };
}

/** A constant in TensorProto's list form: the last value repeats. */
export function constant(name: string, dtype: DType, shape: readonly number[], values: object): TestNode {
  const tensor = { dtype: dtypeNumber(dtype), tensor_shape: shapeProto(shape), ...values };
  return { name, op: "Const", attr: { dtype: { type: dtypeNumber(dtype) }, value: { tensor } } };
}

export function floats(name: string, shape: readonly number[], values: readonly number[]): TestNode {
  return constant(name, "float32", shape, { float_val: values });
}

export function node(
  name: string,
  op: string,
  input: readonly string[],
  attr: TestNode["attr"] = {},
): TestNode {
  return { name, op, input, attr };
}

export function encode(nodes: readonly TestNode[], producer = 561): Uint8Array {
  return graphDefType()
    .encode(graphDefType().fromObject({ node: nodes, versions: { producer } }))
    .finish();
}

export function graphOf(...nodes: readonly TestNode[]): GraphDef {
  return parseGraphDef(encode(nodes), "test graph");
}

/** CMSSW's constantgraph.pb: output = (input · ones[10,1] + 1) · scale, which is 46 for 0…9 and scale 1. */
export const constantGraphNodes: readonly TestNode[] = [
  placeholder("input", "float32", [-1, 10]),
  placeholder("scale", "float32", []),
  floats("ones", [10, 1], [1]),
  floats("b", [1], [1]),
  node("matmul", "MatMul", ["input", "ones"], { T: { type: 1 } }),
  node("sum", "AddV2", ["matmul", "b"], { T: { type: 1 } }),
  node("output", "Mul", ["sum", "scale"], { T: { type: 1 } }),
];
