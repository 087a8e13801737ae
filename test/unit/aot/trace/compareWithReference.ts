/** A graph's run by its traced steps, before and after the passes, against the reference engine. */
import { expect } from "vitest";
import { type Feed, type TracedGraph, traceGraph } from "../../../../framework/aot/lower/traceGraph.js";
import { Unsupported } from "../../../../framework/aot/lower/traceValues.js";
import { Exception } from "../../../../framework/base/errors.js";
import type { GraphDef } from "../../../../framework/tensorflow/GraphDef.js";
import { GraphIndex } from "../../../../framework/tensorflow/GraphIndex.js";
import { foldConstants } from "../../../../framework/tensorflow/reference/foldConstants.js";
import { lowerFunctions } from "../../../../framework/tensorflow/reference/functions/lowerFunctions.js";
import { ReferenceEngine } from "../../../../framework/tensorflow/reference/ReferenceEngine.js";
import { Session } from "../../../../framework/tensorflow/Session.js";
import type { Tensor } from "../../../../framework/tensorflow/Tensor.js";
import { type Outcome, runThreeTimes } from "../passes/StepMachine.js";

export type TestFeeds = Readonly<Record<string, Tensor>>;

const maxRounds = 1000;

/** The traced graph, or why it is not compiled. */
export function traced(graph: GraphDef, feeds: TestFeeds, fetches: readonly string[]): TracedGraph | string {
  const index = new GraphIndex(lowerFunctions(graph));
  const list = Object.entries(feeds).map(([name, { dtype, shape }]): Feed => ({ name, dtype, shape }));
  try {
    return traceGraph(index, foldConstants(index), list, fetches);
  } catch (error) {
    if (error instanceof Unsupported) return error.message;
    throw error;
  }
}

/**
 * Runs every set of feeds and compares. Gives how many were compiled: what is not may throw Unsupported, or stop at a
 * branch that is not compiled, but never give other numbers.
 */
export function compareWithReference(
  graph: GraphDef,
  runs: readonly TestFeeds[],
  fetches: readonly string[],
  tolerance = 0,
): { readonly compiled: number; readonly reasons: readonly string[] } {
  const session = new Session(new ReferenceEngine(maxRounds).load(new GraphIndex(graph)));
  const reasons: string[] = [];
  let compiled = 0;
  for (const feeds of runs) {
    const reference = orError(() => session.run(feeds, fetches));
    if (typeof reference === "string" && isOfGuardedConstants(reference)) continue;
    const graphs = traced(graph, feeds, fetches);
    if (typeof graphs === "string") {
      reasons.push(graphs);
      continue;
    }
    const inputs = Object.values(feeds).map(({ data }) => Array.from(data as Float32Array, Number));
    let outcomes: Outcome[];
    try {
      outcomes = runThreeTimes(graphs, inputs);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.includes("cannot be compiled")) throw error;
      reasons.push(error.message);
      continue;
    }
    compiled++;
    for (const outcome of outcomes) {
      if (typeof outcome === "string") expect(reference, outcome).toBeTypeOf("string");
      else expectSame(graphs, outcome, reference, tolerance);
    }
  }
  return { compiled, reasons };
}

/** The reference engine does not see the end of some loops in which constants alone choose (guardedConstants.ts). */
function isOfGuardedConstants(message: string): boolean {
  return message.includes("has not ended") || message.includes("is out of range for rank 0");
}

function expectSame(
  { outputs }: TracedGraph,
  results: readonly (readonly number[])[],
  reference: readonly Tensor[] | string,
  tolerance: number,
): void {
  if (typeof reference === "string") throw new Error(`the reference engine says ${reference}`);
  expect(outputs.map(({ dtype, shape }) => [dtype, shape])).toEqual(
    reference.map(({ dtype, shape }) => [dtype, [...shape]]),
  );
  for (const [i, { data }] of reference.entries()) {
    const expected = Array.from(data as Float32Array, Number);
    const got = results[i] as number[];
    const isClose = got.every((value, at) => isNear(value, expected[at] as number, tolerance));
    if (!isClose) expect(got).toEqual(expected);
  }
}

function isNear(a: number, b: number, tolerance: number): boolean {
  return Object.is(a, b) || a === b || Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(b));
}

function orError<T>(run: () => T): T | string {
  try {
    return run();
  } catch (error) {
    if (error instanceof Exception && error.category !== "LogicError") return error.message;
    throw error;
  }
}
