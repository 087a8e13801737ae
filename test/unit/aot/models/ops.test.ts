/**
 * Every op in the compiled engine against TensorFlow's own results: the goldens of the reference engine and those of
 * the lowerings. One program a case for WebAssembly; for native code, whose compiler takes its time, many in one.
 */
import { readFileSync } from "node:fs";
import { inflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { type GraphDef, parseGraphDef } from "../../../../framework/tensorflow/GraphDef.js";
import type { Tensor } from "../../../../framework/tensorflow/Tensor.js";
import { expectClose, type PlainTensor, toTensor } from "../../tensorflow/goldens.js";
import { mergedName, mergeGraphs } from "./mergedGraph.js";
import { compiledSession, testableTargets, withReasons } from "./targets.js";

interface Case {
  readonly name: string;
  /** A binary GraphDef, deflated, in base64. */
  readonly graph: string;
  readonly inputs: Readonly<Record<string, PlainTensor>>;
  readonly outputs: Readonly<Record<string, PlainTensor>>;
}

const paths = ["../../tensorflow/op_goldens.json", "../lower/lowering_goldens.json"];
const cases = paths.flatMap(
  (path) => (JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8")) as { cases: Case[] }).cases,
);

function graphOf({ name, graph }: Case): GraphDef {
  return parseGraphDef(inflateSync(Buffer.from(graph, "base64")), name);
}

function isEmpty({ inputs }: Case): boolean {
  return Object.values(inputs).some(({ data }) => data.length === 0);
}

/** What the compiler leaves to the reference engine: shapes that depend on data, and types it does not have. */
const dependsOnData = /the shape of its result depends on the data/;
const unknownShape = /(new shape|shape|begin of the slice|length of the range) is not known at compile time/;
const changesShape = /a loop variable changes its shape from \[2\] to \[4\]/;
const drawsRandomly = /it draws random numbers/;
const noSwitchN = /the compiler does not have the op _SwitchN/;
const ofOtherTypes: readonly (readonly [name: RegExp, reason: RegExp])[] = [
  [/ of uint(32|64)$/, /is of dtype uint(32|64), which is not compiled/],
  [/^EuclideanNorm of u?int\d+$/, /it computes with u?int\d+/],
  [/^Cast out of range to uint32/, /DstT is uint(32|64); use float32 instead/],
  [/^TruncateDiv float$/, /it computes with float32/],
];
const notWhole: Readonly<Record<string, RegExp>> = {
  Where: dependsOnData,
  // What makes the shape is fed in these, and not a constant.
  Reshape: unknownShape,
  "StridedSlice int64 positions": unknownShape,
  Fill: unknownShape,
  Range: unknownShape,
  "Range float": unknownShape,
  ToBool: /its condition is no single bool/,
  "TensorList ops": /it writes into a list that was made from a tensor/,
  "TensorArray ops": /it writes some elements of a TensorArray only/,
  "while: a variable that grows of TensorFlow 1": changesShape,
  "while: a variable that grows as functions": changesShape,
  "while: recurrent network going backwards of TensorFlow 1": drawsRandomly,
  "while: recurrent network going backwards as functions": drawsRandomly,
  "case: branch 0 of TensorFlow 1": noSwitchN,
  "case: branch 1 of TensorFlow 1": noSwitchN,
  "case: branch 7 of TensorFlow 1": noSwitchN,
  "case: branch 0 as functions": noSwitchN,
  "case: branch 1 as functions": noSwitchN,
  "case: branch 7 as functions": noSwitchN,
};

function notWholeBecause({ name }: Case): RegExp | undefined {
  return notWhole[name] ?? ofOtherTypes.find(([names]) => names.test(name))?.[1];
}

/** TensorFlow's float sums and vectorised functions are that far from the exact value; sums of 80 products differ by more. */
const tolerance = ({ name }: Case) => (/^Conv(2DBackpropInput|3D) /.test(name) ? 5e-6 : 1e-6);

function check(golden: Case, results: readonly Tensor[]): void {
  const names = Object.keys(golden.outputs);
  expect(results.length).toBe(names.length);
  for (const [i, name] of names.entries())
    expectClose(results[i] as Tensor, golden.outputs[name] as PlainTensor, tolerance(golden));
}

function feedsOf({ inputs }: Case, rename = (name: string) => name): [string, Tensor][] {
  return Object.entries(inputs).map(([name, plain]) => [rename(name), toTensor(plain)]);
}

describe("ops compiled for wasm agree with TensorFlow", () => {
  it.each(cases)("$name", (golden) => {
    const { result, reasons } = withReasons(() =>
      compiledSession(graphOf(golden), "wasm").run(feedsOf(golden), Object.keys(golden.outputs)),
    );
    if (isEmpty(golden)) expect(result).toEqual([]);
    else check(golden, result);
    const expected = notWholeBecause(golden);
    expect(reasons.filter((reason) => !expected?.test(reason))).toEqual([]);
    expect(reasons.length > 0, "not compiled whole").toBe(expected !== undefined);
  });
});

describe.skipIf(!testableTargets("aot/models/ops.test.ts").includes("native"))("compiled for native", () => {
  const whole = cases.filter((golden) => !isEmpty(golden) && !notWholeBecause(golden));
  const size = 20;
  const groups = Array.from({ length: Math.ceil(whole.length / size) }, (_, i) =>
    whole.slice(i * size, (i + 1) * size),
  );
  it.each(groups.map((group) => [`${group[0]?.name} … ${group.at(-1)?.name}`, group] as const))(
    "%s agree with TensorFlow",
    { timeout: 120_000 },
    (_, group) => {
      const graph = mergeGraphs(group.map(graphOf));
      const feeds = group.flatMap((golden, at) => feedsOf(golden, (name) => mergedName(at, name)));
      const fetches = group.flatMap(({ outputs }, at) =>
        Object.keys(outputs).map((name) => mergedName(at, name)),
      );
      const { result, reasons } = withReasons(() => compiledSession(graph, "native").run(feeds, fetches));
      expect(reasons).toEqual([]);
      let from = 0;
      for (const golden of group) {
        const count = Object.keys(golden.outputs).length;
        check(golden, result.slice(from, from + count));
        from += count;
      }
    },
  );

  it.each(cases.filter(notWholeBecause))("$name agrees, though not compiled whole", (golden) => {
    check(
      golden,
      compiledSession(graphOf(golden), "native").run(feedsOf(golden), Object.keys(golden.outputs)),
    );
  });
});
