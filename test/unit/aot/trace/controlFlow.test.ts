/** Loops, branches and lists that are easy to get wrong: traced, joined, placed, and compared with the reference engine. */
import { describe, expect, it } from "vitest";
import { parseGraphDef } from "../../../../framework/tensorflow/GraphDef.js";
import { graphDefType } from "../../../../framework/tensorflow/proto/graphDefSchema.js";
import { Tensor } from "../../../../framework/tensorflow/Tensor.js";
import { constant, floats, graphOf, node, placeholder, type TestNode } from "../../tensorflow/buildGraph.js";
import { compareWithReference, type TestFeeds, traced } from "./compareWithReference.js";
import { GraphWriter, type Scope, type Written } from "./GraphWriter.js";

const vector = (...values: number[]) => new Tensor("float32", [values.length], values);
const scalar = (value: number) => new Tensor("float32", [], [value]);
const bool = (value: boolean) => new Tensor("bool", [], [value]);

/** A graph written by `write`, whose results are the outputs y0, y1 … */
function written(
  inputs: readonly TestNode[],
  write: (root: Scope, inputs: readonly Written[]) => readonly Written[],
) {
  const writer = new GraphWriter();
  const results = write(
    writer.root,
    inputs.map(({ name }) => writer.root.own(name)),
  );
  const ends = results.map(({ name }, i) => node(`y${i}`, "Identity", [name]));
  return { graph: graphOf(...inputs, ...writer.nodes, ...ends), fetches: ends.map(({ name }) => name) };
}

/** Every run is compiled and right. */
function expectCompiled({ graph, fetches }: ReturnType<typeof written>, runs: readonly TestFeeds[]): void {
  expect(compareWithReference(graph, runs, fetches)).toEqual({ compiled: runs.length, reasons: [] });
}

/** No run is compiled, for that reason. */
function expectRefused(
  { graph, fetches }: ReturnType<typeof written>,
  runs: readonly TestFeeds[],
  why: string,
) {
  const { compiled, reasons } = compareWithReference(graph, runs, fetches);
  expect(compiled).toBe(0);
  for (const reason of reasons) expect(reason).toContain(why);
}

const x3 = placeholder("x", "float32", [3]);
const xs = [{ x: vector(1, 2, 3) }, { x: vector(-1, 0.5, 40) }];

/** `count` rounds with a counter before the other variables. */
function rounds(
  scope: Scope,
  count: number,
  start: readonly Written[],
  body: (inner: Scope, i: Written, own: readonly Written[]) => readonly Written[],
): Written[] {
  return scope
    .loop(
      [scope.int(0), ...start],
      (inner, [i]) => inner.op("Less", [i as Written, inner.int(count)]),
      (inner, [i, ...own]) => [
        inner.op("AddV2", [i as Written, inner.int(1)]),
        ...body(inner, i as Written, own),
      ],
    )
    .slice(1);
}

