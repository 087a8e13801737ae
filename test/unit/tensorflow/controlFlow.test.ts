/** Switch, Merge, loops and functions beyond the goldens: what is not run, what is refused, what never ends. */
import { describe, expect, it } from "vitest";
import { Exception } from "../../../framework/base/errors.js";
import { type GraphDef, parseGraphDef } from "../../../framework/tensorflow/GraphDef.js";
import { graphDefType } from "../../../framework/tensorflow/proto/graphDefSchema.js";
import { GraphIndex } from "../../../framework/tensorflow/GraphIndex.js";
import { ReferenceEngine } from "../../../framework/tensorflow/reference/ReferenceEngine.js";
import { createSession, Session } from "../../../framework/tensorflow/Session.js";
import { Tensor } from "../../../framework/tensorflow/Tensor.js";
import { constant, encode, floats, graphOf, node, placeholder, type TestNode } from "./buildGraph.js";

/** x doubled until it is over a limit: a loop as TensorFlow 1 writes it. */
const loop: readonly TestNode[] = [
  placeholder("x", "float32", []),
  floats("limit", [], [100]),
  node("enter", "Enter", ["x"], { frame_name: { s: Buffer.from("loop") } }),
  node("enterLimit", "Enter", ["limit"], {
    frame_name: { s: Buffer.from("loop") },
    is_constant: { b: true },
  }),
  node("merge", "Merge", ["enter", "next"], { N: { i: 2 } }),
  node("less", "Less", ["merge", "enterLimit"]),
  node("goesOn", "LoopCond", ["less"]),
  node("switch", "Switch", ["merge", "goesOn"]),
  node("double", "Add", ["switch:1", "switch:1"]),
  node("next", "NextIteration", ["double"]),
  node("exit", "Exit", ["switch"]),
  node("y", "Neg", ["exit"]),
];

function limited(graph: GraphDef, maxLoopIterations: number): Session {
  return new Session(new ReferenceEngine(maxLoopIterations).load(new GraphIndex(graph)));
}

function scalar(value: number): Tensor {
  return new Tensor("float32", [], [value]);
}

const bool = (value: boolean) => new Tensor("bool", [], [value]);

describe("loops", () => {
  it("run until their condition fails, at every run anew", () => {
    const session = createSession(graphOf(...loop));
    const run = (x: number) => session.run({ x: scalar(x) }, ["y"])[0]?.data[0];
    expect([run(3), run(200), run(1), run(3)]).toEqual([-192, -200, -128, -192]);
  });

  it("are stopped when they do not end", () => {
    const session = limited(graphOf(...loop), 1000);
    expect(session.run({ x: scalar(3) }, ["y"])[0]?.data[0]).toBe(-192);
    expect(() => session.run({ x: scalar(0) }, ["y"])).toThrow(
      "loop 'loop' has not ended after 1000 iterations",
    );
    expect(session.run({ x: scalar(3) }, ["y"])[0]?.data[0]).toBe(-192);
  });

  it("do not let anybody fetch from their inside", () => {
    const session = createSession(graphOf(...loop));
    expect(() => session.run({ x: scalar(3) }, ["double"])).toThrow(
      "output 'double' lies inside the loop 'loop': fetch its Exit",
    );
    expect(session.run({ x: scalar(3) }, ["exit"])[0]?.data[0]).toBe(192);
  });

  it.each([
    ["without Enter", ["other", "next"], "loop variable 'merge' (Merge) has no Enter"],
    ["with two ends", ["enter", "next", "next"], "loop variable 'merge' (Merge) has 2 NextIterations"],
  ])("%s are refused", (_, inputs, message) => {
    const changed = loop.map((n) => (n.name === "merge" ? { ...n, input: inputs } : n));
    const session = createSession(graphOf(floats("other", [], [1]), ...changed));
    expect(() => session.run({ x: scalar(3) }, ["y"])).toThrow(message);
  });

  it("that enter themselves again are refused", () => {
    const again = node("again", "Enter", ["exit"], { frame_name: { s: Buffer.from("loop") } });
    const changed = loop.map((n) => (n.name === "less" ? { ...n, input: ["merge", "again"] } : n));
    expect(() => createSession(graphOf(again, ...changed))).toThrow(
      "the graph has a cycle: 'again' reads 'exit'",
    );
  });

  it("hold no more memory after many runs", () => {
    const session = createSession(graphOf(...loop));
    session.run({ x: scalar(1e-6) }, ["y"]);
    const held = session.arenaBytes;
    for (let i = 0; i < 500; i++) session.run({ x: scalar(1 + (i % 90)) }, ["y"]);
    expect(session.arenaBytes).toBe(held);
  });
});

