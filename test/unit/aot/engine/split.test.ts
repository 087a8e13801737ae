/** Graphs that are compiled in parts, or not at all, give what the reference engine gives. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import "../../../../framework/aot/engine/register.js";
import { takeUncompiled } from "../../../../framework/aot/engine/explanations.js";
import { compilerSettings, setCompilerSettings } from "../../../../framework/aot/engine/settings.js";
import { createSession } from "../../../../framework/tensorflow/Session.js";
import { Tensor } from "../../../../framework/tensorflow/Tensor.js";
import { constant, floats, graphOf, node, placeholder, type TestNode } from "../../tensorflow/buildGraph.js";

const before = compilerSettings();
beforeAll(() => setCompilerSettings({ cacheDirectory: null, target: "wasm" }));
afterAll(() => setCompilerSettings(before));

type Feeds = Readonly<Record<string, Tensor>>;
const vector = (...values: number[]) => new Tensor("float32", [values.length], values);
const x = placeholder("x", "float32", [-1]);
const runs = [{ x: vector(1, 2) }, { x: vector(-3, 0.5) }, { x: vector(1, 2, 3, 4, 5) }, { x: vector(9) }];

/** Compares run by run, each with the message of what fails, and gives the reasons for what was not compiled. */
function compare(nodes: readonly TestNode[], feeds: readonly Feeds[], fetches: readonly string[]): string[] {
  takeUncompiled();
  const [compiled, reference] = ["compiled", "reference"].map((engine) =>
    createSession(graphOf(...nodes), { engine: engine as "compiled" }),
  ) as [ReturnType<typeof createSession>, ReturnType<typeof createSession>];
  for (const one of feeds) {
    const [got, expected] = [compiled, reference].map((session) => outcome(session, one, fetches));
    expect(got).toEqual(expected);
  }
  return takeUncompiled();
}

function outcome(session: ReturnType<typeof createSession>, feeds: Feeds, fetches: readonly string[]) {
  try {
    return session.run(feeds, fetches).map(({ dtype, shape, data }) => [dtype, [...shape], [...data]]);
  } catch (error) {
    return `an error: ${(error as Error).message.slice(0, 20)}`;
  }
}

/** An op that the compiler does not have. */
const print = (name: string, input: string) => node(name, "Print", [input, input]);
const double = (name: string, input: string) => node(name, "AddV2", [input, input]);

