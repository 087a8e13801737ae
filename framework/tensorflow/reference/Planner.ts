/**
 * Nodes in an order that can run → steps: values numbered, each loop drawn together into one step, and which values
 * may turn out dead because a Switch sends its input the other way.
 */
import { Exception } from "../../base/errors.js";
import type { NodeDef } from "../GraphDef.js";
import { type GraphIndex, isBackEdge } from "../GraphIndex.js";
import { type TensorName, tensorKey } from "../names.js";
import { orderByDependency } from "../order.js";
import { Frame, type FrameOf } from "./frames.js";
import type { Condition } from "./lazyBranches.js";
import type { Op } from "./op.js";
import { findOp } from "./ops.js";
import type { LoopVariable, NodeStep, Step } from "./Plan.js";

export class Planner {
  /** The numbering of the values that the plan touches. */
  readonly values = new Map<string, number>();
  valueCount = 0;
  readonly #mayDie = new Set<number>();

  constructor(
    readonly index: GraphIndex,
    readonly isGiven: (tensor: TensorName) => boolean,
    readonly isFed: (tensor: TensorName) => boolean,
    readonly conditions: ReadonlyMap<NodeDef, Condition>,
  ) {}

  value(tensor: TensorName): number {
    return this.#numbered(tensorKey(tensor));
  }

  nodes(order: readonly NodeDef[]): Step[] {
    return order.flatMap((node) => this.#node(node) ?? []);
  }

  /** As `nodes`, with each loop drawn together into one step after all that enters it. */
  withLoops(order: readonly NodeDef[], frameOf: FrameOf, frame: Frame | null = null): Step[] {
    const items = new Map<NodeDef, NodeDef | Frame>();
    const members = new Map<Frame, NodeDef[]>();
    for (const node of order) {
      const item = itemOf(node, frameOf(node), frame);
      items.set(node, item);
      if (item instanceof Frame) members.set(item, [...(members.get(item) ?? []), node]);
    }
    const needs = (item: NodeDef | Frame) => {
      const readers = item instanceof Frame ? (members.get(item) ?? []) : [item];
      const sources = readers
        .flatMap((node) => this.#sources(node))
        .flatMap((source) => items.get(source) ?? []);
      return [...new Set(sources)].filter((source) => source !== item);
    };
    const onCycle = (cycle: readonly (NodeDef | Frame)[]) =>
      invalid(`what leaves the loop enters it again: ${cycle.map(({ name }) => `'${name}'`).join(", ")}`);
    return orderByDependency(new Set(items.values()), needs, onCycle).flatMap((item) => {
      if (!(item instanceof Frame)) return this.#node(item) ?? [];
      const inside = members.get(item) ?? [];
      const heads = inside.filter((node) => frameOf(node) === item && this.#isHead(node));
      for (const head of heads) this.#declareHead(head);
      const body = inside.filter((node) => !heads.includes(node));
      const steps = this.withLoops(body, frameOf, item);
      return { name: item.name, variables: heads.map((head) => this.#variable(head)), steps };
    });
  }

  #node(node: NodeDef): NodeStep | undefined {
    const op = findOp(node);
    const data = this.#dataInputs(node);
    const inputs = data.map((input) => this.value(input));
    const isMerge = op.aliasOf?.(0) === "any";
    const dataGuards = isMerge ? [] : inputs.filter((value) => this.#mayDie.has(value));
    const guards = [...new Set([...dataGuards, ...this.#deadControls(node)])];
    const names = outputNames(node, op);
    if (names.length === 0 && guards.length === 0 && node.op === "NoOp") return undefined;
    const outputs = names.map((name) => (this.isFed(name) ? this.valueCount++ : this.value(name)));
    const lazy = this.conditions.get(node);
    const condition = lazy && { value: this.value(lazy.choice), side: lazy.side };
    const mayLackAll = isMerge && inputs.every((value) => this.#mayDie.has(value));
    const mayDie = guards.length > 0 || condition !== undefined || mayLackAll;
    const marks = mayDie || op.isSwitch ? [...outputs] : [];
    if (mayDie && hasOwnToken(op, node)) marks.push(this.#numbered(`^${node.name}`));
    for (const mark of marks) this.#mayDie.add(mark);
    return { node, kernel: op.create(node), inputs, outputs, guards, marks, condition, buffers: [] };
  }

  /** Tokens of control inputs that may be dead. */
  #deadControls(node: NodeDef): number[] {
    const controls = this.index.inputs(node).filter((input) => input.isControl);
    return controls.flatMap((input) => {
      const source = this.index.node(input.node);
      const op = source && findOp(source);
      const key = op && hasOwnToken(op, source) ? `^${input.node}` : `${input.node}:0`;
      const token = this.values.get(key);
      return token !== undefined && this.#mayDie.has(token) ? token : [];
    });
  }

  #isHead(node: NodeDef): boolean {
    return this.#dataInputs(node).some((input) => this.#isBackEdge(node, input));
  }

  #declareHead(node: NodeDef): void {
    for (const name of outputNames(node, findOp(node))) this.#mayDie.add(this.value(name));
  }

  #variable(node: NodeDef): LoopVariable {
    const inputs = this.#dataInputs(node);
    const back = inputs.filter((input) => this.#isBackEdge(node, input));
    const ends = back.length;
    if (ends !== 1) throw invalid(`loop variable '${node.name}' (${node.op}) has ${ends} NextIterations`);
    const outputs = outputNames(node, findOp(node)).map((name) => this.value(name));
    const [value, valueIndex] = outputs as [number, number];
    const initial = inputs.filter((input) => !back.includes(input)).map((input) => this.value(input));
    const next = this.value(back[0] as TensorName);
    return { initial, value, valueIndex, next, buffers: [-1, -1], indexBuffer: -1 };
  }

  #isBackEdge(node: NodeDef, input: TensorName): boolean {
    const source = this.index.node(input.node);
    return source !== undefined && !this.isGiven(input) && isBackEdge(node, source);
  }

  #dataInputs(node: NodeDef): TensorName[] {
    return this.index.inputs(node).filter((input) => !input.isControl);
  }

  /** The nodes that this one reads, but for the one that closes a loop. */
  #sources(node: NodeDef): NodeDef[] {
    return this.index
      .inputs(node)
      .filter((input) => !this.isGiven(input) && !this.#isBackEdge(node, input))
      .flatMap((input) => this.index.node(input.node) ?? []);
  }

  #numbered(key: string): number {
    const known = this.values.get(key);
    if (known !== undefined) return known;
    this.values.set(key, this.valueCount);
    return this.valueCount++;
  }
}

/** What a node of `own` frame is among the items of `frame`: itself, or the loop in that frame that contains it. */
function itemOf(node: NodeDef, own: Frame | null, frame: Frame | null): NodeDef | Frame {
  if (own === frame || !own) return node;
  let item = own;
  while (item.parent && item.parent !== frame) item = item.parent;
  return item;
}

/** Whether "the node is dead" cannot be told from its first output. */
function hasOwnToken(op: Op, node: NodeDef): boolean {
  return op.isSwitch === true || op.outputs?.(node) === 0;
}

function outputNames(node: NodeDef, op: Op): TensorName[] {
  const count = op.outputs?.(node) ?? 1;
  return Array.from({ length: count }, (_, port) => ({ node: node.name, port, isControl: false }));
}

function invalid(what: string): Exception {
  return new Exception("InvalidSession", `error while attaching graphDef to session: ${what}.`);
}
