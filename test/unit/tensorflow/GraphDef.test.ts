/** The reader of frozen graphs: every encoding of a constant, and files that are not what they should be. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { Exception } from "../../../framework/base/errors.js";
import { loadGraphDef, parseGraphDef } from "../../../framework/tensorflow/GraphDef.js";
import { createSession } from "../../../framework/tensorflow/Session.js";
import { Tensor } from "../../../framework/tensorflow/Tensor.js";
import { constant, constantGraphNodes, encode, graphOf, node, type TestNode } from "./buildGraph.js";

const folder = mkdtempSync(join(tmpdir(), "graphdef-"));
afterAll(() => rmSync(folder, { recursive: true }));

function constantOf(test: TestNode) {
  const tensor = graphOf(test).nodes[0]?.attrs.value?.tensor;
  return [tensor?.dtype, tensor?.shape, tensor?.data];
}

function messageOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    expect((error as Exception).category).toBe("InvalidGraphDef");
    expect((error as Exception).returnCode).toBe(8001);
    return (error as Exception).message;
  }
  throw new Error("nothing was thrown");
}

describe("constants", () => {
  it.each([
    [
      "bytes",
      constant("c", "float32", [2], { tensor_content: Buffer.from(Float32Array.of(1.5, -2).buffer) }),
      ["float32", [2], Float32Array.of(1.5, -2)],
    ],
    [
      "a list",
      constant("c", "float64", [2], { double_val: [1, 2] }),
      ["float64", [2], Float64Array.of(1, 2)],
    ],
    [
      "a repeated last value",
      constant("c", "int32", [2, 2], { int_val: [1, 9] }),
      ["int32", [2, 2], Int32Array.of(1, 9, 9, 9)],
    ],
    ["no value at all", constant("c", "float32", [3], {}), ["float32", [3], new Float32Array(3)]],
    ["no element", constant("c", "float32", [0, 3], {}), ["float32", [0, 3], new Float32Array(0)]],
    [
      "int64",
      constant("c", "int64", [2], { int64_val: ["-5", "9007199254740993"] }),
      ["int64", [2], BigInt64Array.of(-5n, 9007199254740993n)],
    ],
    [
      "uint64",
      constant("c", "uint64", [], { uint64_val: ["18446744073709551615"] }),
      ["uint64", [], BigUint64Array.of(2n ** 64n - 1n)],
    ],
    ["bool", constant("c", "bool", [3], { bool_val: [true, false] }), ["bool", [3], Uint8Array.of(1, 0, 0)]],
    [
      "half",
      constant("c", "half", [2], { half_val: [0x3c00] }),
      ["half", [2], Uint16Array.of(0x3c00, 0x3c00)],
    ],
    ["int8", constant("c", "int8", [1], { int_val: [-3] }), ["int8", [1], Int8Array.of(-3)]],
    [
      "strings",
      constant("c", "string", [2], { string_val: [Buffer.from([0xff]), Buffer.from("b")] }),
      ["string", [2], [Uint8Array.of(0xff), Uint8Array.of(98)]],
    ],
  ])("are read from %s", (_, test, expected) => {
    expect(constantOf(test)).toEqual(expected);
  });

  it.each([
    [
      "too many values",
      constant("c", "float32", [1], { float_val: [1, 2] }),
      "node 'c' (Const): 2 values do not fit shape [1]",
    ],
    [
      "too few bytes",
      constant("c", "float32", [2], { tensor_content: Buffer.alloc(7) }),
      "node 'c' (Const): float32 of shape [2] takes 8 bytes, the file has 7",
    ],
    [
      "a shape beyond all memory",
      constant("c", "float32", [2 ** 40, 2 ** 20], { float_val: [1] }),
      "more than the 268435456 that a tensor may have",
    ],
    [
      "a large shape of which the file has one value",
      constant("c", "float32", [2 ** 27], { float_val: [1] }),
      "means 134217728 elements, but the file holds 1",
    ],
    [
      "a negative dimension",
      constant("c", "float32", [-1], { float_val: [1] }),
      "its shape is not fully known",
    ],
    [
      "a dtype without data",
      { name: "c", op: "Const", attr: { value: { tensor: { dtype: 20 } } } },
      "element type number 20 is not supported",
    ],
  ])("refuse %s", (_, test, text) => {
    expect(messageOf(() => graphOf(test))).toContain(text);
  });
});

describe("loadGraphDef", () => {
  it("reads a file", () => {
    const path = join(folder, "constantgraph.pb");
    writeFileSync(path, encode(constantGraphNodes));
    expect(loadGraphDef(path).nodes.map((n) => n.name)).toEqual(constantGraphNodes.map((n) => n.name));
  });

  it.each([
    ["missing.pb", undefined, "no such file."],
    ["", undefined, "it is a directory; a SavedModel is loaded by loadSavedModel."],
    ["empty.pb", "", "graphDef has no nodes; is it a frozen graph (.pb)?"],
    ["graph.pb", 'node {\n  name: "x"\n}\n', "it is text: give it a name with .pb.txt in it."],
    ["graph.pbtxt", 'node {\n  name: "x" op: 7\n}\n', "line 2: a string is expected, not '7'."],
    ["empty.pb.txt", "# nothing\n", "graphDef has no nodes"],
    ["m.onnx", "\x08\x07", "ONNX models are not read; convert it to a SavedModel, as onnx2tf does."],
    ["m.keras", "PK", "it is a file of Keras', which is not read; save the model as a SavedModel"],
    ["noise.pb", "this is no graph", "is it a complete, binary frozen graph (.pb)?"],
  ])("says what is wrong with '%s'", (name, content, text) => {
    const path = join(folder, name);
    if (content !== undefined) writeFileSync(path, content);
    const message = messageOf(() => loadGraphDef(path));
    expect(message).toContain(`error while loading graphDef from '${path}': `);
    expect(message).toContain(text);
  });
});

describe("a damaged graph gives one clear error or runs", () => {
  const nodes = [
    ...constantGraphNodes,
    constant("dims", "int32", [2], { int_val: [-1, 1] }),
    node("shaped", "Reshape", ["output", "dims"], { T: { type: 1 }, Tshape: { type: 3 } }),
  ];
  const bytes = encode(nodes);
  const feeds = { input: new Tensor("float32", [2, 10]), scale: new Tensor("float32", [], [1]) };

  function outcome(damaged: Uint8Array): string {
    try {
      return `${createSession(parseGraphDef(damaged, "damaged.pb")).run(feeds, ["shaped"]).length} outputs`;
    } catch (error) {
      if (!(error instanceof Exception)) throw error;
      return error.category;
    }
  }
  const allowed = ["1 outputs", "InvalidGraphDef", "InvalidSession", "InvalidRun"];

  it("when it is cut off anywhere", () => {
    for (let length = 0; length < bytes.length; length++)
      expect(allowed).toContain(outcome(bytes.subarray(0, length)));
  });

  it("when any bit is flipped", () => {
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const damaged = bytes.slice();
      damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(allowed, `bit ${bit}`).toContain(outcome(damaged));
    }
  });
});