describe("a graph with an op that is not compiled", () => {
  const reason = (name: string) =>
    `node '${name}' (Print) cannot be compiled: the compiler does not have the op Print`;

  it("at its start", () => {
    expect(compare([x, print("p", "x"), double("y", "p")], runs, ["y"])).toEqual([reason("p")]);
  });

  it("at its end", () => {
    expect(compare([x, double("a", "x"), print("y", "a")], runs, ["y"])).toEqual([reason("y")]);
  });

  it("in the middle, with results of each part fetched", () => {
    const nodes = [x, double("a", "x"), print("p", "a"), node("y", "Mul", ["p", "a"]), double("z", "a")];
    expect(compare(nodes, runs, ["y"])).toEqual([reason("p")]);
    expect(compare(nodes, runs, ["z", "y", "a", "p", "x"])).toEqual([reason("p")]);
  });

  it("several times", () => {
    const nodes = [
      x,
      double("a", "x"),
      print("p", "a"),
      double("b", "p"),
      print("q", "b"),
      double("c", "q"),
      print("r", "x"),
      node("y", "AddV2", ["c", "r"]),
    ];
    expect(compare(nodes, runs, ["y", "b"])).toHaveLength(3);
  });

  it("and a constant fetched beside it", () => {
    const nodes = [x, floats("c", [2], [3, 4]), double("d", "c"), print("p", "x"), double("y", "p")];
    compare(nodes, runs, ["y", "c"]);
    compare(nodes, runs, ["d", "y"]);
  });

  it("and nothing else", () => {
    compare([x, print("y", "x")], runs, ["y"]);
    compare([x, print("y", "x")], runs, ["y", "y", "x"]);
  });

  const loop = (body: readonly TestNode[], end: string): TestNode[] => [
    placeholder("x", "float32", []),
    floats("limit", [], [100]),
    double("start", "x"),
    node("enter", "Enter", ["start"], { frame_name: { s: Buffer.from("loop") } }),
    node("enterLimit", "Enter", ["limit"], {
      frame_name: { s: Buffer.from("loop") },
      is_constant: { b: true },
    }),
    node("merge", "Merge", ["enter", "next"], { N: { i: 2 } }),
    node("less", "Less", ["merge", "enterLimit"]),
    node("goesOn", "LoopCond", ["less"]),
    node("switch", "Switch", ["merge", "goesOn"]),
    ...body,
    node("next", "NextIteration", [end]),
    node("exit", "Exit", ["switch"]),
    node("y", "Neg", ["exit"]),
  ];
  const scalars = [1, 3, 99, 1000].map((value) => ({ x: new Tensor("float32", [], [value]) }));

  it("inside a loop", () => {
    const nodes = loop([print("p", "switch:1"), double("d", "p")], "d");
    expect(compare(nodes, scalars, ["y", "exit", "start"])).toEqual([reason("p")]);
  });

  it("inside a loop that carries a list out", () => {
    const float = { element_dtype: { type: 1 } };
    const frame = { frame_name: { s: Buffer.from("loop") } };
    const nodes = [
      placeholder("x", "float32", []),
      constant("none", "int32", [0], {}),
      constant("zero", "int32", [], { int_val: [0] }),
      constant("one", "int32", [], { int_val: [1] }),
      constant("three", "int32", [], { int_val: [3] }),
      node("list", "TensorListReserve", ["none", "three"], float),
      node("enterX", "Enter", ["x"], { ...frame, is_constant: { b: true } }),
      node("enterThree", "Enter", ["three"], { ...frame, is_constant: { b: true } }),
      node("enterOne", "Enter", ["one"], { ...frame, is_constant: { b: true } }),
      node("enterI", "Enter", ["zero"], frame),
      node("enterList", "Enter", ["list"], frame),
      node("i", "Merge", ["enterI", "nextI"], { N: { i: 2 } }),
      node("own", "Merge", ["enterList", "nextList"], { N: { i: 2 } }),
      node("less", "Less", ["i", "enterThree"]),
      node("goesOn", "LoopCond", ["less"]),
      node("switchI", "Switch", ["i", "goesOn"]),
      node("switchList", "Switch", ["own", "goesOn"]),
      node("float", "Cast", ["switchI:1"], { DstT: { type: 1 } }),
      node("sum", "AddV2", ["float", "enterX"]),
      print("p", "sum"),
      node("set", "TensorListSetItem", ["switchList:1", "switchI:1", "p"], float),
      node("more", "AddV2", ["switchI:1", "enterOne"]),
      node("nextI", "NextIteration", ["more"]),
      node("nextList", "NextIteration", ["set"]),
      node("exitList", "Exit", ["switchList"]),
      node("exitI", "Exit", ["switchI"]),
      node("stack", "TensorListStack", ["exitList", "none"], float),
      node("y", "Neg", ["stack"]),
    ];
    compare(nodes, scalars, ["y"]);
    compare(nodes, scalars, ["y", "exitI"]);
  });

  it("after a loop that lies in a branch, which may not be taken", () => {
    const inner = loop([double("d", "switch:1")], "d")
      .filter(({ name }) => name !== "start" && name !== "x")
      .map((n) => (n.name === "enter" ? { ...n, input: ["s:1"] } : n));
    const nodes = [
      placeholder("x", "float32", []),
      floats("ten", [], [10]),
      node("choice", "Less", ["x", "ten"]),
      node("s", "Switch", ["x", "choice"]),
      ...inner,
      print("p", "y"),
      node("z", "Merge", ["s:0", "p"], { N: { i: 2 } }),
    ];
    compare(nodes, scalars, ["z", "z:1"]);
  });

  it("in a branch that a computed choice takes", () => {
    const nodes = [
      x,
      constant("axis", "int32", [1], { int_val: [0] }),
      node("sum", "Sum", ["x", "axis"]),
      floats("zero", [], [2.5]),
      node("less", "Less", ["sum", "zero"]),
      node("s", "Switch", ["x", "less"]),
      print("p", "s:1"),
      double("d", "s"),
      node("y", "Merge", ["d", "p"], { N: { i: 2 } }),
      node("z", "Neg", ["y"]),
    ];
    compare(nodes, runs, ["z", "y:1"]);
  });

  it("in a branch that an input chooses: the other branch is compiled", () => {
    const nodes = [
      x,
      placeholder("phase", "bool", []),
      node("s", "Switch", ["x", "phase"]),
      print("p", "s:1"),
      double("d", "s"),
      node("y", "Merge", ["d", "p"], { N: { i: 2 } }),
    ];
    const both = runs.flatMap((one) =>
      [0, 1, 0].map((p) => ({ ...one, phase: new Tensor("bool", [], [p]) })),
    );
    expect(compare(nodes, both, ["y"])).toEqual([
      `only runs with 'phase:0' = true go to the reference engine: ${reason("p")}`,
    ]);
  });
});

