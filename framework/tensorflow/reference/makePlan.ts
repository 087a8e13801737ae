/** From feeds and fetches to a plan: what is needed and what is given, checked; Planner.ts makes the steps. */
import { Exception } from "../../base/errors.js";
import { invalidRun } from "../feeds.js";
import type { NodeDef } from "../GraphDef.js";
import { type GraphIndex, isOneOf } from "../GraphIndex.js";
import { type TensorName, tensorKey } from "../names.js";
import type { TensorLike } from "../Tensor.js";
import { assignBuffers } from "./buffers.js";
import { type FrameOf, findFrames } from "./frames.js";
import { findConditions } from "./lazyBranches.js";
import { checkSupported, findOp, isSupported } from "./ops.js";
import type { Plan } from "./Plan.js";
import { Planner } from "./Planner.js";

/** Constants by full tensor name: those of the graph and what was computed from them at load. */
export type Constants = ReadonlyMap<string, TensorLike>;

/** @throws InvalidRun for a fetched or fed output that the node does not have, InvalidSession for an unsupported op. */
export function makePlan(
  index: GraphIndex,
  constants: Constants,
  feeds: readonly TensorName[],
  fetches: readonly TensorName[],
): Plan {
  const fed = new Set(feeds.map(tensorKey));
  const known = unlessFed(index, constants, feeds);
  const isFed = isOneOf(fed);
  const isGiven = (tensor: TensorName) =>
    isFed(tensor) || (!tensor.isControl && known.has(tensorKey(tensor)));
  const roots = fetches.filter((fetch) => !isGiven(fetch)).map((fetch) => fetch.node);
  const order = index.order(roots, isGiven).filter((node) => !known.has(`${node.name}:0`));
  checkSupported(order, index.graph.origin);
  for (const name of [...feeds, ...fetches]) checkPort(index, name);
  const frameOf = findFrames(index, order, isGiven);
  if (frameOf) checkFetches(index, fetches, frameOf);
  const planner = new Planner(index, isGiven, isFed, findConditions(index, order, fetches, isGiven));
  const feedValues = feeds.map((feed) => planner.value(feed));
  const steps = frameOf ? planner.withLoops(order, frameOf) : planner.nodes(order);
  const fetchValues = fetches.map((fetch) => planner.value(fetch));
  const used = [...planner.values].filter(([key]) => known.has(key) && !fed.has(key));
  return {
    steps: assignBuffers(steps, fetchValues, planner.valueCount),
    valueCount: planner.valueCount,
    constants: used.map(([key, value]) => ({ value, tensor: known.get(key) as TensorLike })),
    feeds: feedValues,
    fetches: fetchValues,
  };
}

function checkPort(index: GraphIndex, name: TensorName): void {
  const node = index.node(name.node);
  if (!node) throw new Exception("LogicError", `'${name.node}' was not looked up before planning.`);
  // A fed node is not run, so its op may be one that this engine does not have.
  if (!isSupported(node)) return;
  const count = findOp(node).outputs?.(node) ?? 1;
  if (name.port < count) return;
  throw invalidRun(
    `'${tensorKey(name)}' is asked for, but node '${node.name}' (${node.op}) has ${count} outputs`,
  );
}

function checkFetches(index: GraphIndex, fetches: readonly TensorName[], frameOf: FrameOf): void {
  for (const fetch of fetches) {
    const node = index.node(fetch.node) as NodeDef;
    const frame = frameOf(node);
    const isInside = node.op === "Exit" || node.op === "RefExit" ? frame?.parent : frame;
    if (isInside)
      throw invalidRun(`output '${fetch.node}' lies inside the loop '${isInside.name}': fetch its Exit`);
  }
}

/** A fed tensor replaces what was computed from its constant value at load. */
function unlessFed(index: GraphIndex, constants: Constants, feeds: readonly TensorName[]): Constants {
  if (!feeds.some((feed) => constants.has(tensorKey(feed)))) return constants;
  const changed = new Set(feeds.map((feed) => feed.node));
  const kept = new Map(constants);
  for (const node of index.order(index.nodeNames)) {
    const isChanged =
      changed.has(node.name) || index.inputs(node).some((i) => !i.isControl && changed.has(i.node));
    if (!isChanged) continue;
    changed.add(node.name);
    for (const key of [...kept.keys()].filter((key) => key.startsWith(`${node.name}:`))) kept.delete(key);
  }
  return kept;
}
