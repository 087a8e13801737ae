/**
 * From a plan of the reference engine (nodes in order, loops drawn together) to tensor IR: walks the nodes once with
 * the shapes of one batch size, computes what is known, and has every other node lowered.
 */
import { Exception } from "../../base/errors.js";
import type { NodeDef } from "../../tensorflow/GraphDef.js";
import { evaluateNode, isFoldable } from "../../tensorflow/reference/evaluateNode.js";
import {
  isLoop,
  type LoopStep,
  type NodeStep,
  type Step as PlanStep,
  valuesWritten,
} from "../../tensorflow/reference/Plan.js";
import type { TensorLike } from "../../tensorflow/Tensor.js";
import { isElementType, type LoopIndex, type Storage, View } from "../tensor/View.js";
import type { Trace } from "./Lowering.js";
import { never, StepWriter } from "./StepWriter.js";
import { withGuards } from "./traceGuards.js";
import { lowerings } from "./table.js";
import { controlLowerings } from "./traceControl.js";
import { listLowerings } from "./traceLists.js";
import { traceLoop } from "./traceLoop.js";
import { constantOf, constantView, type Guard, Steered, type Traced } from "./traceValues.js";

/** A folded result larger than its inputs by more than this many elements is computed at run time (Fill, Tile). */
const maxGrowthElements = 2 ** 14;

/** The positions that an integer scalar counts in a loop. */
export interface Counted {
  readonly index: LoopIndex;
  readonly begin: number;
  readonly step: number;
  readonly count: number;
}

export class Tracer extends StepWriter implements Trace {
  readonly #values = new Map<number, Traced>();
  readonly #counted = new Map<Storage, Counted>();
  readonly #inputs: ReadonlySet<Storage>;

  /** `inputs`: the memory of what is fed, each of whose choices gets a trace of its own. */
  constructor(inputs: ReadonlySet<Storage>) {
    super();
    this.#inputs = inputs;
  }

  value(id: number): Traced | undefined {
    return this.#values.get(id);
  }

  bind(id: number, value: Traced["value"], guards: readonly Guard[] = this.guards): void {
    this.#values.set(id, { value, guards });
  }

  /** The tensor of a plan's value. @throws Unsupported where it is none */
  view(id: number): View {
    const value = this.#values.get(id)?.value;
    return value instanceof View ? value : this.unsupported("an input is no tensor");
  }

  /** @throws Unsupported at the first node that cannot be compiled */
  trace(steps: readonly PlanStep[]): void {
    for (const step of steps) {
      if (isLoop(step)) this.#traceLoop(step);
      else this.#traceNode(step);
    }
  }

