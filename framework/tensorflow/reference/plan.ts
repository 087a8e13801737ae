/**
 * From feeds and fetches to a list of steps: what is needed, in an order that can run, and which buffer each value
 * lives in. A buffer is given to the next value when its last reader has run, so memory follows the widest layer and
 * not the depth of the graph.
 */
import { Exception } from "../../base/errors.js";
import { invalidRun } from "../feeds.js";
import type { NodeDef } from "../GraphDef.js";
import { type GraphIndex, isOneOf } from "../GraphIndex.js";
import { type TensorName, tensorKey } from "../names.js";
import type { TensorLike } from "../Tensor.js";
import type { Kernel, Op } from "./op.js";
import { findOp } from "./ops.js";

export interface Step {
  readonly node: NodeDef;
  readonly kernel: Kernel;
  /** Indices of values. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** The arena buffer of each output, or -1 where the output is its input's memory. */
  readonly buffers: readonly number[];
}

export interface Plan {
  readonly steps: readonly Step[];
  readonly valueCount: number;
  readonly constants: readonly { readonly value: number; readonly tensor: TensorLike }[];
  readonly feeds: readonly number[];
  readonly fetches: readonly number[];
}

/** Constants by full tensor name: those of the graph and what was computed from them at load. */
export type Constants = ReadonlyMap<string, TensorLike>;

/** @throws InvalidRun for a fetched or fed output that the node does not have. */
export function makePlan(
  index: GraphIndex,
  constants: Constants,
  feeds: readonly TensorName[],
  fetches: readonly TensorName[],
): Plan {
  const fed = new Set(feeds.map(tensorKey));
  const known = unlessFed(index, constants, feeds);
  const isFed = isOneOf(fed);
  const isGiven = (tensor: TensorName) => isFed(tensor) || (!tensor.isControl && known.has(tensorKey(tensor)));
  for (const name of [...feeds, ...fetches]) checkPort(index, name);
  const roots = fetches.filter((fetch) => !isGiven(fetch)).map((fetch) => fetch.node);
  const values = new Values();
  const feedValues = feeds.map((feed) => values.index(feed));
  const steps: Omit<Step, "buffers">[] = [];
  for (const node of index.order(roots, isGiven)) {
    const op = findOp(node);
    if (op.outputs?.(node) === 0 || known.has(`${node.name}:0`)) continue;
    const inputs = index
      .inputs(node)
      .filter((input) => !input.isControl)
      .map((input) => values.index(input));
    const outputs = outputNames(node, op).map((output) => (isFed(output) ? values.unnamed() : values.index(output)));
    steps.push({ node, kernel: op.create(node), inputs, outputs });
  }
  const fetchValues = fetches.map((fetch) => values.index(fetch));
  const used = [...values.keys].filter(([key]) => known.has(key) && !fed.has(key));
  return {
    steps: assignBuffers(steps, fetchValues, values.count),
    valueCount: values.count,
    constants: used.map(([key, value]) => ({ value, tensor: known.get(key) as TensorLike })),
    feeds: feedValues,
    fetches: fetchValues,
  };
}

/** The numbering of the values that a plan touches. */
class Values {
  readonly keys = new Map<string, number>();
  count = 0;

  index(tensor: TensorName): number {
    const key = tensorKey(tensor);
    const known = this.keys.get(key);
    if (known !== undefined) return known;
    this.keys.set(key, this.count);
    return this.count++;
  }

  /** For an output that nobody reads, because a feed stands in for it. */
  unnamed(): number {
    return this.count++;
  }
}

function outputNames(node: NodeDef, op: Op): TensorName[] {
  const count = op.outputs?.(node) ?? 1;
  return Array.from({ length: count }, (_, port) => ({ node: node.name, port, isControl: false }));
}

function checkPort(index: GraphIndex, name: TensorName): void {
  const node = index.node(name.node);
  if (!node) throw new Exception("LogicError", `'${name.node}' was not looked up before planning.`);
  const count = findOp(node).outputs?.(node) ?? 1;
  if (name.port < count) return;
  throw invalidRun(`'${tensorKey(name)}' is asked for, but node '${node.name}' (${node.op}) has ${count} outputs`);
}

/** A fed tensor replaces what was computed from its constant value at load. */
function unlessFed(index: GraphIndex, constants: Constants, feeds: readonly TensorName[]): Constants {
  if (!feeds.some((feed) => constants.has(tensorKey(feed)))) return constants;
  const changed = new Set(feeds.map((feed) => feed.node));
  const kept = new Map(constants);
  for (const node of index.order(index.nodeNames)) {
    const isChanged = changed.has(node.name) || index.inputs(node).some((i) => !i.isControl && changed.has(i.node));
    if (!isChanged) continue;
    changed.add(node.name);
    for (const output of outputNames(node, findOp(node))) kept.delete(tensorKey(output));
  }
  return kept;
}

/** Linear scan: each output takes a free buffer; a buffer is free again after the last step that reads it. */
function assignBuffers(
  steps: readonly Omit<Step, "buffers">[],
  fetches: readonly number[],
  valueCount: number,
): Step[] {
  const owner = Array.from({ length: valueCount }, (_, value) => value);
  for (const step of steps) {
    if (findOp(step.node).isAlias) owner[step.outputs[0] as number] = owner[step.inputs[0] as number] as number;
  }
  const lastUse = new Array<number>(valueCount).fill(-1);
  const use = (value: number, at: number) => {
    const root = owner[value] as number;
    lastUse[root] = Math.max(lastUse[root] as number, at);
  };
  for (const [at, step] of steps.entries()) for (const value of [...step.inputs, ...step.outputs]) use(value, at);
  for (const value of fetches) use(value, steps.length);
  const free: number[] = [];
  const bufferOf = new Map<number, number>();
  let count = 0;
  return steps.map((step, at) => {
    const buffers = step.outputs.map((value) => {
      if (owner[value] !== value) return -1;
      const buffer = free.pop() ?? count++;
      bufferOf.set(value, buffer);
      return buffer;
    });
    for (const root of new Set([...step.inputs, ...step.outputs].map((value) => owner[value] as number))) {
      const buffer = bufferOf.get(root);
      if (buffer !== undefined && lastUse[root] === at) free.push(buffer);
    }
    return { ...step, buffers };
  });
}
