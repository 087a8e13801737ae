/** A graph with a loop, as tests need one whose rounds and operations are known. */
import type { GraphDef, NodeDef } from "../../../../framework/tensorflow/GraphDef.js";
import { constant, floats, graphOf, node, placeholder } from "../buildGraph.js";

/** x · w as often as `rounds` says, in a While whose weights are a loop variable. */
export function loop(rounds: number): GraphDef {
  const outer = graphOf(
    placeholder("x", "float32", [1, 3]),
    floats("w", [3, 3], [0.1]),
    constant("zero", "int32", [], { int_val: [0] }),
    node("result", "Identity", ["while:1"]),
  );
  const inner = graphOf(
    constant("limit", "int32", [], { int_val: [rounds] }),
    constant("one", "int32", [], { int_val: [1] }),
  );
  const [limit, one] = inner.nodes as [NodeDef, NodeDef];
  const plain = (name: string, op: string, ...inputs: string[]): NodeDef => ({ name, op, inputs, attrs: {} });
  const args = ["i", "x", "w"].map((name) => ({ name, type: name === "i" ? 3 : 1, typeAttr: "" }));
  const condition = {
    name: "condition",
    inputs: args,
    outputs: [{ name: "goesOn", type: 10, typeAttr: "" }],
    nodes: [limit, plain("less", "Less", "i", "limit:output:0")],
    ret: { goesOn: "less:z:0" },
  };
  const body = {
    name: "body",
    inputs: args,
    outputs: ["next", "y", "same"].map((name) => ({ name, type: name === "next" ? 3 : 1, typeAttr: "" })),
    nodes: [one, plain("add", "AddV2", "i", "one:output:0"), plain("product", "MatMul", "x", "w")],
    ret: { next: "add:z:0", y: "product:product:0", same: "w" },
  };
  const loopNode: NodeDef = {
    name: "while",
    op: "While",
    inputs: ["zero", "x", "w"],
    attrs: { cond: { func: { name: "condition", attrs: {} } }, body: { func: { name: "body", attrs: {} } } },
  };
  return { ...outer, nodes: [...outer.nodes, loopNode], functions: [condition, body] };
}
