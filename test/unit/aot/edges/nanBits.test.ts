/**
 * NaN in outputs has one bit pattern on both targets, whatever arithmetic made it and whatever payload was fed: output
 * bytes are the same on every CPU.
 */
import { describe, expect, it } from "vitest";
import { Tensor, type TensorLike } from "../../../../framework/tensorflow/Tensor.js";
import { dtypeNumber } from "../../../../framework/tensorflow/dtypes.js";
import { constant, floats, graphOf, node, placeholder, type TestNode } from "../../tensorflow/buildGraph.js";
import { compiledSession, testableTargets } from "../models/targets.js";

const targets = testableTargets("aot/edges/nanBits.test.ts");
const rows = 3;
const width = 19;

/** Signalling and quiet, of both signs, with and without payload. */
const patterns32 = [0x7fc00000, 0xffc00000, 0x7fc12345, 0xff800001, 0x7f800001, 0x7fffffff, 0xffffffff];
const patterns64 = [0x7ff8000000000000n, 0xfff8000000000000n, 0x7ff0000000000001n, 0xfff0000000000001n];

function nans32(): Tensor<"float32"> {
  const bits = new Uint32Array(rows * width).map((_, i) => patterns32[i % patterns32.length] as number);
  return new Tensor("float32", [rows, width], new Float32Array(bits.buffer));
}

function nans64(): Tensor<"float64"> {
  const bits = BigUint64Array.from(
    { length: rows * width },
    (_, i) => patterns64[i % patterns64.length] as bigint,
  );
  return new Tensor("float64", [rows, width], new Float64Array(bits.buffer));
}

/** The patterns of a tensor's NaN, in hex. */
function patternsOf({ dtype, data }: TensorLike): Set<string> {
  const { buffer, byteOffset, length } = data as Float32Array;
  const hex =
    dtype === "float32"
      ? Array.from(new Uint32Array(buffer, byteOffset, length), (bits) => bits.toString(16))
      : Array.from(new BigUint64Array(buffer, byteOffset, length), (bits) => bits.toString(16));
  return new Set(hex);
}

const f32 = { T: { type: dtypeNumber("float32") } };
const f64 = { T: { type: dtypeNumber("float64") } };
const weights = Array.from({ length: width * 5 }, (_, i) => Math.sin(i));

/** By name: what makes NaN of NaN. */
const graphs: Readonly<Record<string, readonly TestNode[]>> = {
  "is passed on": [node("y", "Identity", ["x"], f32)],
  "is transposed": [
    constant("order", "int32", [2], { int_val: [1, 0] }),
    node("y", "Transpose", ["x", "order"], { ...f32, Tperm: { type: dtypeNumber("int32") } }),
  ],
  "is computed with": [node("y", "Mul", ["x", "x"], f32)],
  "is negated": [node("y", "Neg", ["x"], f32)],
  "goes through tanh": [node("y", "Tanh", ["x"], f32)],
  "goes through a maximum": [floats("zero", [], [0]), node("y", "Maximum", ["x", "zero"], f32)],
  "is summed": [
    constant("axis", "int32", [], { int_val: [1] }),
    node("y", "Sum", ["x", "axis"], { ...f32, Tidx: { type: dtypeNumber("int32") } }),
  ],
  "goes through a product": [floats("w", [width, 5], weights), node("y", "MatMul", ["x", "w"], f32)],
  "goes through a product and its activation": [
    floats("w", [width, 5], weights),
    floats("b", [5], [1, 2, 3, 4, 5]),
    node("product", "MatMul", ["x", "w"], f32),
    node("sum", "BiasAdd", ["product", "b"], f32),
    node("y", "Relu", ["sum"], f32),
  ],
  "goes through a softmax": [node("y", "Softmax", ["x"], f32)],
  "goes through a long softmax": [
    floats(
      "w",
      [width, 200],
      Array.from({ length: width * 200 }, (_, i) => Math.cos(i)),
    ),
    node("product", "MatMul", ["x", "w"], f32),
    node("y", "LogSoftmax", ["product"], f32),
  ],
  "is made of infinities": [
    floats("infinity", [], [Number.POSITIVE_INFINITY]),
    node("nothing", "ZerosLike", ["x"], f32),
    node("y", "Mul", ["nothing", "infinity"], f32),
  ],
  "is cast": [
    node("y", "Cast", ["x"], {
      SrcT: { type: dtypeNumber("float32") },
      DstT: { type: dtypeNumber("float64") },
    }),
  ],
};

describe.each(targets)("compiled for %s, a NaN has one pattern when it", (target) => {
  it.each(Object.entries(graphs))("%s", (_, nodes) => {
    const session = compiledSession(graphOf(placeholder("x", "float32", [-1, width]), ...nodes), target);
    const [y] = session.run({ x: nans32() }, ["y"]);
    const expected = y?.dtype === "float64" ? "7ff8000000000000" : "7fc00000";
    expect(patternsOf(y as Tensor)).toEqual(new Set([expected]));
  });

  it("is computed with in float64", () => {
    const graph = graphOf(placeholder("x", "float64", [-1, width]), node("y", "Sub", ["x", "x"], f64));
    const [y] = compiledSession(graph, target).run({ x: nans64() }, ["y"]);
    expect(patternsOf(y as Tensor)).toEqual(new Set(["7ff8000000000000"]));
  });

  it("is among numbers, which keep their bits", () => {
    const graph = graphOf(placeholder("x", "float32", [-1]), node("y", "Identity", ["x"], f32));
    const bits = [0x80000000, 1, 0xff800000, 0x7f800000, 0xffc00001, 0x80000001, 0x3f800000];
    const x = new Tensor("float32", [bits.length], new Float32Array(Uint32Array.from(bits).buffer));
    const [y] = compiledSession(graph, target).run({ x }, ["y"]);
    const got = new Uint32Array((y as Tensor<"float32">).data.buffer.slice(0));
    expect([...got]).toEqual(bits.map((pattern) => (pattern === 0xffc00001 ? 0x7fc00000 : pattern)));
  });
});