  /** In the branches that its variables come from; what else it reads may be dead, and a Merge inside asks for that. */
  #traceLoop(loop: LoopStep): void {
    const isDead = (id: number) => this.#values.get(id)?.value === "dead";
    const initial = loop.variables.map((variable) => variable.initial.filter((id) => !isDead(id)));
    if (initial.some((values) => values.length === 0)) {
      for (const id of valuesWritten(loop)) this.bind(id, "dead");
      return;
    }
    const guards = this.#mergedGuards(initial.flatMap((values) => (values.length === 1 ? values : [])));
    if (guards === "dead") {
      for (const id of valuesWritten(loop)) this.bind(id, "dead");
      return;
    }
    this.guarded(guards, () => traceLoop(this, loop));
  }

  /** Declares an integer scalar to be counted by a loop. */
  count(view: View, counted: Counted): void {
    this.#counted.set(view.storage, counted);
  }

  counted(view: View): Counted | undefined {
    return view.count === 1 ? this.#counted.get(view.storage) : undefined;
  }

  constant(view: View): TensorLike | undefined {
    return constantOf(view);
  }

  /** What a choice is, when that is known. @throws Steered when it is an input of the graph */
  choice(view: View): boolean | undefined {
    if (this.#inputs.has(view.storage) && view.storage.count === 1) throw new Steered(view.storage);
    const known = constantOf(view);
    return known && Boolean(known.data[0]);
  }

  integers(view: View | undefined, what: string): number[] {
    const known = view && constantOf(view);
    if (known) return Array.from(known.data as Iterable<number | bigint>, Number);
    return this.unsupported(`${what} is not known at compile time`);
  }

  #traceNode(step: NodeStep): void {
    this.at(step.node, () => {
      const dead = [...step.guards].some((guard) => this.#values.get(guard)?.value === "dead");
      const guards = this.#guardsOf(step);
      if (dead || guards === "dead") {
        for (const value of [...step.outputs, ...step.marks]) this.bind(value, "dead");
        return;
      }
      this.guarded(guards, () => this.#lower(step));
      for (const mark of step.marks)
        if (!step.outputs.includes(mark) && !controlLowerings[step.node.op]) this.bind(mark, never, guards);
        else if (!this.#values.has(mark)) this.bind(mark, "dead", guards);
    });
  }

  /** All branches that the node's inputs, control inputs and own condition lie in. */
  #guardsOf(step: NodeStep): readonly Guard[] | "dead" {
    const isMerge = step.node.op === "Merge" || step.node.op === "RefMerge";
    const guards = this.#mergedGuards(isMerge ? [] : [...step.guards, ...step.inputs]);
    if (!step.condition || guards === "dead") return guards;
    const choice = this.view(step.condition.value);
    const known = this.choice(choice);
    if (known !== undefined) return known === step.condition.side ? guards : "dead";
    return withGuards(guards, [{ condition: choice, side: step.condition.side }]);
  }

  #mergedGuards(values: readonly number[]): readonly Guard[] | "dead" {
    const more = values.flatMap((id) => this.#values.get(id)?.guards ?? []);
    return withGuards(this.guards, more);
  }

  #lower(step: NodeStep): void {
    const { node } = step;
    const values = step.inputs.map(
      (id) => this.#values.get(id)?.value ?? this.unsupported("an input is missing"),
    );
    const control = controlLowerings[node.op];
    if (control) return control(this, step, values);
    const list = listLowerings[node.op];
    if (list) return this.#bindAll(step, list(this, node, values));
    const inputs = step.inputs.map((id) => this.view(id));
    this.#bindAll(step, this.#folded(node, inputs) ?? this.#lowered(node, inputs));
  }

  #lowered(node: NodeDef, inputs: readonly View[]): readonly Traced["value"][] {
    const lower = lowerings[node.op] ?? this.unsupported(`the compiler does not have the op ${node.op}`);
    const outputs = lower(this, node, inputs);
    return outputs instanceof View ? [outputs] : outputs;
  }

  /** The outputs of a node whose inputs are all known. */
  #folded(node: NodeDef, inputs: readonly View[]): View[] | undefined {
    if (!isFoldable(node) || inputs.length === 0) return undefined;
    const known = inputs.map(constantOf);
    if (!known.every((tensor) => tensor !== undefined)) return undefined;
    const outputs = this.#evaluated(node, known as TensorLike[]);
    const inputElements = known.reduce((sum, tensor) => sum + tensor.data.length, 0);
    const isLarge = outputs?.some(({ data }) => data.length > inputElements + maxGrowthElements);
    if (!outputs || isLarge || !outputs.every(({ dtype }) => isElementType(dtype))) return undefined;
    return outputs.map((tensor) => constantView(node.name, tensor));
  }

  #evaluated(node: NodeDef, inputs: readonly TensorLike[]): TensorLike[] | undefined {
    try {
      return evaluateNode(node, inputs);
    } catch (error) {
      // What TensorFlow refuses at run time is left to the engine that says so.
      if (error instanceof Exception && error.category === "InvalidRun")
        return this.unsupported(error.message);
      throw error;
    }
  }

  #bindAll(step: NodeStep, outputs: readonly Traced["value"][]): void {
    for (const [port, id] of step.outputs.entries()) {
      const value = outputs[port];
      if (value !== undefined) this.bind(id, value);
    }
  }
}