describe("loops", () => {
  it.each([0, 1, 2, 5])("of %i rounds swap their variables", (count) => {
    const graph = written([x3], (root, [x]) => {
      const twice = root.op("AddV2", [x as Written, x as Written]);
      return rounds(root, count, [x as Written, twice], (_, __, [a, b]) => [b as Written, a as Written]);
    });
    expectCompiled(graph, xs);
  });

  it("turn a variable around in its own memory", () => {
    const graph = written([x3], (root, [x]) =>
      rounds(root, 3, [x as Written], (inner, _, [a]) => [
        inner.op("ReverseV2", [a as Written, inner.constant("int32", [1], { int_val: [0] })]),
      ]),
    );
    expectCompiled(graph, xs);
  });

  it("of no round hand on what came in", () => {
    const graph = written([x3], (root, [x]) =>
      rounds(root, 0, [x as Written], (inner, _, [a]) => [inner.op("Neg", [a as Written])]),
    );
    expectCompiled(graph, xs);
  });

  it("run as long as the data say", () => {
    const graph = written([placeholder("x", "float32", [])], (root, [x]) =>
      root.loop(
        [x as Written],
        (inner, [a]) => inner.op("Less", [a as Written, inner.float(100)]),
        (inner, [a]) => [inner.op("AddV2", [a as Written, a as Written])],
      ),
    );
    expectCompiled(
      graph,
      [1, 3, 99, 100, 1000].map((value) => ({ x: scalar(value) })),
    );
  });

  it("inside loops use both counters", () => {
    const graph = written([x3], (root, [x]) =>
      rounds(root, 3, [x as Written], (outer, i, [a]) =>
        rounds(outer, 2, [a as Written], (inner, j, [b]) => {
          const both = inner.op("Mul", [i, inner.op("AddV2", [j, inner.int(1)])]);
          return [inner.op("AddV2", [b as Written, inner.op("Cast", [both], { DstT: { type: 1 } })])];
        }),
      ),
    );
    expectCompiled(graph, xs);
  });

  it("with a trip count that the outer counter gives", () => {
    const graph = written([x3], (root, [x]) =>
      rounds(root, 4, [x as Written], (outer, i, [a]) =>
        outer
          .loop(
            [outer.int(0), a as Written],
            (inner, [j]) => inner.op("Less", [j as Written, i]),
            (inner, [j, b]) => [
              inner.op("AddV2", [j as Written, inner.int(1)]),
              inner.op("AddV2", [b as Written, inner.float(1)]),
            ],
          )
          .slice(1),
      ),
    );
    expectCompiled(graph, xs);
  });

  it("look constants up by their counter, which is out of range when the loop has ended", () => {
    const graph = written([x3], (root, [x]) =>
      rounds(root, 3, [x as Written], (inner, i, [a]) => {
        const table = inner.constant("float32", [3], { float_val: [10, 20, 30] });
        return [inner.op("AddV2", [a as Written, inner.op("GatherV2", [table, i, inner.int(0)])])];
      }),
    );
    expectCompiled(graph, xs);
  });

  it("branch on their counter", () => {
    const graph = written([x3], (root, [x]) =>
      rounds(root, 4, [x as Written], (inner, i, [a]) => {
        const isSmall = inner.op("Less", [i, inner.int(2)]);
        const step = inner.cond(
          isSmall,
          (side) => [side.op("Cast", [i], { DstT: { type: 1 } })],
          (side) => [side.op("Mul", [side.op("Cast", [i], { DstT: { type: 1 } }), side.float(100)])],
        );
        return [inner.op("AddV2", [a as Written, step[0] as Written])];
      }),
    );
    expectCompiled(graph, xs);
  });

  it("count in steps that a cond on the counter gives", () => {
    const graph = written([x3], (root, [x]) =>
      root
        .loop(
          [root.int(0), x as Written],
          (inner, [i]) => inner.op("Less", [i as Written, inner.int(9)]),
          (inner, [i, a]) => [
            ...inner.cond(
              inner.op("Less", [i as Written, inner.int(4)]),
              (side) => [side.op("AddV2", [i as Written, side.int(1)])],
              (side) => [side.op("AddV2", [i as Written, side.int(3)])],
            ),
            inner.op("AddV2", [a as Written, inner.op("Cast", [i as Written], { DstT: { type: 1 } })]),
          ],
        )
        .slice(1),
    );
    expectCompiled(graph, xs);
  });

  it("divide by their counter only where that is not zero", () => {
    const graph = written([x3], (root, [x]) =>
      rounds(root, 3, [x as Written], (inner, i, [a]) => {
        const share = inner.cond(
          inner.op("Less", [inner.int(0), i]),
          (side) => [side.op("FloorDiv", [side.int(12), i])],
          (side) => [side.int(7)],
        );
        return [inner.op("AddV2", [a as Written, inner.op("Cast", share, { DstT: { type: 1 } })])];
      }),
    );
    expectCompiled(graph, xs);
  });

  it("lie in a branch that is not taken", () => {
    const graph = written([x3, placeholder("p", "bool", [])], (root, [x, p]) =>
      root.cond(
        p as Written,
        (side) =>
          side.loop(
            [x as Written],
            (inner, [a]) =>
              inner.op("Less", [inner.op("Sum", [a as Written, inner.int(0)]), inner.float(50)]),
            (inner, [a]) => [inner.op("AddV2", [a as Written, a as Written])],
          ),
        (side) => [side.op("Neg", [x as Written])],
      ),
    );
    const runs = [true, false].flatMap((p) => [{ x: vector(1, 2, 3), p: bool(p) }]);
    expectCompiled(graph, [...runs, { x: vector(0, 0, 0), p: bool(false) }]);
    const computed = written([x3], (root, [x]) =>
      root.cond(
        root.op("Less", [root.op("Sum", [x as Written, root.int(0)]), root.float(5)]),
        (side) => [side.op("Neg", [x as Written])],
        (side) =>
          side.loop(
            [x as Written],
            (inner, [a]) =>
              inner.op("Less", [inner.op("Sum", [a as Written, inner.int(0)]), inner.float(50)]),
            (inner, [a]) => [inner.op("AddV2", [a as Written, a as Written])],
          ),
      ),
    );
    expectCompiled(computed, [...xs, { x: vector(0, 0, 0) }]);
  });

  it("whose variable changes its shape are refused", () => {
    const graph = written([placeholder("x", "float32", [2, 3])], (root, [x]) =>
      rounds(root, 2, [x as Written], (inner, _, [a]) => [
        inner.op("Transpose", [a as Written, inner.constant("int32", [2], { int_val: [1, 0] })]),
      ]),
    );
    expectRefused(graph, [{ x: new Tensor("float32", [2, 3], [1, 2, 3, 4, 5, 6]) }], "changes its shape");
    const reshaped = written([placeholder("x", "float32", [2, 3])], (root, [x]) =>
      rounds(root, 1, [x as Written], (inner, _, [a]) => [
        inner.op("Reshape", [a as Written, inner.constant("int32", [2], { int_val: [3, 2] })]),
      ]),
    );
    expectRefused(reshaped, [{ x: new Tensor("float32", [2, 3], [1, 2, 3, 4, 5, 6]) }], "changes its shape");
  });
});

