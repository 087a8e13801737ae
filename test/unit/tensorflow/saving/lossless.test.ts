/** Decoding and encoding lose nothing: every kind of attribute, every element type, functions, random graphs; text is equal. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { type DType, newData } from "../../../../framework/tensorflow/dtypes.js";
import {
  type AttrValue,
  type GraphDef,
  type NodeDef,
  parseGraphDef,
  parseTextGraphDef,
} from "../../../../framework/tensorflow/GraphDef.js";
import { encodeGraphDef } from "../../../../framework/tensorflow/proto/encodeGraph.js";
import { graphDefType, tensorType } from "../../../../framework/tensorflow/proto/graphDefSchema.js";
import { graphMessage } from "../../../../framework/tensorflow/proto/graphMessages.js";
import { printTextFormat } from "../../../../framework/tensorflow/proto/printTextFormat.js";
import { createSession } from "../../../../framework/tensorflow/Session.js";
import { Tensor } from "../../../../framework/tensorflow/Tensor.js";
import { describeWithPython, runPython } from "../../../python.js";
import { encode, placeholder } from "../buildGraph.js";

const noise = Uint8Array.from({ length: 256 }, (_, i) => i);
const emptyList = { s: [], i: [], f: [], b: [], type: [], shape: [], func: [] };

function textOf(graph: GraphDef): string {
  return printTextFormat(graphDefType(), graphMessage(graph));
}

/** Through both forms and back. */
function expectKept(graph: GraphDef): void {
  expect(parseGraphDef(encodeGraphDef(graph), graph.origin)).toEqual(graph);
  expect(parseTextGraphDef(Buffer.from(textOf(graph)), graph.origin)).toEqual(graph);
}

function graphOfAttrs(attrs: NodeDef["attrs"], more: Partial<GraphDef> = {}): GraphDef {
  return {
    origin: "test",
    nodes: [{ name: "n", op: "X", inputs: [], attrs }],
    functions: [],
    producer: 1645,
    ...more,
  };
}

const attrs: Readonly<Record<string, AttrValue>> = {
  "a string": { s: 'Straße "quoted"\n\t\\' },
  "an empty string": { s: "" },
  "bytes that are no text": { bytes: noise },
  "an integer": { i: -7 },
  "an integer beyond 2^53": { i: Number(2n ** 62n + 1n), long: 2n ** 62n + 1n },
  "the least integer": { i: -(2 ** 63) },
  "a negative integer beyond 2^53": { i: Number(-(2n ** 60n) - 1n), long: -(2n ** 60n) - 1n },
  "a float": { f: Math.fround(0.1) },
  "a denormal float": { f: 2 ** -149 },
  "minus zero": { f: -0 },
  infinity: { f: Number.NEGATIVE_INFINITY },
  "not a number": { f: Number.NaN },
  false: { b: false },
  "a type": { type: 1 },
  "a reference type": { type: 101 },
  "an unknown type": { type: 77 },
  "a shape": { shape: [-1, 3, 0] },
  "a scalar shape": { shape: [] },
  "an unknown shape": { shape: null },
  "a function": { func: { name: "f", attrs: { T: { type: 3 }, inner: { func: { name: "g", attrs: {} } } } } },
  "a placeholder": { placeholder: "T" },
  "no value": {},
  "an empty list": { list: emptyList },
  "a list of strings": { list: { ...emptyList, s: ["", "b", "ü"] } },
  "a list of bytes": { list: { ...emptyList, bytes: [noise, new Uint8Array(0)] } },
  "a list of integers": { list: { ...emptyList, i: [1, -1, 0] } },
  "a list of long integers": { list: { ...emptyList, i: [1, 2 ** 62], long: [1n, 2n ** 62n - 1n] } },
  "a list of floats": { list: { ...emptyList, f: [1, Math.fround(1e-20), Number.NaN, -0] } },
  "a list of booleans": { list: { ...emptyList, b: [true, false] } },
  "a list of types": { list: { ...emptyList, type: [1, 20] } },
  "a list of shapes": { list: { ...emptyList, shape: [[2], null, []] } },
  "a list of functions": { list: { ...emptyList, func: [{ name: "f", attrs: { b: { b: true } } }] } },
  "a list of tensors": {
    list: {
      ...emptyList,
      tensor: [{ tensor: new Tensor("int32", [2], [1, 2]) }, { tensor: new Tensor("bool", [], [1]) }],
    },
  },
};

/** What TensorFlow's protobuf reads from both forms. */
const compareForms = `
import json, sys
from google.protobuf import text_format
from tensorflow.core.framework import graph_pb2
binary, text = graph_pb2.GraphDef(), graph_pb2.GraphDef()
binary.ParseFromString(open(sys.argv[1] + "/graph.pb", "rb").read())
text_format.Parse(open(sys.argv[1] + "/graph.pbtxt").read(), text)
print(json.dumps({"isEqual": binary == text, "nodes": len(text.node)}))
`;

