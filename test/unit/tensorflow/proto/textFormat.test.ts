/** Graphs as text: equal to the same graphs in binary, and every way in which protobuf lets people write a value. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Exception } from "../../../../framework/base/errors.js";
import {
  type GraphDef,
  isTextFile,
  loadGraphDef,
  parseTextGraphDef,
} from "../../../../framework/tensorflow/GraphDef.js";
import { createSession } from "../../../../framework/tensorflow/Session.js";
import { Tensor } from "../../../../framework/tensorflow/Tensor.js";

const folder = join(import.meta.dirname, "..", "savedModels");
const shared = process.env.CMSRUN_SHARED;
const sharedText = shared === undefined ? "" : join(shared, "models", "mlp_small", "frozen.pb.txt");

function parse(text: string): GraphDef {
  return parseTextGraphDef(Buffer.from(text), "test");
}

/** The attributes of one node. */
function attrs(text: string) {
  return parse(`node { name: "x" op: "X" ${text} }`).nodes[0]?.attrs;
}

function messageOf(text: string): string {
  try {
    parse(text);
  } catch (error) {
    expect((error as Exception).category).toBe("InvalidGraphDef");
    return (error as Exception).message;
  }
  throw new Error("nothing was thrown");
}

describe("a text graph", () => {
  const files: [string, string][] = [[join(folder, "graph.pb.txt"), join(folder, "graph.pb")]];
  if (existsSync(sharedText)) files.push([sharedText, sharedText.replace(".txt", "")]);

  it.each(files)("%s is what TensorFlow writes in binary", (text, binary) => {
    expect({ ...loadGraphDef(text), origin: "" }).toEqual({ ...loadGraphDef(binary), origin: "" });
  });

  it("is known by its name", () => {
    expect(["a.pb.txt", "b/a.pbtxt", "a.pb.txt.old"].map(isTextFile)).toEqual([true, true, true]);
    expect(["a.pb", "a.txt", "a.pb.txt/graph", "graph"].map(isTextFile)).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });

  it("may be written in every way that protobuf allows", () => {
    const text = `# a comment
      node < name: 'x', op: "Place" 'holder' ; attr { key: "dtype", value: { type: 1 } } >
      node: { name: "y" op: "Add" input: ["x", "x:0"] attr { value { type: DT_FLOAT } key: "T" }; unknown { a: [1, {}] } }
      versions { producer: 0x231 [some.extension] { b: -1 } }`;
    const graph = parse(text);
    expect(graph.producer).toBe(0x231);
    expect(graph.nodes).toEqual([
      { name: "x", op: "Placeholder", inputs: [], attrs: { dtype: { type: 1 } } },
      { name: "y", op: "Add", inputs: ["x", "x:0"], attrs: { T: { type: 1 } } },
    ]);
    const [y] = createSession(graph).run({ x: new Tensor("float32", [2], [1, 2]) }, ["y"]);
    expect([...(y?.data ?? [])]).toEqual([2, 4]);
  });

  it("has every scalar", () => {
    const value = (v: string) => attrs(`attr { key: "a" value { ${v} } }`)?.a;
    expect(value("i: -9223372036854775808")).toEqual({ i: -(2 ** 63) });
    expect(value("i: 017")).toEqual({ i: 15 });
    expect(value("f: -inf")).toEqual({ f: Number.NEGATIVE_INFINITY });
    expect(value("f: - 1.5e3f")).toEqual({ f: -1500 });
    expect(value("f: 0.001")).toEqual({ f: Math.fround(0.001) });
    expect(value("f: nan")).toEqual({ f: Number.NaN });
    expect(value("b: t")).toEqual({ b: true });
    expect(value("s: '\\x41\\102\\n\\u00e9'")).toEqual({ s: "AB\né" });
    expect(value("type: DT_STRING_REF")).toEqual({ type: 107 });
    expect(value("shape { unknown_rank: true }")).toEqual({ shape: null });
    expect(value("list { i: [1, 2] i: 3 type: DT_INT32 }")?.list).toMatchObject({ i: [1, 2, 3], type: [3] });
  });

  it("has bytes that are no text", () => {
    const tensor = 'dtype: DT_FLOAT tensor_shape { dim { size: 1 } } tensor_content: "\\000\\000\\300?"';
    const data = attrs(`attr { key: "value" value { tensor { ${tensor} } } }`)?.value?.tensor?.data;
    expect(data).toEqual(Float32Array.of(1.5));
  });

  it("of megabytes of escapes is no matter of stack", () => {
    const content = "\\001".repeat(2 ** 20);
    const tensor = `dtype: DT_INT8 tensor_shape { dim { size: ${2 ** 20} } } tensor_content: "${content}"`;
    expect(attrs(`attr { key: "value" value { tensor { ${tensor} } } }`)?.value?.tensor?.data.length).toBe(
      2 ** 20,
    );
  });
});

describe("a text graph that is wrong names the line", () => {
  it.each([
    ['node {\n  name: "x"\n', "line 3: the file ends where '}' is expected"],
    ['node {\n  name: "x\n" }', "line 2: a string is not closed"],
    ["node {\n name 'x' }", "line 2: ':' is expected after 'name'"],
    ["node\n:\n7", "line 3: '{' is expected after 'node', not '7'"],
    ["versions { producer: 1.5 }", "line 1: 'producer' is a int32, not 1.5"],
    ["versions { producer: 99999999999 }", "'producer' is a int32, not 99999999999"],
    ["node { name: '\\q' }", "a string has the escape \\q, which protobuf's text format does not know"],
    [
      "node { attr { key: 'T' value { type: DT_FLOT } } }",
      "'type' cannot be DT_FLOT; did you mean 'DT_FLOAT'?",
    ],
    ["}", "line 1: a field's name is expected, not '}'"],
    ["node { unknown { ".repeat(60), "messages are nested more than 100 deep"],
    ["@", "line 1: unexpected '@'"],
  ])("%j", (text, message) => {
    expect(messageOf(text)).toContain(message);
  });

  it("wherever it is cut off or changed", () => {
    const text = readFileSync(join(folder, "graph.pb.txt"), "latin1");
    for (let at = 0; at < text.length; at += 3) {
      for (const damaged of [
        text.slice(0, at),
        `${text.slice(0, at)}}${text.slice(at + 1)}`,
        `${text.slice(0, at)}"${text.slice(at)}`,
      ]) {
        try {
          parse(damaged);
        } catch (error) {
          expect(error).toBeInstanceOf(Exception);
        }
      }
    }
  });
});