describe("a compiled session", () => {
  it("has its own code for each shape, and finds it again", () => {
    const nodes = [
      placeholder("x", "float32", [-1, 3]),
      constant("axis", "int32", [1], { int_val: [1] }),
      node("sum", "Sum", ["x", "axis"], { keep_dims: { b: true } }),
      node("y", "Sub", ["x", "sum"]),
    ];
    const rows = [1, 5, 2, 1, 7, 2, 5, 1].map((count, run) => ({
      x: new Tensor(
        "float32",
        [count, 3],
        Array.from({ length: 3 * count }, (_, i) => (i * 7 + run) % 11),
      ),
    }));
    expect(compare(nodes, rows, ["y", "sum"])).toEqual([]);
  });

  it("starts although a batch of one row, or of zeros, would be wrong", () => {
    const pairs = [
      placeholder("x", "float32", [-1]),
      constant("pairs", "int32", [2], { int_val: [2, -1] }),
      node("y", "Reshape", ["x", "pairs"]),
    ];
    compare(pairs, [{ x: vector(1, 2) }, { x: vector(1, 2, 3, 4) }, { x: vector(1, 2, 3) }], ["y"]);
    const divided = [
      placeholder("i", "int32", [-1]),
      constant("twelve", "int32", [], { int_val: [12] }),
      node("y", "FloorDiv", ["twelve", "i"]),
    ];
    const ints = [[1, 2], [3], [0], [4, 0], [5]].map((values) => ({
      i: new Tensor("int32", [values.length], values),
    }));
    compare(divided, ints, ["y"]);
  });

  it("tells bad indices as the reference engine does, and goes on", () => {
    const nodes = [
      floats("table", [4], [10, 20, 30, 40]),
      placeholder("i", "int32", [-1]),
      constant("axis", "int32", [], { int_val: [0] }),
      node("y", "GatherV2", ["table", "i", "axis"]),
    ];
    const ints = [
      [1, 3],
      [4, 0],
      [-1, 0],
      [0, 2],
    ].map((values) => ({ i: new Tensor("int32", [2], values) }));
    compare(nodes, ints, ["y"]);
  });

  it("leaves dtypes that are not compiled to the reference engine", () => {
    const nodes = [
      placeholder("x", "uint32", [-1]),
      node("y", "Cast", ["x"], { DstT: { type: 1 } }),
      node("z", "Neg", ["y"]),
    ];
    const reasons = compare(nodes, [{ x: new Tensor("uint32", [2], [1, 2]) }], ["z"]);
    expect(reasons.join()).toContain("dtype");
  });

  it("takes the dtype for a part of what code is made for", () => {
    const nodes = [x, double("a", "x"), node("y", "AddV2", ["a", "a"])];
    const fed = [
      { a: vector(1, 2.5) },
      { a: new Tensor("int32", [2], [2 ** 30, 7]) },
      { a: vector(0.25, 3) },
    ];
    compare(nodes, fed, ["y"]);
  });

  it("does without inputs, and gives a constant or an input back", () => {
    const nodes = [x, floats("c", [2], [3, 4]), node("d", "Neg", ["c"]), double("y", "x")];
    compare(nodes, [{}], ["d", "c"]);
    compare(nodes, runs, ["x", "y", "y", "c"]);
  });

  it("keeps its numbers although another session runs in the same arena", () => {
    const one = createSession(graphOf(x, double("y", "x")), { engine: "compiled" });
    const other = createSession(graphOf(x, node("y", "Neg", ["x"])), { engine: "compiled" });
    const first = one.run({ x: vector(1, 2) }, ["y"]);
    const second = other.run({ x: vector(...Array.from({ length: 5000 }, (_, i) => i)) }, ["y"]);
    expect(Array.from(first[0]?.data as Float32Array)).toEqual([2, 4]);
    expect(second[0]?.data[4999]).toBe(-4999);
    expect(one.run({ x: vector(3, 4) }, ["y"])[0]?.data[1]).toBe(8);
  });
});
