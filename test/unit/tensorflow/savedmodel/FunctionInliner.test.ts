/** Function calls written out: the cases that TensorFlow's own SavedModels do not show, and calls that cannot be. */
import { describe, expect, it } from "vitest";
import type { FunctionDef, NodeDef } from "../../../../framework/tensorflow/GraphDef.js";
import { FunctionInliner } from "../../../../framework/tensorflow/savedmodel/FunctionInliner.js";
import { simplifyControls } from "../../../../framework/tensorflow/savedmodel/inlineNodes.js";
import type { MetaGraphDef } from "../../../../framework/tensorflow/savedmodel/metaGraph.js";

function node(name: string, op: string, ...inputs: string[]): NodeDef {
  return { name, op, inputs, attrs: {} };
}

function call(name: string, called: string, ...inputs: string[]): NodeDef {
  return { name, op: "PartitionedCall", inputs, attrs: { f: { func: { name: called, attrs: {} } } } };
}

function definition(
  name: string,
  inputs: string[],
  ret: Record<string, string>,
  ...nodes: NodeDef[]
): FunctionDef {
  const arg = (argument: string) => ({ name: argument, type: 1, typeAttr: "" });
  return { name, inputs: inputs.map(arg), outputs: Object.keys(ret).map(arg), nodes, ret };
}

function inline(nodes: NodeDef[], functions: FunctionDef[], ...roots: string[]): string[] {
  const graph = { origin: "test", nodes, functions, producer: 0 };
  const opOutputs = new Map([["Split", [{ name: "output", numberAttr: "num_split", typeListAttr: "" }]]]);
  opOutputs.set(
    "TopKV2",
    ["values", "indices"].map((name) => ({ name, numberAttr: "", typeListAttr: "" })),
  );
  const metaGraph: MetaGraphDef = {
    tags: [],
    graph,
    signatures: [],
    opOutputs,
    restoreNode: "",
    initNode: "",
    assets: [],
  };
  return new FunctionInliner(metaGraph)
    .inlineGraph(nodes, roots)
    .map(({ name, op, inputs }) => `${name} = ${op}(${inputs})`);
}

describe("calls are written out", () => {
  const swap = definition("swap", ["a", "b"], { first: "b", second: "a" });
  const add = definition("add", ["x", "y"], { sum: "s:z:0" }, node("s", "Add", "x", "y"));
  const top = definition(
    "top",
    ["x"],
    { i: "t:indices:0" },
    node("t", "TopKV2", "x"),
    node("unused", "Neg", "x"),
  );

  it("with outputs of several names, and only what is returned", () => {
    expect(inline([node("x", "X"), call("c", "top", "x")], [top], "c")).toEqual([
      "x = X()",
      "c/t = TopKV2(x)",
      "c = Identity(c/t:1)",
    ]);
  });

  it("that hand on what other calls return", () => {
    const nodes = [
      node("x", "X"),
      node("y", "Y"),
      call("p", "swap", "x", "y"),
      call("q", "swap", "p:1", "p"),
      call("r", "add", "q", "q:1"),
    ];
    expect(inline(nodes, [swap, add], "r:0")).toEqual([
      "x = X()",
      "y = Y()",
      "r/s = Add(y,x)",
      "r = Identity(r/s:0)",
    ]);
  });

  it("by the function's name as op, as old graphs do", () => {
    expect(inline([node("x", "X"), node("r", "add", "x", "x")], [add], "r")).toEqual([
      "x = X()",
      "r/s = Add(x,x)",
      "r = Identity(r/s:0)",
    ]);
  });

  it("without taking a name that is there already", () => {
    const nodes = [node("r/s", "X"), call("r", "add", "r/s", "r/s")];
    expect(inline(nodes, [add], "r")).toEqual(["r/s = X()", "r_1/s = Add(r/s,r/s)", "r = Identity(r_1/s:0)"]);
  });

  it("keeping orders: what needs nothing waits with its call, and who waits for a call waits for its results", () => {
    const one = definition("one", [], { value: "k:output:0" }, node("k", "Const"));
    const nodes = [node("w", "Assert"), call("c", "one", "^w"), node("r", "Neg", "w", "^c")];
    expect(inline(nodes, [one], "r")).toEqual(["w = Assert()", "c/k = Const(^w)", "r = Neg(w,^c/k)"]);
  });
});

describe("calls that cannot be written out", () => {
  const endless = definition("endless", ["x"], { y: "c:output:0" }, call("c", "endless", "x"));
  const two = definition("two", ["x", "y"], { z: "x" });
  const lost = definition("lost", ["x"], {});
  const same = definition("same", ["x"], { y: "x" });

  it.each([
    ["of itself", [call("r", "endless", "x")], "function 'endless' calls itself"],
    [
      "of what is not there",
      [call("r", "nothing", "x")],
      "function 'nothing' is called, but it is not in the library",
    ],
    ["with too few arguments", [call("r", "two", "x")], "node 'r' gives function 'two' 1 arguments of 2"],
    [
      "for more than is returned",
      [call("c", "same", "x"), node("r", "Neg", "c:3")],
      "'c:3' is read, but the function returns 1 tensors",
    ],
    [
      "that wait for each other",
      [call("r", "same", "s"), call("s", "same", "r")],
      "is the result of calls that wait for each other",
    ],
    ["without an output", [call("r", "lost", "x")], "function 'lost' does not say what its output 'y' is"],
  ])("%s", (_, nodes, message) => {
    const withOutput = { ...lost, outputs: [{ name: "y", type: 1, typeAttr: "" }] };
    expect(() => inline([node("x", "X"), ...nodes], [endless, two, withOutput, same], "r")).toThrow(message);
  });
});

describe("orders", () => {
  it("after constants are left out, through any number of NoOps; those that mean something stay", () => {
    const nodes = [
      node("k", "Const"),
      node("n", "NoOp", "^k", "^m"),
      node("m", "NoOp", "^n"),
      node("s", "Switch", "k", "k"),
      node("t", "Const", "^s"),
      node("a", "Neg", "k", "^n"),
      node("b", "Neg", "k", "^t", "^n"),
    ];
    const simple = simplifyControls(nodes);
    expect(simple.slice(5).map(({ inputs }) => inputs)).toEqual([["k"], ["k", "^t"]]);
    expect(simple[4]?.inputs).toEqual(["^s"]);
  });
});
