/** Random programs of arithmetic, conds and loops, one inside the other, as TensorFlow 1 writes them. */
import type { GraphDef } from "../../../../framework/tensorflow/GraphDef.js";
import { Tensor } from "../../../../framework/tensorflow/Tensor.js";
import { Random } from "../codegen/randomSteps.js";
import { graphOf, placeholder } from "../../tensorflow/buildGraph.js";
import { GraphWriter, type Scope, type Written } from "./GraphWriter.js";

/** What may be used in a scope: vectors of two floats, bools, int32 scalars. */
interface Known {
  readonly floats: readonly Written[];
  readonly bools: readonly Written[];
  readonly ints: readonly Written[];
}

class RandomProgram {
  readonly writer = new GraphWriter();

  constructor(readonly random: Random) {}

  float(scope: Scope, known: Known, depth: number): Written {
    const { random } = this;
    const kind = random.next();
    if (depth <= 0 || kind < 0.1) {
      if (random.next() < 0.3) return scope.float(random.below(5) - 2, random.below(5) - 2);
      return random.pick(known.floats);
    }
    if (kind < 0.55) {
      const op = random.pick(["AddV2", "Sub", "Maximum", "Minimum", "AddV2"]);
      return scope.op(op, [this.float(scope, known, depth - 1), this.float(scope, known, depth - 1)]);
    }
    if (kind < 0.65) return scope.op("ReverseV2", [this.float(scope, known, depth - 1), scope.int(0, 0)]);
    if (kind < 0.7 && known.ints.length > 0)
      return scope.op("AddV2", [
        this.float(scope, known, depth - 1),
        scope.op("Cast", [random.pick(known.ints)], { DstT: { type: 1 } }),
      ]);
    if (kind < 0.75)
      return scope.op("Select", [
        this.bool(scope, known, depth - 1),
        this.float(scope, known, depth - 1),
        this.float(scope, known, depth - 1),
      ]);
    return this.floats(scope, known, depth)[0] as Written;
  }

  /** The results of a cond or a loop. */
  floats(scope: Scope, known: Known, depth: number): Written[] {
    const { random } = this;
    const count = 1 + random.below(2);
    if (random.next() < 0.6) {
      const side = (inner: Scope) =>
        Array.from({ length: count }, () => this.float(inner, known, depth - 1 - random.below(2)));
      return scope.cond(this.bool(scope, known, depth - 1), side, side);
    }
    const start = Array.from({ length: count }, () => this.float(scope, known, depth - 2));
    return this.loop(scope, known, start, depth).slice(1);
  }

  loop(scope: Scope, known: Known, start: readonly Written[], depth: number): Written[] {
    const { random } = this;
    const limit = random.below(5);
    const isByData = random.next() < 0.4;
    const isSwap = random.next() < 0.3 && start.length === 2;
    return scope.loop(
      [scope.int(0), ...start],
      (inner, [i, ...own]) => {
        const isBelow = inner.op("Less", [i as Written, inner.int(limit)]);
        if (!isByData) return isBelow;
        const sum = inner.op("Sum", [random.pick(own), inner.int(0, 0)]);
        return inner.op("LogicalAnd", [isBelow, inner.op("Less", [sum, inner.float(20)])]);
      },
      (inner, [i, ...own]) => {
        const inside = {
          ...known,
          floats: [...known.floats, ...own, ...own, ...own],
          ints: [...known.ints, i as Written, i as Written],
        };
        const next = isSwap ? own.toReversed() : own.map(() => this.float(inner, inside, depth - 1));
        return [inner.op("AddV2", [i as Written, inner.int(1)]), ...next];
      },
    );
  }

  bool(scope: Scope, known: Known, depth: number): Written {
    const { random } = this;
    const kind = random.next();
    if (kind < 0.35) return random.pick(known.bools);
    if (kind < 0.45) return scope.constant("bool", [], { bool_val: [random.next() < 0.5] });
    if (kind < 0.6 && known.ints.length > 0)
      return scope.op("Less", [random.pick(known.ints), scope.int(1 + random.below(3))]);
    if (kind < 0.7) return scope.op("LogicalNot", [this.bool(scope, known, depth - 1)]);
    const sum = scope.op("Sum", [this.float(scope, known, Math.min(depth - 1, 1)), scope.int(0, 0)]);
    return scope.op("Less", [sum, scope.float(random.below(7) - 3)]);
  }
}

/** An axis list of one: int() of one value would be a scalar. */
function axisLists(nodes: GraphWriter["nodes"]): GraphWriter["nodes"] {
  return nodes.map((node) => {
    const tensor = node.attr?.value as { tensor: { tensor_shape: { dim: { size: number }[] } } } | undefined;
    const shape = tensor?.tensor.tensor_shape.dim;
    const values = (tensor?.tensor as unknown as { int_val?: number[] } | undefined)?.int_val;
    if (shape?.[0]?.size !== 2 || values?.length !== 2) return node;
    const fixed = { ...tensor?.tensor, tensor_shape: { dim: [{ size: 1 }] }, int_val: [0] };
    return { ...node, attr: { ...node.attr, value: { tensor: fixed } } };
  });
}

const feeds = ["x", "y", "p", "q", "flags"] as const;

/** A graph whose output is "z", and feeds for all sides of its inputs' choices. */
export function randomGraph(seed: number): { graph: GraphDef; runs: Record<string, Tensor>[] } {
  const random = new Random(seed);
  const program = new RandomProgram(random);
  const { root } = program.writer;
  const [x, y, p, q] = feeds.map((name) => root.own(name)) as [Written, Written, Written, Written];
  const known = {
    floats: [x, y],
    bools: [p, q, root.own("flag"), root.own("flag:1")],
    ints: [],
  };
  const z = program.float(root, known, 3 + random.below(2));
  const nodes = [
    placeholder("x", "float32", [2]),
    placeholder("y", "float32", [2]),
    placeholder("p", "bool", []),
    placeholder("q", "bool", []),
    placeholder("flags", "bool", [2]),
    { name: "flag", op: "Unpack", input: ["flags"], attr: { num: { i: 2 }, axis: { i: 0 } } },
    ...axisLists(program.writer.nodes),
    { name: "z", op: "Identity", input: [z.name] },
  ];
  const runs = [0, 1, 2, 3].map((run) => ({
    x: new Tensor("float32", [2], [random.below(5) - 2, random.below(5) - 2]),
    y: new Tensor("float32", [2], [random.below(9) - 4, random.below(9) - 4]),
    p: new Tensor("bool", [], [run & 1]),
    q: new Tensor("bool", [], [run >> 1]),
    flags: new Tensor("bool", [2], [random.below(2), random.below(2)]),
  }));
  return { graph: graphOf(...nodes), runs };
}