describe("choices", () => {
  const inputs = [x3, placeholder("flags", "bool", [2])];
  const runs = [0, 1, 2, 3].map((bits) => ({
    x: vector(1, -2, 3),
    flags: new Tensor("bool", [2], [bits & 1, bits >> 1]),
  }));
  const plus = (value: Written, by: number) => (side: Scope) => [side.op("AddV2", [value, side.float(by)])];

  it("by the elements of one tensor are choices of their own", () => {
    const graph = written(inputs, (root, [x, flags]) => {
      const flag = root.op("Unpack", [flags as Written], { num: { i: 2 }, axis: { i: 0 } });
      const second = root.own(`${flag.name}:1`);
      const first = root.cond(flag, plus(x as Written, 1), plus(x as Written, 2));
      return root.cond(second, plus(first[0] as Written, 10), plus(first[0] as Written, 20));
    });
    expectCompiled(graph, runs);
  });

  it("by the same bool inside its own branches take the side they are on", () => {
    const graph = written(inputs, (root, [x, flags]) => {
      const flag = root.op("Unpack", [flags as Written], { num: { i: 2 }, axis: { i: 0 } });
      const again = (side: Scope) => side.cond(flag, plus(x as Written, 1), plus(x as Written, 2));
      return root.cond(flag, again, again);
    });
    expectCompiled(graph, runs);
  });

  it("by more inputs than are written out one by one become branches", () => {
    const names = ["a", "b", "c", "d", "e"];
    const graph = written([x3, ...names.map((name) => placeholder(name, "bool", []))], (root, [x, ...all]) =>
      all.reduce<Written[]>(
        ([value], choice, i) =>
          root.cond(choice, plus(value as Written, 2 ** i), (side) => [side.op("Neg", [value as Written])]),
        [x as Written],
      ),
    );
    const runs = Array.from({ length: 32 }, (_, bits) => ({
      x: vector(1, -2, 3),
      ...Object.fromEntries(names.map((name, i) => [name, bool(((bits >> i) & 1) === 1)])),
    }));
    expectCompiled(graph, runs);
  });

  it("by an input whose sides give different shapes are not mixed up", () => {
    const graph = written([x3, placeholder("p", "bool", [])], (root, [x, p]) =>
      root.cond(
        p as Written,
        (side) => [side.op("Neg", [x as Written])],
        (side) => [
          side.op("Sum", [x as Written, side.constant("int32", [1], { int_val: [0] })], {
            keep_dims: { b: true },
          }),
        ],
      ),
    );
    const all = [true, false].map((p) => ({ x: vector(1, 2, 3), p: bool(p) }));
    const { compiled, reasons } = compareWithReference(graph.graph, all, graph.fetches);
    expect(compiled).toBe(1);
    expect(reasons[0]).toContain("its branches give the shapes");
  });

  it("by an input of shape [1] leave its shape as it is", () => {
    const nodes = [
      x3,
      placeholder("p", "bool", [1]),
      constant("none", "int32", [0], {}),
      node("choice", "Reshape", ["p", "none"]),
      node("sent", "Switch", ["x", "choice"]),
      node("turned", "Neg", ["sent:1"]),
      node("y", "Merge", ["sent:0", "turned"], { N: { i: 2 } }),
      node("p1", "Cast", ["p"], { DstT: { type: 1 } }),
    ];
    const all = [0, 1].map((p) => ({ x: vector(1, 2, 3), p: new Tensor("bool", [1], [p]) }));
    expect(compareWithReference(graphOf(...nodes), all, ["y", "y:1", "p1"]).compiled).toBe(2);
  });

  it("between constants that wait for their side", () => {
    const graph = written(inputs, (root, [x]) => {
      const isLarge = root.op("Less", [root.float(1), root.op("Sum", [x as Written, root.int(0)])]);
      return root.cond(
        isLarge,
        (side) => [side.float(1)],
        (side) => [side.float(2)],
      );
    });
    expectCompiled(graph, [...runs, { x: vector(0, 0, 0), flags: new Tensor("bool", [2], [0, 0]) }]);
  });

  it("walk along with a loop where a table says them", () => {
    const graph = written([x3], (root, [x]) =>
      rounds(root, 4, [x as Written], (inner, i, [a]) => {
        const table = inner.constant("bool", [4], { bool_val: [true, false, false, true] });
        const choice = inner.op("GatherV2", [table, i, inner.int(0)]);
        return inner.cond(choice, plus(a as Written, 1), (side) => [
          side.op("Mul", [a as Written, side.float(2)]),
        ]);
      }),
    );
    expectCompiled(graph, xs);
  });

  it("of the same node under different outer choices are refused or right", () => {
    const nodes = [
      x3,
      placeholder("flags", "bool", [2]),
      node("flag", "Unpack", ["flags"], { num: { i: 2 }, axis: { i: 0 } }),
      node("byFirst", "Switch", ["x", "flag"]),
      node("a", "Switch", ["byFirst:1", "flag:1"]),
      node("bySecond", "Switch", ["x", "flag:1"]),
      node("b", "Switch", ["bySecond:1", "flag"]),
      node("turned", "Neg", ["b"]),
      node("inner", "Merge", ["a:1", "turned"], { N: { i: 2 } }),
      floats("hundred", [], [100]),
      node("other", "Add", ["bySecond", "hundred"]),
      node("y", "Merge", ["inner", "other"], { N: { i: 2 } }),
    ];
    const { compiled, reasons } = compareWithReference(graphOf(...nodes), runs, ["y", "y:1"]);
    expect(compiled + reasons.length).toBe(4);
  });
});