describe("an attribute", () => {
  it.each(Object.entries(attrs))("%s is kept", (_, value) => {
    expectKept(graphOfAttrs({ a: value }));
  });
});

describe("a constant", () => {
  const dtypes: DType[] = [
    "float32",
    "float64",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "half",
    "bfloat16",
  ];
  it.each(dtypes)("of %s keeps every bit", (dtype) => {
    const data = newData(dtype, 16) as Float32Array;
    // In the typed array's own bytes: every pattern, quiet NaNs with payloads among them.
    new Uint8Array(data.buffer).forEach((_, i, all) => {
      all[i] = (i * 151 + 17) & 255;
    });
    const graph = graphOfAttrs({ value: { tensor: new Tensor(dtype, [4, 4], data as never) } });
    for (const read of [
      parseGraphDef(encodeGraphDef(graph), "test"),
      parseTextGraphDef(Buffer.from(textOf(graph)), "test"),
    ]) {
      const kept = read.nodes[0]?.attrs.value?.tensor as Tensor;
      expect([kept.dtype, kept.shape]).toEqual([dtype, [4, 4]]);
      expect(new Uint8Array((kept.data as Float32Array).buffer)).toEqual(new Uint8Array(data.buffer));
    }
  });

  it("of strings, of booleans and without elements is kept", () => {
    expectKept(
      graphOfAttrs({ a: { tensor: new Tensor("string", [2], [noise, new Uint8Array(0)] as never) } }),
    );
    expectKept(graphOfAttrs({ a: { tensor: new Tensor("bool", [3], [true, false, true]) } }));
    expectKept(graphOfAttrs({ a: { tensor: new Tensor("float32", [0, 3]) } }));
  });

  it.each([
    ["complex64", { dtype: 8, scomplex_val: [1, Math.fround(0.1)] }],
    ["complex128", { dtype: 18, tensor_shape: { dim: [{ size: 1 }] }, dcomplex_val: [0.1, -2] }],
    ["qint8", { dtype: 11, int_val: [-3] }],
    ["float8_e5m2", { dtype: 24, float8_val: noise.slice(0, 3) }],
    ["quint8, as content", { dtype: 12, tensor_content: noise }],
  ])("of %s, which nothing here computes with, is kept", (_, message) => {
    const encodedTensor = new Uint8Array(tensorType().encode(message).finish());
    const graph = graphOfAttrs({ value: { encodedTensor } });
    expectKept(graph);
    expectKept(graphOfAttrs({ value: { list: { ...emptyList, tensor: [{ encodedTensor }] } } }));
  });

  it("of a complex type may be in a graph that does not need it", () => {
    const unneeded = {
      name: "c",
      op: "Const",
      attr: { dtype: { type: 8 }, value: { tensor: { dtype: 8 } } },
    };
    const graph = parseGraphDef(encode([placeholder("x", "float32", [1]), unneeded]), "test");
    expect(graph.nodes.map(({ name }) => name)).toEqual(["x", "c"]);
    const session = createSession(graph);
    const [x] = session.run({ x: new Tensor("float32", [1], [7]) }, ["x"]);
    expect(x?.data).toEqual(Float32Array.of(7));
    expect(() => session.run({}, ["c"])).toThrow("node 'c' (Const): ");
  });
});

