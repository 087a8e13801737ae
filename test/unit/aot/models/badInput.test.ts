/** What the compiled engine says when it cannot go on: one sentence each, on both targets, and the next run is right. */
import { readFileSync } from "node:fs";
import { inflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { compileGraph } from "../../../../framework/aot/compile.js";
import type { Slot } from "../../../../framework/aot/Unit.js";
import { loadUnit } from "../../../../framework/aot/loadUnit.js";
import { parseGraphDef } from "../../../../framework/tensorflow/GraphDef.js";
import { createSession } from "../../../../framework/tensorflow/Session.js";
import { Tensor } from "../../../../framework/tensorflow/Tensor.js";
import {
  constant,
  constantGraphNodes,
  floats,
  graphOf,
  node,
  placeholder,
} from "../../tensorflow/buildGraph.js";
import { type PlainTensor, toTensor } from "../../tensorflow/goldens.js";
import { failure } from "./failure.js";
import { compiledSession, testableTargets } from "./targets.js";

const graph = graphOf(...constantGraphNodes);
const scale = new Tensor("float32", [], [1]);
const input = new Tensor("float32", [1, 10], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);

it("an unknown engineTarget is refused by name", () => {
  const options = { engine: "compiled", engineTarget: "nativ" };
  expect(failure(() => createSession(graph, options as never))).toMatch(
    /^InvalidSession: unknown engineTarget 'nativ'; did you mean 'native'\?\.$/,
  );
});

const targets = testableTargets("aot/models/badInput.test.ts");
describe.each(targets)("compiled for %s", (target) => {
  it("wrong feeds are refused as in every engine, and the next run is right", () => {
    const session = compiledSession(graph, target);
    const wrong = (feeds: Record<string, Tensor>) => failure(() => session.run(feeds, ["output"]));
    expect(wrong({ input: new Tensor("float32", [1, 9]), scale })).toBe(
      "InvalidRun: error while running session: input 'input' expects shape [?,10], given is [1,9].",
    );
    expect(wrong({ input: new Tensor("int32", [1, 10]), scale })).toBe(
      "InvalidRun: error while running session: input 'input' expects float32, given is int32.",
    );
    expect(wrong({ input })).toMatch(/input 'scale' .* is not fed/);
    // What is fed in place of an inner tensor is not declared: the node that cannot take it says so.
    expect(wrong({ matmul: new Tensor("float64", [1, 1]), scale })).toContain("'sum'");
    expect(wrong({ matmul: new Tensor("float32", [1, 3]), b: new Tensor("float32", [2]), scale })).toContain(
      "'sum'",
    );
    expect(session.run({ input, scale }, ["output"])[0]?.data[0]).toBe(46);
  });

  it.each([5, -1, 2 ** 31 - 1, -(2 ** 31)])(
    "index %i out of range is refused by the node's name",
    (index) => {
      const session = compiledSession(
        graphOf(
          placeholder("rows", "int32", [-1]),
          floats(
            "table",
            [5, 3],
            Array.from({ length: 15 }, (_, i) => i),
          ),
          constant("axis", "int32", [], { int_val: [0] }),
          node("picked", "GatherV2", ["table", "rows", "axis"], {
            Tparams: { type: 1 },
            Tindices: { type: 3 },
            Taxis: { type: 3 },
          }),
          node("y", "Neg", ["picked"], { T: { type: 1 } }),
        ),
        target,
      );
      expect(failure(() => session.run({ rows: new Tensor("int32", [2], [1, index]) }, ["y"]))).toMatch(
        /^InvalidRun: error while running session: a position of 'picked' \(GatherV2\) is outside of \[5,3\]\.$/,
      );
      const [y] = session.run({ rows: new Tensor("int32", [2], [4, 0]) }, ["y"]);
      expect([...(y as Tensor<"float32">).data]).toEqual([-12, -13, -14, -0, -1, -2]);
    },
  );

  it("a division of integers by zero is refused by the node's name", () => {
    const attr = { T: { type: 3 } };
    const session = compiledSession(
      graphOf(
        placeholder("a", "int32", [-1]),
        placeholder("b", "int32", [-1]),
        node("y", "FloorDiv", ["a", "b"], attr),
      ),
      target,
    );
    const pair = (b: number[]) => ({ a: new Tensor("int32", [2], [7, -7]), b: new Tensor("int32", [2], b) });
    expect(failure(() => session.run(pair([2, 0]), ["y"]))).toMatch(
      /^InvalidRun: error while running session: node 'y(:0)?': Integer division by zero\.$/,
    );
    expect([...(session.run(pair([2, 2]), ["y"])[0] as Tensor<"int32">).data]).toEqual([3, -4]);
  });

  it("no rows give no outputs in a session, and empty outputs in a unit", () => {
    expect(
      compiledSession(graph, target).run({ input: new Tensor("float32", [0, 10]), scale }, ["output"]),
    ).toEqual([]);
    const feeds = [
      { name: "input:0", dtype: "float32", shape: [0, 10] },
      { name: "scale:0", dtype: "float32", shape: [] },
    ] as const;
    const unit = loadUnit(compileGraph(graph, feeds, ["output:0", "sum:0"], target));
    unit.run();
    expect(unit.outputs.map(({ shape, data }) => [shape, data.length])).toEqual([
      [[0, 1], 0],
      [[0, 1], 0],
    ]);
  });

  type Case = {
    name: string;
    graph: string;
    inputs: Record<string, PlainTensor>;
    outputs: Record<string, PlainTensor>;
  };
  const path = new URL("../../tensorflow/op_goldens.json", import.meta.url);
  const { cases } = JSON.parse(readFileSync(path, "utf8")) as { cases: Case[] };
  const empty = cases.filter(({ inputs }) => Object.values(inputs).some(({ data }) => data.length === 0));
  it.each(empty)("TensorFlow's $name is what a unit gives", ({ name, graph: text, inputs, outputs }) => {
    const own = parseGraphDef(inflateSync(Buffer.from(text, "base64")), name);
    const feeds = Object.entries(inputs).map(([input, { dtype, shape }]) => ({
      name: `${input}:0`,
      dtype,
      shape,
    }));
    const unit = loadUnit(compileGraph(own, feeds, Object.keys(outputs), target));
    for (const [i, plain] of Object.values(inputs).entries())
      ((unit.inputs[i] as Slot).data as Float32Array).set(toTensor(plain).data as Float32Array);
    unit.run();
    const got = unit.outputs.map(({ dtype, shape, data }) => [dtype, shape, [...(data as Float32Array)]]);
    const expected = Object.values(outputs).map(toTensor);
    expect(got).toEqual(
      expected.map(({ dtype, shape, data }) => [dtype, shape, [...(data as Float32Array)]]),
    );
  });
});
