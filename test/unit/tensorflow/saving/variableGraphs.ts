/** Small functions with variables, of every type, for the tests of what is exported. */
import type { ConcreteFunction } from "../../../../framework/tensorflow/ConcreteFunction.js";
import { type DType, dtypeNumber } from "../../../../framework/tensorflow/dtypes.js";
import type { NodeDef, SignatureTensor } from "../../../../framework/tensorflow/GraphDef.js";
import { Tensor } from "../../../../framework/tensorflow/Tensor.js";

/** Two values of each type, different ones, at the limits where a type has them. */
export const valuesOfEveryType: { readonly [D in DType]: Tensor } = {
  float32: new Tensor("float32", [2], [0.1, -2.5]),
  float64: new Tensor("float64", [2], [0.1, Math.PI]),
  int8: new Tensor("int8", [2], [-128, 127]),
  int16: new Tensor("int16", [2], [-32768, 7]),
  int32: new Tensor("int32", [2], [-2147483648, 5]),
  int64: new Tensor("int64", [2], [-9223372036854775808n, 9007199254740993n]),
  uint8: new Tensor("uint8", [2], [0, 255]),
  uint16: new Tensor("uint16", [2], [0, 65535]),
  uint32: new Tensor("uint32", [2], [1, 4294967295]),
  uint64: new Tensor("uint64", [2], [3n, 18446744073709551615n]),
  bool: new Tensor("bool", [2], [true, false]),
  half: new Tensor("half", [2], [0x3c00, 0xc200]),
  bfloat16: new Tensor("bfloat16", [2], [0x3f80, 0xc040]),
  string: new Tensor("string", [2], [new Uint8Array(Buffer.from("e")), new Uint8Array(Buffer.from("µ"))]),
};

/** One output a type: the value of a variable. And an input a type of x, which is given back. */
export function everyType(inputs: readonly DType[] = []): ConcreteFunction {
  const nodes: NodeDef[] = [];
  const outputs: Record<string, SignatureTensor> = {};
  const taken: Record<string, SignatureTensor> = {};
  const variables = new Map<string, Tensor>();
  for (const [name, value] of Object.entries(valuesOfEveryType)) {
    const [handle, read] = variable(`of_${name}`, value);
    nodes.push(handle, read);
    variables.set(`of_${name}`, value);
    outputs[name] = { name: `${read.name}:0`, dtype: value.dtype, shape: value.shape };
  }
  for (const dtype of inputs) {
    const type = { type: dtypeNumber(dtype) };
    nodes.push({
      name: dtype,
      op: "Placeholder",
      inputs: [],
      attrs: { dtype: type, shape: { shape: [-1] } },
    });
    nodes.push({ name: `${dtype}_given`, op: "Identity", inputs: [dtype], attrs: { T: type } });
    taken[dtype] = { name: `${dtype}:0`, dtype, shape: [-1] };
    outputs[`${dtype}_given`] = { name: `${dtype}_given:0`, dtype, shape: [-1] };
  }
  const signature = { key: "serving_default", inputs: taken, outputs };
  return { graph: { origin: "every type", nodes, functions: [], producer: 1395, signature }, variables };
}

/** y = x · w; `isReference`: the variable is one of TensorFlow 1. */
export function scaling(value: number, isReference = false, name = "w"): ConcreteFunction {
  const w = new Tensor("float32", [], [value]);
  const [handle, read] = isReference ? reference(name, w) : variable(name, w);
  const T = { type: 1 };
  const nodes: NodeDef[] = [
    { name: "x", op: "Placeholder", inputs: [], attrs: { dtype: T, shape: { shape: [-1] } } },
    handle,
    read,
    { name: "y", op: "Mul", inputs: ["x", read.name], attrs: { T } },
  ];
  const tensor = (node: string) => ({
    [node]: { name: `${node}:0`, dtype: "float32" as const, shape: [-1] },
  });
  const signature = { key: "serving_default", inputs: tensor("x"), outputs: tensor("y") };
  return {
    graph: { origin: "scaling", nodes, functions: [], producer: 1395, signature },
    variables: new Map([[name, w]]),
  };
}

function variable(name: string, { dtype, shape }: Tensor): [NodeDef, NodeDef] {
  const type = { type: dtypeNumber(dtype) };
  const attrs = { dtype: type, shape: { shape }, container: { s: "" }, shared_name: { s: name } };
  return [
    { name, op: "VarHandleOp", inputs: [], attrs },
    { name: `${name}/read`, op: "ReadVariableOp", inputs: [name], attrs: { dtype: type } },
  ];
}

function reference(name: string, { dtype, shape }: Tensor): [NodeDef, NodeDef] {
  const type = { type: dtypeNumber(dtype) };
  const attrs = { dtype: type, shape: { shape }, container: { s: "" }, shared_name: { s: "" } };
  return [
    { name, op: "VariableV2", inputs: [], attrs },
    { name: `${name}/read`, op: "Identity", inputs: [name], attrs: { T: type } },
  ];
}