describe("a graph", () => {
  it("keeps versions, devices, gradients and all that functions say", () => {
    const body: NodeDef = {
      name: "sum",
      op: "AddN",
      inputs: ["xs", "^check"],
      attrs: { T: { placeholder: "T" }, N: { placeholder: "N" } },
      device: "/device:CPU:0",
    };
    const definition = {
      name: "f",
      inputs: [
        { name: "xs", type: 0, typeAttr: "T", numberAttr: "N" },
        { name: "rest", type: 0, typeAttr: "", typeListAttr: "Tin" },
        { name: "v", type: 101, typeAttr: "", isRef: true },
      ],
      outputs: [{ name: "y", type: 1, typeAttr: "" }],
      nodes: [body, { name: "check", op: "NoOp", inputs: [], attrs: {} }],
      ret: { y: "sum:sum:0" },
      controlRet: { check: "check" },
      attrs: { _construction_context: { s: "kEagerRuntime" }, _bytes: { bytes: noise } },
      argAttrs: {
        0: { _user_specified_name: { s: "xs" } },
        11: { _output_shapes: { list: { ...emptyList, shape: [[1]] } } },
      },
      resourceArgIds: { 2: 1, 10: 3 },
      isStateful: true,
    };
    const nodes = [{ name: "n", op: "f", inputs: [], attrs: {}, device: "/job:localhost/device:GPU:0" }];
    const more = { minConsumer: 12, badConsumers: [13, 14], gradients: { f: "f_grad" } };
    expectKept({ origin: "test", nodes, functions: [definition], producer: 1645, ...more });
  });

  it("of random attributes is kept", () => {
    let state = 1;
    const random = (count: number) => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return (state >>> 8) % count;
    };
    const words = new DataView(new ArrayBuffer(8));
    const float = () => {
      words.setUint32(0, (random(65536) << 16) | random(65536));
      return words.getFloat32(0);
    };
    const long = () => (BigInt(random(2 ** 20)) << 44n) + BigInt(random(2 ** 20)) - 2n ** 63n;
    const int = (): AttrValue => {
      const value = long();
      return BigInt(Number(value)) === value ? { i: Number(value) } : { i: Number(value), long: value };
    };
    const bytes = () => Uint8Array.from({ length: random(9) + 1 }, () => 128 + random(64));
    const kinds: (() => AttrValue)[] = [
      () => ({ f: float() }),
      int,
      () => ({ bytes: bytes() }),
      () => ({ s: String.fromCodePoint(random(0xd800)) }),
      () => ({ list: { ...emptyList, f: Array.from({ length: random(5) }, float) } }),
      () => ({ tensor: new Tensor("float32", [3], [float(), float(), float()]) }),
      () => ({ shape: Array.from({ length: random(4) }, () => random(9) - 1) }),
    ];
    for (let round = 0; round < 50; round++) {
      const nodes = Array.from(
        { length: 1 + random(8) },
        (_, i): NodeDef => ({
          name: `n${i}/${String.fromCodePoint(97 + random(26))}`,
          op: "X",
          inputs: Array.from({ length: random(3) }, () => `n${random(9)}:${random(3)}`),
          attrs: Object.fromEntries(
            Array.from({ length: random(6) }, (_, a) => [`a${a}`, kinds[random(kinds.length)]?.() ?? {}]),
          ),
        }),
      );
      expectKept({ origin: "test", nodes, functions: [], producer: random(2000) });
    }
  });
});

describeWithPython("TensorFlow", () => {
  it("reads text and binary of every attribute and element type as equal graphs", () => {
    const folder = mkdtempSync(join(tmpdir(), "cmsrun-lossless-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const strange = new Set(["an unknown type", "not a number", "a list of floats"]);
    const kept = Object.entries(attrs).filter(([what]) => !strange.has(what));
    const graph = graphOfAttrs(Object.fromEntries(kept), { minConsumer: 3, gradients: { f: "g" } });
    const floats = Array.from({ length: 4000 }, (_, i) => Math.fround(Math.sin(i) * 10 ** ((i % 80) - 44)));
    const message = graphMessage({
      ...graph,
      nodes: [
        ...graph.nodes,
        {
          ...(graph.nodes[0] as NodeDef),
          name: "floats",
          attrs: { list: { list: { ...emptyList, f: floats } } },
        },
      ],
    });
    writeFileSync(join(folder, "graph.pb"), graphDefType().encode(message).finish());
    writeFileSync(join(folder, "graph.pbtxt"), printTextFormat(graphDefType(), message));
    expect(JSON.parse(runPython(compareForms, [folder]))).toEqual({
      isEqual: true,
      nodes: 2,
    });
  }, 120_000);
});

describe("text", () => {
  it("is written as TensorFlow writes it", () => {
    const nodes = [
      { name: "x", op: "Placeholder", inputs: [], attrs: { shape: { shape: [-1, 2] }, dtype: { type: 1 } } },
      {
        name: "y",
        op: "Elu",
        inputs: ["x", "^x"],
        attrs: { alpha: { f: Math.fround(0.1) }, s: { s: "ä'\n" }, i: { i: 0 } },
      },
    ];
    expect(textOf({ origin: "", nodes, functions: [], producer: 9 })).toBe(`node {
  name: "x"
  op: "Placeholder"
  attr {
    key: "dtype"
    value {
      type: DT_FLOAT
    }
  }
  attr {
    key: "shape"
    value {
      shape {
        dim {
          size: -1
        }
        dim {
          size: 2
        }
      }
    }
  }
}
node {
  name: "y"
  op: "Elu"
  input: "x"
  input: "^x"
  attr {
    key: "alpha"
    value {
      f: 0.1
    }
  }
  attr {
    key: "i"
    value {
      i: 0
    }
  }
  attr {
    key: "s"
    value {
      s: "\\303\\244\\'\\n"
    }
  }
}
library {
}
versions {
  producer: 9
}
`);
  });
});