describe("branches", () => {
  const nodes = [
    placeholder("x", "float32", [-1]),
    placeholder("phase", "bool", []),
    floats("bad", [3], [1]),
    node("onlyForTraining", "Add", ["x", "bad"]),
    node("inTraining", "Switch", ["onlyForTraining", "phase"]),
    node("inInference", "Switch", ["x", "phase"]),
    node("trained", "Neg", ["inTraining:1"]),
    node("y", "Merge", ["inInference:0", "trained"], { N: { i: 2 } }),
  ];
  const x = new Tensor("float32", [2], [1, 2]);

  it("that are not taken are not run, nor is what only they read", () => {
    const session = createSession(graphOf(...nodes));
    const outputs = session.run({ x, phase: bool(false) }, ["y", "y:1"]);
    expect(outputs.map(({ data }) => [...data])).toEqual([[1, 2], [0]]);
    expect(() => session.run({ x, phase: bool(true) }, ["y"])).toThrow("node 'onlyForTraining' (Add)");
    expect(() => session.run({ x, phase: bool(false) }, ["onlyForTraining", "y"])).toThrow(
      "'onlyForTraining' (Add)",
    );
  });

  it("that are not taken cannot be fetched", () => {
    const session = createSession(graphOf(...nodes));
    expect(() => session.run({ x, phase: bool(false) }, ["trained"])).toThrow(
      "output number 0 lies in a branch that was not taken",
    );
  });

  it("need a bool to choose by", () => {
    const session = createSession(graphOf(floats("one", [], [1]), node("s", "Switch", ["one", "one"])));
    expect(() => session.run({}, ["s:1"])).toThrow("the condition is no single bool");
  });

  it("of three, by position, or the last one when there is none", () => {
    const session = createSession(
      graphOf(
        placeholder("i", "int32", []),
        floats("v", [], [5]),
        node("s", "_SwitchN", ["v", "i"], { num_outs: { i: 3 } }),
      ),
    );
    const taken = (i: number) =>
      [0, 1, 2].filter((port) => {
        try {
          return session.run({ i: new Tensor("int32", [], [i]) }, [`s:${port}`])[0]?.data[0] === 5;
        } catch {
          return false;
        }
      });
    expect([taken(0), taken(1), taken(2), taken(7), taken(-1)]).toEqual([[0], [1], [2], [2], [2]]);
  });

  it("keep assertions that others wait for", () => {
    const session = createSession(
      graphOf(
        placeholder("ok", "bool", []),
        constant("text", "string", [], { string_val: [Buffer.from("too hot")] }),
        node("check", "Assert", ["ok", "text"]),
        floats("one", [], [1]),
        node("y", "Identity", ["one", "^check"]),
      ),
    );
    expect(session.run({ ok: bool(true) }, ["y"])[0]?.data[0]).toBe(1);
    expect(() => session.run({ ok: bool(false) }, ["y"])).toThrow("assertion failed: too hot");
  });
});