describe("lists", () => {
  const x = placeholder("x", "float32", [4, 2]);
  const feeds = [{ x: new Tensor("float32", [4, 2], [1, 2, 3, 4, 5, 6, 7, 8]) }];
  const float = { element_dtype: { type: 1 } };
  const rowShape = (scope: Scope) => scope.constant("int32", [1], { int_val: [2] });
  const listOf = (scope: Scope, tensor: Written) =>
    scope.op("TensorListFromTensor", [tensor, rowShape(scope)], float);
  const reserve = (scope: Scope, count: number) =>
    scope.op("TensorListReserve", [rowShape(scope), scope.int(count)], float);
  const get = (scope: Scope, list: Written, i: Written) =>
    scope.op("TensorListGetItem", [list, i, rowShape(scope)], float);
  const set = (scope: Scope, list: Written, i: Written, item: Written) =>
    scope.op("TensorListSetItem", [list, i, item], float);
  const stack = (scope: Scope, list: Written) => scope.op("TensorListStack", [list, rowShape(scope)], float);

  it("are read and written by a loop's counter, as a recurrent layer does", () => {
    const graph = written([x], (root, [x]) => {
      const input = listOf(root, x as Written);
      const [list, state] = rounds(root, 4, [reserve(root, 4), root.float(0, 0)], (inner, i, [out, h]) => {
        const next = inner.op("AddV2", [get(inner, input, i), h as Written]);
        return [set(inner, out as Written, i, next), next];
      });
      return [stack(root, list as Written), state as Written];
    });
    expectCompiled(graph, feeds);
  });

  it("are read backwards", () => {
    const graph = written([x], (root, [x]) => {
      const input = listOf(root, x as Written);
      const [list] = rounds(root, 4, [reserve(root, 4)], (inner, i, [out]) => {
        const back = inner.op("Sub", [inner.int(3), i]);
        return [set(inner, out as Written, back, get(inner, input, i))];
      });
      return [stack(root, list as Written)];
    });
    expectCompiled(graph, feeds);
  });

  it("keep an element that was read as it was, when it is written afterwards", () => {
    const graph = written([x], (root, [x]) => {
      const start = reserve(root, 2);
      const first = set(root, start, root.int(0), root.op("Sum", [x as Written, root.int(0)]));
      const before = get(root, first, root.int(0));
      const second = set(root, first, root.int(0), root.op("Neg", [before]));
      return [root.op("AddV2", [before, root.float(1)]), stack(root, second)];
    });
    expectCompiled(graph, feeds);
  });

  it("shift their elements in place", () => {
    const graph = written([x], (root, [x]) => {
      const start = set(root, reserve(root, 5), root.int(0), root.op("Sum", [x as Written, root.int(0)]));
      const [list, sum] = rounds(root, 4, [start, root.float(0, 0)], (inner, i, [own, total]) => {
        const old = get(inner, own as Written, i);
        const doubled = inner.op("AddV2", [old, old]);
        const written = set(inner, own as Written, inner.op("AddV2", [i, inner.int(1)]), doubled);
        const again = set(inner, written, i, inner.op("Neg", [doubled]));
        return [again, inner.op("AddV2", [total as Written, old])];
      });
      return [stack(root, list as Written), sum as Written];
    });
    expectCompiled(graph, feeds);
  });

  it("that change places in a loop are refused", () => {
    const graph = written([x], (root, [x]) => {
      const [a, b] = [reserve(root, 1), reserve(root, 1)];
      const first = set(root, a, root.int(0), root.op("Sum", [x as Written, root.int(0)]));
      const second = set(root, b, root.int(0), root.float(7, 8));
      const [one, other] = rounds(root, 3, [first, second], (_, __, [p, q]) => [q as Written, p as Written]);
      return [stack(root, one as Written), stack(root, other as Written)];
    });
    expectRefused(graph, feeds, "becomes another list");
  });

  it("that are read as they were before a write are refused", () => {
    const graph = written([x], (root, [x]) => {
      const start = reserve(root, 2);
      const first = set(root, start, root.int(0), root.op("Sum", [x as Written, root.int(0)]));
      const second = set(root, first, root.int(0), root.float(1, 1));
      return [get(root, second, root.int(0)), get(root, first, root.int(0))];
    });
    const { compiled, reasons } = compareWithReference(graph.graph, feeds, graph.fetches);
    expect(compiled + reasons.length).toBe(1);
  });

  it("are refused when the data say where they are read", () => {
    const graph = written([x, placeholder("i", "int32", [])], (root, [x, i]) => [
      get(root, listOf(root, x as Written), i as Written),
    ]);
    expectRefused(
      graph,
      [{ ...feeds[0], i: new Tensor("int32", [], [1]) } as TestFeeds],
      "not known at compile time",
    );
  });

  it("that leave a loop of no round are zeros", () => {
    const graph = written([x], (root, [x]) => {
      const input = listOf(root, x as Written);
      const [list] = rounds(root, 0, [reserve(root, 4)], (inner, i, [out]) => [
        set(inner, out as Written, i, get(inner, input, i)),
      ]);
      return [stack(root, list as Written)];
    });
    expectCompiled(graph, feeds);
  });

  const arrayNodes = (size: number, count: number): TestNode[] => [
    x,
    constant("size", "int32", [], { int_val: [size] }),
    node("in", "TensorArrayV3", ["size"], { dtype: { type: 1 } }),
    constant("positions", "int32", [count], { int_val: Array.from({ length: count }, (_, i) => i) }),
    node("scattered", "TensorArrayScatterV3", ["in", "positions", "x", "in:1"], { T: { type: 1 } }),
  ];

  it("of TensorFlow 1 are scattered, read, written and gathered", () => {
    const one = constant("one", "int32", [], { int_val: [1] });
    const nodes = [
      ...arrayNodes(4, 4),
      one,
      node("row", "TensorArrayReadV3", ["in", "one", "scattered"], { dtype: { type: 1 } }),
      constant("two", "int32", [], { int_val: [2] }),
      constant("zero", "int32", [], { int_val: [0] }),
      node("out", "TensorArrayV3", ["two"], { dtype: { type: 1 } }),
      node("first", "TensorArrayWriteV3", ["out", "zero", "row", "out:1"], { T: { type: 1 } }),
      node("turned", "Neg", ["row"]),
      node("second", "TensorArrayWriteV3", ["out", "one", "turned", "first"], { T: { type: 1 } }),
      constant("both", "int32", [2], { int_val: [0, 1] }),
      node("y", "TensorArrayGatherV3", ["out", "both", "second"], { dtype: { type: 1 } }),
      node("count", "TensorArraySizeV3", ["in", "scattered"]),
    ];
    expect(compareWithReference(graphOf(...nodes), feeds, ["y", "row", "count"])).toEqual({
      compiled: 1,
      reasons: [],
    });
  });

  it("of which a part is scattered are refused", () => {
    const nodes = [...arrayNodes(6, 4), node("count", "TensorArraySizeV3", ["in", "scattered"])];
    const { compiled, reasons } = compareWithReference(graphOf(...nodes), feeds, ["count"]);
    expect([compiled, reasons.length]).toEqual([0, 1]);
  });
});

