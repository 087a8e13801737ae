/**
 * Every op of the reference engine against TensorFlow's own results: op_goldens.json, made by make_op_goldens.py, and
 * those of the compiler's lowerings.
 */
import { readFileSync } from "node:fs";
import { inflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { type GraphDef, parseGraphDef } from "../../../framework/tensorflow/GraphDef.js";
import { supportedOps } from "../../../framework/tensorflow/reference/ops.js";
import { createSession } from "../../../framework/tensorflow/Session.js";
import { expectClose, type PlainTensor, toTensor } from "./goldens.js";

interface Case {
  readonly name: string;
  /** A binary GraphDef, deflated, in base64. */
  readonly graph: string;
  readonly inputs: Readonly<Record<string, PlainTensor>>;
  readonly outputs: Readonly<Record<string, PlainTensor>>;
}

function casesOf(path: string): readonly Case[] {
  return (JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8")) as { cases: Case[] }).cases;
}

const cases = ["./op_goldens.json", "../aot/lower/lowering_goldens.json"].flatMap(casesOf);

function graphOf({ name, graph }: Case): GraphDef {
  return parseGraphDef(inflateSync(Buffer.from(graph, "base64")), name);
}

/** 4 ulp of float32: TensorFlow's own float sums and vectorised functions are that far from the exact value. */
const tolerance = 4.8e-7;
/** Sums of up to 80 products are further. */
const ofLongSums = 3e-6;

describe("reference ops agree with TensorFlow", () => {
  it.each(cases)("$name", (golden) => {
    const { inputs, outputs } = golden;
    const session = createSession(graphOf(golden), { engine: "reference" });
    const feeds = Object.fromEntries(
      Object.entries(inputs).map(([input, plain]) => [input, toTensor(plain)]),
    );
    const names = Object.keys(outputs);
    const isEmpty = Object.values(feeds).some((feed) => feed.data.length === 0);
    const results = session.run(feeds, names);
    expect(results.length).toBe(isEmpty ? 0 : names.length);
    for (const [i, result] of results.entries())
      expectClose(
        result,
        outputs[names[i] as string] as PlainTensor,
        /^Conv(2DBackpropInput|3D) /.test(golden.name) ? ofLongSums : tolerance,
      );
  });

  it("leaves no op of the table without a golden case", () => {
    const nodesOf = (graph: GraphDef) => [
      ...graph.nodes,
      ...graph.functions.flatMap((called) => called.nodes),
    ];
    const tested = new Set(cases.flatMap((golden) => nodesOf(graphOf(golden)).map((n) => n.op)));
    const sameKernel = {
      BatchMatMul: "BatchMatMulV2",
      BatchMatMulV3: "BatchMatMulV2",
      PlaceholderV2: "Placeholder",
    };
    const alsoSame = { PreventGradient: "StopGradient", Snapshot: "StopGradient", Inv: "Reciprocal" };
    const known: Record<string, string> = {
      ...sameKernel,
      ...alsoSame,
      NoOp: "Const",
      Identity: "StopGradient",
    };
    const isReference = (op: string) => op.startsWith("Ref") && tested.has(op.slice(3));
    // Those without goldens, because TensorFlow prints, reads variables or makes the op itself: controlFlow.test.ts.
    const elsewhere = [
      "Print",
      "PrintV2",
      "ReadVariableOp",
      "ResourceGather",
      "VarIsInitializedOp",
      "_SwitchN",
    ];
    for (const op of [...elsewhere, "IsVariableInitialized", "TensorArrayCloseV3"]) tested.add(op);
    const untested = supportedOps().filter(
      (op) => !tested.has(op) && !tested.has(known[op] ?? "") && !isReference(op),
    );
    expect(untested).toEqual([]);
  });
});