describe("variables and prints", () => {
  it("are handed on, where a reader of SavedModels has put the value for the handle", () => {
    const session = createSession(
      graphOf(
        floats("handle", [2, 2], [1, 2, 3, 4]),
        constant("rows", "int32", [2], { int_val: [1, 0] }),
        node("read", "ReadVariableOp", ["handle"]),
        node("picked", "ResourceGather", ["handle", "rows"]),
        node("known", "VarIsInitializedOp", ["handle"]),
        node("known1", "IsVariableInitialized", ["handle"]),
        node("print", "Print", ["read", "rows"]),
        constant("text", "string", [], { string_val: [Buffer.from("said")] }),
        node("said", "PrintV2", ["text"]),
        node("y", "Identity", ["picked", "^said"]),
      ),
    );
    const outputs = session.run({}, ["read", "y", "known", "known1", "print"]);
    expect(outputs.map(({ data }) => [...data])).toEqual([
      [1, 2, 3, 4],
      [3, 4, 1, 2],
      [1],
      [1],
      [1, 2, 3, 4],
    ]);
  });

  it("close arrays that nobody reads any more", () => {
    const session = createSession(
      graphOf(
        constant("size", "int32", [], { int_val: [2] }),
        node("array", "TensorArrayV3", ["size"], { dtype: { type: 1 } }),
        node("count", "TensorArraySizeV3", ["array", "array:1"]),
        node("close", "TensorArrayCloseV3", ["array"]),
        node("y", "Identity", ["count", "^close"]),
      ),
    );
    expect(session.run({}, ["y"])[0]?.data[0]).toBe(2);
    expect(() => session.run({}, ["array"])).toThrow(
      "output number 0 is a list of tensors, which cannot be fetched",
    );
  });
});

describe("functions", () => {
  const call = (name: string) => node(name, "PartitionedCall", ["x"], { f: { func: { name: "f" } } });
  const functionOf = (body: object[], ret: string, name = "f") => ({
    signature: { name, input_arg: [{ name: "a", type: 1 }], output_arg: [{ name: "r", type: 1 }] },
    node_def: body,
    ret: { r: ret },
  });
  const graphWith = (functions: object[], ...nodes: TestNode[]) =>
    parseGraphDef(
      graphDefType()
        .encode(graphDefType().fromObject({ node: nodes, library: { function: functions } }))
        .finish(),
      "test graph",
    );
  const x = placeholder("x", "float32", []);

  it("may be called several times, and give an input back as it is", () => {
    const twice = functionOf([{ name: "sum", op: "Add", input: ["a", "a"] }], "sum:z:0");
    const session = createSession(graphWith([twice], x, call("y"), node("z", "f", ["y"])));
    expect(session.run({ x: scalar(3) }, ["y", "z"]).map(({ data }) => data[0])).toEqual([6, 12]);
    const same = createSession(graphWith([functionOf([], "a")], x, call("y")));
    expect(same.run({ x: scalar(3) }, ["y"])[0]?.data[0]).toBe(3);
  });

  it.each([
    ["call themselves", functionOf([{ name: "n", op: "f", input: ["a"] }], "n:r:0"), "more than 50 deep"],
    ["are not there", functionOf([], "a", "g"), "calls 'f', which the graph does not have"],
    [
      "return what they do not have",
      functionOf([], "b"),
      "function 'f' reads 'b', which is none of its nodes",
    ],
  ])("are refused when they %s", (_, definition, message) => {
    expect(() => createSession(graphWith([definition], x, call("y")))).toThrow(message);
  });
});

describe("a damaged graph with a loop gives one clear error or runs, and always ends", () => {
  const bytes = encode(loop);
  const allowed = ["1 outputs", "InvalidGraphDef", "InvalidSession", "InvalidRun"];

  function outcome(damaged: Uint8Array): string {
    try {
      return `${limited(parseGraphDef(damaged, "damaged.pb"), 2000).run({ x: scalar(3) }, ["y"]).length} outputs`;
    } catch (error) {
      if (!(error instanceof Exception)) throw error;
      return error.category;
    }
  }

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