describe("functions", () => {
  const library = (body: object[], ret: string) => ({
    signature: {
      name: "body",
      input_arg: [
        { name: "a", type: 1 },
        { name: "b", type: 1 },
      ],
      output_arg: [
        { name: "r", type: 1 },
        { name: "s", type: 1 },
      ],
    },
    node_def: body,
    ret: { r: ret, s: "a" },
  });
  const test = {
    signature: {
      name: "test",
      input_arg: [
        { name: "a", type: 1 },
        { name: "b", type: 1 },
      ],
      output_arg: [{ name: "c", type: 10 }],
    },
    node_def: [
      { name: "limit", op: "Const", attr: constant("", "float32", [], { float_val: [100] }).attr },
      { name: "less", op: "Less", input: ["a", "limit:output:0"] },
    ],
    ret: { c: "less:z:0" },
  };
  const withFunctions = (functions: object[], nodes: readonly TestNode[]) =>
    parseGraphDef(
      graphDefType()
        .encode(graphDefType().fromObject({ node: nodes, library: { function: functions } }))
        .finish(),
      "test graph",
    );

  it("of a While swap and add", () => {
    const body = library([{ name: "sum", op: "AddV2", input: ["a", "b"] }], "sum:z:0");
    const graph = withFunctions(
      [body, test],
      [
        placeholder("x", "float32", []),
        placeholder("y", "float32", []),
        node("w", "StatelessWhile", ["x", "y"], {
          T: { list: { type: [1, 1] } },
          cond: { func: { name: "test" } },
          body: { func: { name: "body" } },
        }),
      ],
    );
    const runs = [
      [1, 2],
      [50, 60],
      [100, 1],
      [3, 0.5],
    ].map(([x, y]) => ({
      x: scalar(x as number),
      y: scalar(y as number),
    }));
    expect(compareWithReference(graph, runs, ["w", "w:1"])).toEqual({ compiled: 4, reasons: [] });
  });

  it.each(["If", "StatelessIf"])("of an %s are taken as the data say", (op) => {
    const then = { ...library([{ name: "sum", op: "AddV2", input: ["a", "b"] }], "sum:z:0") };
    const otherwise = {
      ...library([{ name: "product", op: "Mul", input: ["a", "b"] }], "product:z:0"),
      signature: { ...then.signature, name: "otherwise" },
    };
    const graph = withFunctions(
      [then, otherwise],
      [
        placeholder("x", "float32", []),
        placeholder("y", "float32", []),
        node("less", "Less", ["x", "y"]),
        node("i", op, ["less", "x", "y"], {
          Tcond: { type: 10 },
          Tin: { list: { type: [1, 1] } },
          Tout: { list: { type: [1, 1] } },
          then_branch: { func: { name: "body" } },
          else_branch: { func: { name: "otherwise" } },
        }),
      ],
    );
    const runs = [
      [1, 2],
      [5, 3],
    ].map(([x, y]) => ({ x: scalar(x as number), y: scalar(y as number) }));
    expect(compareWithReference(graph, runs, ["i", "i:1"])).toEqual({ compiled: 2, reasons: [] });
  });
});

describe("a graph that cannot be compiled", () => {
  it("says which node and why", () => {
    const nodes = [x3, node("y", "Print", ["x", "x"])];
    expect(traced(graphOf(...nodes), { x: vector(1, 2, 2) }, ["y"])).toBe(
      "node 'y' (Print) cannot be compiled: the compiler does not have the op Print",
    );
  });
});
