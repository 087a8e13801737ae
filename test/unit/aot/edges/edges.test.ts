/**
 * NaN, ±Inf, ±0, denormals, the largest floats and ties, in every kind of op, against TensorFlow on the CPU
 * (edge_goldens.json, made by make_edge_goldens.py): the compiled engine on both targets and the reference engine.
 */
import { readFileSync } from "node:fs";
import { inflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { type GraphDef, parseGraphDef } from "../../../../framework/tensorflow/GraphDef.js";
import { createSession } from "../../../../framework/tensorflow/Session.js";
import type { Tensor } from "../../../../framework/tensorflow/Tensor.js";
import { type PlainTensor, toTensor } from "../../tensorflow/goldens.js";
import { mergedName, mergeGraphs } from "../models/mergedGraph.js";
import { compiledSession, testableTargets, withReasons } from "../models/targets.js";

interface Case {
  readonly name: string;
  /** A binary GraphDef, deflated, in base64. */
  readonly graph: string;
  readonly inputs: Readonly<Record<string, PlainTensor>>;
  readonly outputs: Readonly<Record<string, PlainTensor>>;
}

const { cases } = JSON.parse(readFileSync(new URL("./edge_goldens.json", import.meta.url), "utf8")) as {
  cases: Case[];
};

function graphOf({ name, graph }: Case): GraphDef {
  return parseGraphDef(inflateSync(Buffer.from(graph, "base64")), name);
}

function feedsOf({ inputs }: Case, rename = (name: string) => name): [string, Tensor][] {
  return Object.entries(inputs).map(([name, plain]) => [rename(name), toTensor(plain)]);
}

const tolerance = 2e-6;
/** TensorFlow's threads take denormal numbers for 0, as operands and as results; no engine here does. */
const flushed = 4e-38;
/** Which of two zeros these give hangs, in TensorFlow, on the place in the vector: nothing to agree with. */
const anyZero = /^(Relu6?|Maximum|Minimum|Max|Min|MaxPool|clip_by_value.*)(_\d+)?:0$/;

function isSame(a: number, b: number, output: string): boolean {
  if (Object.is(a, b)) return true;
  if (a === 0 && b === 0) return anyZero.test(output);
  return Math.abs(a - b) <= Math.max(flushed, tolerance * Math.abs(b));
}

/** The places, of each output, where an engine's results are not TensorFlow's. */
function differences(golden: Case, results: readonly Tensor[]): Record<string, string> {
  const differing: Record<string, string> = {};
  for (const [i, [output, plain]] of Object.entries(golden.outputs).entries()) {
    const [expected, got] = [toTensor(plain), results[i] as Tensor];
    expect([got.dtype, got.shape], output).toEqual([expected.dtype, expected.shape]);
    const places = Array.from(expected.data as ArrayLike<number | bigint>, Number).flatMap((value, at) =>
      isSame(Number(got.data[at]), value, output) ? [] : [`[${at}] ${got.data[at]}, not ${value}`],
    );
    if (places.length > 0) differing[`${golden.name}, ${output}`] = places.slice(0, 5).join("; ");
  }
  return differing;
}

const denormals = "denormal numbers are numbers";
const grappler =
  "TensorFlow's optimizer makes it a square root, which −Inf does not have; the op Pow gives ours";
/** Where we stay with our own results, and why. */
const kept: Readonly<Record<string, string>> = {
  "Functions of denormals, Sign:0": denormals,
  "Functions of denormals, Floor:0": denormals,
  "Functions of denormals, Ceil:0": denormals,
  "Functions of denormals, Log:0": denormals,
  "Functions of denormals, Sqrt:0": denormals,
  "Functions of denormals, Rsqrt:0": denormals,
  "Pairs of denormals, RealDiv:0": denormals,
  "All pairs, FloorDiv:0": denormals,
  "Cast to bool, Cast:0": denormals,
  "Pow of constants, Pow_1:0": grappler,
  "Pow of constants, Pow_2:0": grappler,
};

describe("compiled for wasm, edges are as TensorFlow has them", () => {
  it.each(cases)("$name", (golden) => {
    const { result, reasons } = withReasons(() =>
      compiledSession(graphOf(golden), "wasm").run(feedsOf(golden), Object.keys(golden.outputs)),
    );
    expect(reasons).toEqual([]);
    expect(unexpected(differences(golden, result), kept)).toEqual({});
  });

  it("where not kept on purpose, and then still", () => {
    const differing = cases.map((golden) =>
      differences(
        golden,
        compiledSession(graphOf(golden), "wasm").run(feedsOf(golden), Object.keys(golden.outputs)),
      ),
    );
    expect(Object.keys(Object.assign({}, ...differing)).sort()).toEqual(Object.keys(kept).sort());
  });
});

function unexpected(found: Record<string, string>, known: Readonly<Record<string, string>>) {
  return Object.fromEntries(Object.entries(found).filter(([output]) => !(output in known)));
}

const hasNative = testableTargets("aot/edges/edges.test.ts").includes("native");
it.skipIf(!hasNative)("compiled for native, edges are the same", { timeout: 120_000 }, () => {
  const size = Math.ceil(cases.length / 3);
  for (let from = 0; from < cases.length; from += size) {
    const group = cases.slice(from, from + size);
    const graph = mergeGraphs(group.map(graphOf));
    const feeds = group.flatMap((golden, at) => feedsOf(golden, (name) => mergedName(at, name)));
    const fetches = group.map(({ outputs }, at) => Object.keys(outputs).map((name) => mergedName(at, name)));
    const results = compiledSession(graph, "native").run(feeds, fetches.flat());
    let first = 0;
    for (const [at, golden] of group.entries()) {
      const own = results.slice(first, first + (fetches[at] as string[]).length);
      expect(unexpected(differences(golden, own), kept)).toEqual({});
      first += own.length;
    }
  }
});

/** Where the reference engine's results are not TensorFlow's, and so not the compiled engine's. */
const ofReference: readonly RegExp[] = [
  // Is nearer to the exact value.
  /^Softmax of \d+ of great spread/,
];

describe("the reference engine has the same edges", () => {
  it.each(cases)("$name", (golden) => {
    const session = createSession(graphOf(golden), { engine: "reference" });
    const found = differences(golden, session.run(feedsOf(golden), Object.keys(golden.outputs)));
    const others = Object.entries(unexpected(found, kept)).filter(
      ([output]) => !ofReference.some((known) => known.test(output)),
    );
    expect(others).toEqual([]);
  });
});
