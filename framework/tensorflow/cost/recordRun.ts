/**
 * One run of a graph in the reference engine with everything written down: which nodes ran and how often, the shapes
 * that they gave, what they cost. Nothing is folded, so that every node the outputs need is seen.
 */
import { bytesPerElement } from "../dtypes.js";
import type { NodeDef } from "../GraphDef.js";
import { type GraphIndex, isOneOf } from "../GraphIndex.js";
import { type TensorName, tensorKey } from "../names.js";
import { Arena } from "../reference/Arena.js";
import { Executor } from "../reference/Executor.js";
import { makePlan } from "../reference/makePlan.js";
import { observePlan } from "../reference/observePlan.js";
import type { KernelCall } from "../reference/op.js";
import type { NodeStep } from "../reference/Plan.js";
import type { TensorLike } from "../Tensor.js";
import { flopsOf } from "./flops.js";
import { parametersOf } from "./parameters.js";
import { RecordingCall, type TensorType } from "./RecordingCall.js";

/** What one node did. */
export interface NodeCost {
  readonly node: NodeDef;
  /** More than one in a loop. */
  readonly runs: number;
  /** Of the last run that gave it; undefined where a Switch always left it dead. */
  readonly outputs: readonly (TensorType | undefined)[];
  /** Of all runs together: a multiplication with its addition is two. */
  readonly flops: number;
  /** Of all outputs of one run. */
  readonly outputBytes: number;
  /** Elements of the floating-point constants that it reads (parameters.ts). */
  readonly parameters: number;
}

export interface GraphCost {
  /** By name, in the order in which they ran; fed nodes are not among them. */
  readonly nodes: ReadonlyMap<string, NodeCost>;
  readonly flops: number;
  /** Elements of the floating-point constants that the outputs need, each counted once. */
  readonly parameters: number;
  /** What is fed and computed, by full tensor name. */
  readonly types: ReadonlyMap<string, TensorType>;
}

export interface Fed {
  readonly name: TensorName;
  readonly tensor: TensorLike;
}

/** `index`: functions written out, as the reference engine loads a graph. @throws InvalidRun where a run would */
export function recordRun(
  index: GraphIndex,
  feeds: readonly Fed[],
  fetches: readonly TensorName[],
): GraphCost {
  const names = feeds.map(({ name }) => name);
  const plan = makePlan(index, new Map(), names, fetches);
  const recorded = new Map<string, Recorded>();
  const watch = (step: NodeStep) => {
    const record = new Recorded(step.node);
    return (call: KernelCall) => {
      // What does not run in this run is not among the costs.
      recorded.set(step.node.name, record);
      record.run(step, call);
    };
  };
  new Executor(observePlan(plan, watch), new Arena()).run(feeds.map(({ tensor }) => tensor));
  const isFed = isOneOf(new Set(names.map(tensorKey)));
  const parameters = parametersOf(index, isFed);
  const nodes = new Map<string, NodeCost>();
  const types = new Map<string, TensorType>();
  for (const { name, tensor } of feeds)
    types.set(tensorKey(name), { dtype: tensor.dtype, shape: tensor.shape });
  for (const [name, record] of recorded) {
    const cost = record.cost(parameters.readBy(record.node));
    nodes.set(name, cost);
    for (const [port, type] of cost.outputs.entries()) if (type) types.set(`${name}:${port}`, type);
  }
  addLoopHeads(index, types);
  const flops = [...nodes.values()].reduce((sum, cost) => sum + cost.flops, 0);
  return { nodes, flops, parameters: parameters.amongst(nodes.keys()), types };
}

/** A Merge at the head of a loop is not run as a node: it has the type of what enters it. */
function addLoopHeads(index: GraphIndex, types: Map<string, TensorType>): void {
  for (const node of index.graph.nodes) {
    if (node.op !== "Merge" && node.op !== "RefMerge") continue;
    const entering = index.inputs(node).flatMap((input) => types.get(tensorKey(input)) ?? [])[0];
    const key = `${node.name}:0`;
    if (entering && !types.has(key)) types.set(key, entering);
  }
}

class Recorded {
  #runs = 0;
  #flops = 0;
  #outputs: readonly (TensorType | undefined)[] = [];

  constructor(readonly node: NodeDef) {}

  run(step: NodeStep, call: KernelCall): void {
    const recording = new RecordingCall(call);
    step.kernel(recording);
    this.#runs++;
    const before = this.#outputs;
    const count = Math.max(before.length, recording.outputs.length);
    this.#outputs = Array.from({ length: count }, (_, port) => recording.outputs[port] ?? before[port]);
    const shapes = (types: readonly (TensorType | undefined)[]) => types.map((type) => type?.shape ?? []);
    this.#flops += flopsOf(
      this.node,
      call.inputs.map(({ shape }) => shape),
      shapes(recording.outputs),
    );
  }

  cost(parameters: number): NodeCost {
    const bytes = (type: TensorType | undefined) =>
      !type || type.dtype === "list" || type.dtype === "string"
        ? 0
        : bytesPerElement(type.dtype) * type.shape.reduce((product, size) => product * size, 1);
    const outputBytes = this.#outputs.reduce((sum, type) => sum + bytes(type), 0);
    const { node } = this;
    return { node, runs: this.#runs, outputs: this.#outputs, flops: this.#flops, outputBytes, parameters };
  }
}
