/** The lowerings against TensorFlow's own results: the graphs of the reference engine's goldens, as far as they go. */
import { readFileSync } from "node:fs";
import { inflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { lowerings } from "../../../../framework/aot/lower/table.js";
import { isElementType, type View } from "../../../../framework/aot/tensor/View.js";
import { GraphIndex } from "../../../../framework/tensorflow/GraphIndex.js";
import { type GraphDef, type NodeDef, parseGraphDef } from "../../../../framework/tensorflow/GraphDef.js";
import { evaluateNode, isFoldable } from "../../../../framework/tensorflow/reference/evaluateNode.js";
import { supportedOps } from "../../../../framework/tensorflow/reference/ops.js";
import { expectClose, type PlainTensor, toTensor } from "../../tensorflow/goldens.js";
import { TestTrace, Unsupported } from "./lowerNode.js";

interface Case {
  readonly name: string;
  /** A binary GraphDef, deflated, in base64. */
  readonly graph: string;
  readonly inputs: Readonly<Record<string, PlainTensor>>;
  readonly outputs: Readonly<Record<string, PlainTensor>>;
}

function casesOf(path: string): Case[] {
  return (JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8")) as { cases: Case[] }).cases;
}

function graphOf({ name, graph }: Case): GraphDef {
  return parseGraphDef(inflateSync(Buffer.from(graph, "base64")), name);
}

/** Sources of a graph, and what the tracer has without a lowering. */
const given = new Set(["Const", "Placeholder", "PlaceholderWithDefault", "NoOp"]);

function isCovered(node: NodeDef): boolean {
  return given.has(node.op) || lowerings[node.op] !== undefined;
}

/** A session's run by way of lowerings; `areShapesKnown`: integers and scalars are known at compile time. */
function run(
  graph: GraphDef,
  inputs: Case["inputs"],
  areShapesKnown: boolean,
): Map<string, [TestTrace, View]> {
  const index = new GraphIndex(graph);
  const trace = new TestTrace();
  const views = new Map<string, View>();
  for (const node of index.order(index.nodeNames)) {
    const data = index.inputs(node).filter((input) => !input.isControl);
    const from = data.map((input) => views.get(`${input.node}:${input.port}`) as View);
    const fed = inputs[node.name];
    let outputs: readonly View[] = [];
    if (fed) {
      const isKnown = areShapesKnown && (fed.dtype.startsWith("int") || fed.shape.length === 0);
      outputs = [isKnown ? trace.fixed(toTensor(fed)) : trace.fed(toTensor(fed))];
    } else if (node.op === "Const") {
      const { tensor } = node.attrs.value as { tensor: PlainTensor & { data: never } };
      if (isElementType(tensor.dtype)) outputs = [trace.fixed(tensor)];
    } else if (node.op === "PlaceholderWithDefault") outputs = from;
    else if (node.op !== "NoOp") {
      const known = from.map((view) => trace.constant(view));
      const isKnown = isFoldable(node) && known.length > 0 && known.every((tensor) => tensor !== undefined);
      outputs = isKnown
        ? evaluateNode(node, known as never).map((t) => trace.fixed(t))
        : trace.lower(node, from);
    }
    for (const [port, view] of outputs.entries()) views.set(`${node.name}:${port}`, view);
  }
  return new Map([...views].map(([name, view]) => [name, [trace, view]]));
}

/** TensorFlow sums in float32. */
const tolerance = 3e-6;

/** With everything fed in the event; where a shape or an axis is among that, with integers and scalars known. */
function runOf(golden: Case): ReturnType<typeof run> {
  const graph = graphOf(golden);
  try {
    return run(graph, golden.inputs, false);
  } catch (error) {
    if (!(error instanceof Unsupported)) throw error;
    return run(graph, golden.inputs, true);
  }
}

/** Graphs that are not lowered though their ops are, and why. */
const excluded = new Map([
  ["Where", "the result's shape depends on the data"],
  ["Cast of half and bfloat16 constants", "the tracer folds it"],
  ["TruncateDiv float", "it is of integers"],
  ["Cast out of range to uint32 and uint64", "code does not compute with these"],
]);
/** Types that code does not compute with, or not with these ops. */
const excludedTypes = / of uint(32|64)$|^EuclideanNorm of u?int\d+$/;

describe.each(["../../tensorflow/op_goldens.json", "./lowering_goldens.json"])("the graphs of %s", (path) => {
  const cases = casesOf(path).filter((golden) => {
    const graph = graphOf(golden);
    return (
      graph.functions.length === 0 &&
      graph.nodes.every(isCovered) &&
      !excluded.has(golden.name) &&
      !excludedTypes.test(golden.name)
    );
  });

  it.each(cases)("$name", (golden) => {
    const values = runOf(golden);
    for (const [name, plain] of Object.entries(golden.outputs)) {
      const [trace, view] = values.get(name) as [TestTrace, View];
      expectClose(trace.tensorOf(view), plain, tolerance);
    }
  });

  it("has no case that is left out without a reason", () => {
    expect(cases.length).toBeGreaterThan(20);
  });
});

describe("the table", () => {
  it("has every op of the reference engine but control flow and lists, which the tracer has itself", () => {
    const missing = supportedOps().filter(
      (op) => !lowerings[op] && !/^Tensor(List|Array)|EmptyTensorList/.test(op),
    );
    const sources = ["Const", "Placeholder", "PlaceholderV2", "PlaceholderWithDefault"];
    const control = "Assert Enter Exit LoopCond Merge NextIteration NoOp Print PrintV2 Switch _SwitchN".split(
      " ",
    );
    const references = ["RefEnter", "RefExit", "RefMerge", "RefNextIteration", "RefSwitch"];
    expect(missing.sort()).toEqual([...sources, ...control, ...references].sort());
  });

  it("has no op without a golden or a property test", () => {
    const goldens = ["../../tensorflow/op_goldens.json", "./lowering_goldens.json"]
      .flatMap(casesOf)
      .map(graphOf);
    const tested = new Set(goldens.flatMap(({ nodes }) => nodes.map(({ op }) => op)));
    const files = ["elementwise", "views", "join", "reduce", "conv", "normalize"];
    const texts = files
      .map((file) => readFileSync(new URL(`./${file}.test.ts`, import.meta.url), "utf8"))
      .join();
    const isTested = (op: string) => tested.has(op) || new RegExp(`["' ]${op}["' ]`).test(texts);
    // All one lowering, which refuses.
    const random = /Random|Normal$|^Multinomial$/;
    expect(Object.keys(lowerings).filter((op) => !isTested(op) && !random.test(op))).toEqual([]);
  });
});
