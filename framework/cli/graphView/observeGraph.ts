/** What a graph does when it is run once: costs, the nodes that its outputs need, and what would not be compiled. */
import { Exception } from "../../base/errors.js";
import { compiledParts } from "../../aot/engine/compiledParts.js";
import type { Feed } from "../../aot/lower/traceGraph.js";
import type { GraphDef } from "../../tensorflow/GraphDef.js";
import { type GraphIndex, isOneOf } from "../../tensorflow/GraphIndex.js";
import { parseTensorName } from "../../tensorflow/names.js";
import { foldConstants } from "../../tensorflow/reference/foldConstants.js";
import type { Tensor } from "../../tensorflow/Tensor.js";
import { fullNames } from "../../tensorflow/cost/fullNames.js";
import { type GraphCost, recordRun } from "../../tensorflow/cost/recordRun.js";

export interface Observed {
  readonly cost?: GraphCost;
  readonly needed: ReadonlySet<string>;
  /** Node → why it runs in the reference engine. */
  readonly uncompiled: ReadonlyMap<string, string>;
  readonly notes: readonly string[];
}

/** `index`: the graph as the reference engine has loaded it. What cannot be run or compiled becomes a note. */
export function observeGraph(
  graph: GraphDef,
  index: GraphIndex,
  feeds: readonly [string, Tensor][] | undefined,
  outputs: readonly string[],
): Observed {
  const given = feeds ?? [];
  const names = fullNames(
    graph,
    given.map(([name]) => name),
    // A sparse or composite tensor has no name.
    outputs.filter((output) => graph.signature?.outputs[output]?.name !== ""),
  );
  const roots = names.fetches.map((name) => parseTensorName(name).node);
  const needed = new Set(index.order(roots).map(({ name }) => name));
  const unobserved = { needed, uncompiled: new Map<string, string>() };
  if (!feeds) return { ...unobserved, notes: [] };
  try {
    const fed = given.map(([, tensor], i) => ({ name: parseTensorName(names.feeds[i] as string), tensor }));
    const cost = recordRun(index, fed, names.fetches.map(parseTensorName));
    const { uncompiled, notes } = whatIsNotCompiled(index, names, given, cost);
    return { cost, needed, uncompiled, notes };
  } catch (error) {
    if (!(error instanceof Exception) || error.category === "LogicError") throw error;
    return { ...unobserved, notes: [`Shapes and costs are not known: ${error.message}`] };
  }
}

function whatIsNotCompiled(
  index: GraphIndex,
  names: ReturnType<typeof fullNames>,
  feeds: readonly [string, Tensor][],
  cost: GraphCost,
) {
  const types = feeds.map(
    ([, { dtype, shape }], i): Feed => ({ name: names.feeds[i] as string, dtype, shape }),
  );
  const typeOf = (name: string): Feed => {
    const type = cost.types.get(name);
    if (type && type.dtype !== "list") return { name, dtype: type.dtype, shape: type.shape };
    throw new Exception("LogicError", `tensor '${name}' lies between two parts and was not seen.`);
  };
  const constants = foldConstants(index);
  const parts = compiledParts({ index, constants }, types, names.fetches, typeOf);
  const uncompiled = new Map<string, string>();
  for (const { kind, feeds: given, fetches, reason } of parts) {
    if (kind === "compiled") continue;
    const roots = fetches.map((name) => parseTensorName(name).node);
    for (const { name } of index.order(roots, isOneOf(new Set(given))))
      if (!constants.has(`${name}:0`)) uncompiled.set(name, reason ?? "");
  }
  const reasons = [...new Set(uncompiled.values())].map((reason) => `Not compiled: ${reason}.`);
  return { uncompiled, notes: reasons };
}
