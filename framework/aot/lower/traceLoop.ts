/**
 * A loop of the plan as a loop of the tensor IR. Its variables become memory that each round rewrites; what counts the
 * rounds is known and vanishes, and TensorLists are read and written at the loop's index.
 */
import { isLoop, type LoopStep, type LoopVariable, type NodeStep } from "../../tensorflow/reference/Plan.js";
import { sameShape } from "../../tensorflow/reference/broadcast.js";
import type { TensorLike } from "../../tensorflow/Tensor.js";
import { read } from "../tensor/element.js";
import type { Step } from "../tensor/ir.js";
import { isElementType, LoopIndex, sizeOf, View } from "../tensor/View.js";
import { type LoopKnowledge, studyLoop } from "./loopKnowledge.js";
import { TensorListValue } from "./traceLists.js";
import type { Tracer } from "./Tracer.js";
import { constantOf, constantView, isSameTensor, LoopEnd, type Traced } from "./traceValues.js";

/** @throws Unsupported naming the loop's node that stands in the way */
export function traceLoop(trace: Tracer, loop: LoopStep): void {
  new LoopTrace(trace, loop).trace();
}

class LoopTrace {
  readonly #index: LoopIndex;
  readonly #knowledge: LoopKnowledge;
  readonly #goesOn: NodeStep | undefined;
  /** The memory of the variables that change and are not known ahead. */
  readonly #memory = new Map<LoopVariable, View>();
  readonly #exits: { readonly step: NodeStep; readonly end: LoopEnd }[] = [];

  constructor(
    readonly tracer: Tracer,
    readonly loop: LoopStep,
  ) {
    const known = (id: number) => {
      const value = tracer.value(id)?.value;
      return value instanceof View ? constantOf(value) : undefined;
    };
    this.#index = new LoopIndex(loop.name);
    this.#knowledge = studyLoop(loop, known);
    this.#goesOn = loop.steps.find((step): step is NodeStep => !isLoop(step) && step.node.op === "LoopCond");
  }

  trace(): void {
    const { tracer: trace, loop } = this;
    const anchor = this.#goesOn;
    if (!anchor) return;
    trace.at(anchor.node, () => {
      const { rounds } = this.#knowledge;
      if (rounds === 0) return this.#leaveAtOnce(anchor);
      for (const variable of loop.variables) this.#start(variable);
      const condition = rounds === undefined ? this.#newCondition() : undefined;
      const body = trace.nested(() => this.#body(condition));
      trace.add({ kind: "loop", origin: loop.name, index: this.#index, count: rounds, condition, body });
      for (const exit of this.#exits) this.#leave(exit);
    });
  }

  /** A body that never runs is not compiled. */
  #leaveAtOnce(goesOn: NodeStep): void {
    const ends = new Map<number, LoopVariable>();
    for (const variable of this.loop.variables) this.tracer.bind(variable.value, this.#initial(variable));
    for (const step of this.loop.steps) {
      if (isLoop(step)) continue;
      const { node, inputs, outputs } = step;
      const [from] = inputs as [number];
      if (node.op.endsWith("Switch") && inputs[1] === goesOn.outputs[0])
        ends.set(outputs[0] as number, this.#variableOf(from));
      const variable = node.op.endsWith("Exit") ? ends.get(from) : undefined;
      if (variable) this.#leave({ step, end: new LoopEnd(variable) });
    }
  }

  #initial(variable: LoopVariable): Traced["value"] {
    const values = variable.initial.map((id) => this.tracer.value(id)?.value);
    const found = values.find((value) => value && value !== "dead");
    return found ?? this.tracer.unsupported("a loop variable has no initial value");
  }

  /** What the variable is inside the loop. */
  #start(variable: LoopVariable): void {
    const { tracer: trace } = this;
    const initial = this.#initial(variable);
    if (this.#knowledge.sequences.has(variable.value)) return;
    if (!(initial instanceof View) || this.#isInvariant(variable)) return trace.bind(variable.value, initial);
    const memory = View.of(trace.newStorage(initial.dtype, initial.count), initial.shape);
    trace.mapInto(memory, read(initial));
    this.#memory.set(variable, memory);
    trace.bind(variable.value, memory);
  }

  /** Whether each round hands the variable on as it was. */
  #isInvariant(variable: LoopVariable): boolean {
    const makers = new Map<number, NodeStep>();
    for (const step of this.loop.steps)
      if (!isLoop(step)) for (const output of step.outputs) makers.set(output, step);
    let id = variable.next;
    for (let maker = makers.get(id); maker; maker = makers.get(id)) {
      if (!["NextIteration", "Identity", "Switch"].includes(maker.node.op)) return false;
      id = maker.inputs[0] as number;
    }
    return id === variable.value;
  }

  #body(condition: View | undefined): void {
    const { tracer: trace, loop } = this;
    this.#bindKnown();
    for (const step of loop.steps) this.#step(step);
    const copies: { from: View; to: View }[] = [];
    for (const variable of loop.variables) copies.push(...this.#next(variable));
    for (const { from, to } of copies) trace.mapInto(to, read(from));
    if (condition) this.#computeCondition(condition);
  }

  #bindKnown(): void {
    for (const [id, sequence] of this.#knowledge.sequences) {
      const [first] = sequence as [TensorLike];
      if (!isElementType(first.dtype)) continue;
      if (sequence.every((tensor) => isSameTensor(tensor, first))) {
        this.tracer.bind(id, constantView(this.loop.name, first));
        continue;
      }
      const isOneShape = sequence.every(({ shape }) => sameShape(shape, first.shape));
      if (isOneShape) this.tracer.bind(id, this.#table(sequence, first));
    }
  }

  /** What a value is in each round, as rows that the loop's index picks. */
  #table(sequence: readonly TensorLike[], first: TensorLike): View {
    const size = sizeOf(first.shape);
    const Elements = first.data.constructor as new (count: number) => Float32Array;
    const data = new Elements(sequence.length * size);
    for (const [round, tensor] of sequence.entries()) data.set(tensor.data as Float32Array, round * size);
    const shape = [sequence.length, ...first.shape];
    const rows = constantView(this.loop.name, { dtype: first.dtype, shape, data });
    const view = rows.atIndex(0, this.#index);
    const [begin, second = begin] = [Number(data[0]), Number(data[1])];
    const step = second - begin;
    const isCounter = size === 1 && Array.from(data, Number).every((value, i) => value === begin + i * step);
    if (isCounter && (first.dtype === "int32" || first.dtype === "int64"))
      this.tracer.count(view, { index: this.#index, begin, step, count: sequence.length });
    return view;
  }

  #step(step: LoopStep["steps"][number]): void {
    const { tracer: trace } = this;
    if (isLoop(step)) return trace.trace([step]);
    const { node, inputs, outputs } = step;
    const isChoice = node.op.endsWith("Switch") && inputs[1] === this.#goesOn?.outputs[0];
    const isKnown = outputs.length > 0 && outputs.every((output) => this.#isKnown(output));
    if (isChoice) {
      const [end, on] = outputs as [number, number];
      if (!this.#isKnown(on)) trace.bind(on, trace.value(inputs[0] as number)?.value ?? "dead");
      trace.bind(end, new LoopEnd(this.#variableOf(inputs[0] as number)));
      for (const mark of step.marks)
        if (!trace.value(mark)) trace.bind(mark, trace.newConstant("bool", [], new Uint8Array(1)));
      return;
    }
    const end = node.op.endsWith("Exit") ? trace.value(inputs[0] as number)?.value : undefined;
    if (end instanceof LoopEnd) this.#exits.push({ step, end });
    else if (!isKnown || node.op.endsWith("Exit")) trace.trace([step]);
    else
      for (const mark of step.marks)
        if (!trace.value(mark)) trace.bind(mark, trace.value(outputs[0] as number)?.value ?? "dead");
  }

  #isKnown(id: number): boolean {
    return this.#knowledge.sequences.has(id) && this.tracer.value(id) !== undefined;
  }

  #variableOf(id: number): LoopVariable {
    const variable = this.loop.variables.find(({ value }) => value === id);
    return variable ?? this.tracer.unsupported("what leaves the loop is no loop variable");
  }

  /** The copies that give the next round its variable. */
  #next(variable: LoopVariable): { from: View; to: View }[] {
    const { tracer: trace } = this;
    const to = this.#memory.get(variable);
    const next = trace.value(variable.next)?.value;
    if (!to) this.#checkList(variable, next);
    if (!to) return [];
    if (!(next instanceof View)) return trace.unsupported("a loop variable becomes a list");
    if (next.dtype !== to.dtype || !sameShape(next.shape, to.shape))
      return trace.unsupported(`a loop variable changes its shape from [${to.shape}] to [${next.shape}]`);
    if (next.storage === to.storage && next.isWhole) return [];
    const isOfAnother = [...this.#memory.values()].some(({ storage }) => storage === next.storage);
    // Another variable's memory, which is about to be written too.
    return [{ from: isOfAnother ? trace.map(next.shape, read(next)) : next, to }];
  }

  /** A list is written in place: each round must leave the one that it was given. */
  #checkList(variable: LoopVariable, next: Traced["value"] | undefined): void {
    const value = this.tracer.value(variable.value)?.value;
    if (!(value instanceof TensorListValue)) return;
    if (!(next instanceof TensorListValue) || next.memory !== value.memory)
      this.tracer.unsupported("a loop variable becomes another list");
  }

  #newCondition(): View {
    const condition = View.of(this.tracer.newStorage("bool", 1), []);
    this.#computeCondition(condition);
    return condition;
  }

  /** Traces what the choice to go on needs, from the variables as they are now. */
  #computeCondition(condition: View): void {
    const { tracer: trace } = this;
    const goesOn = this.#goesOn as NodeStep;
    const wanted = new Set<number>(goesOn.inputs);
    const needed: Step[] = [];
    const steps: LoopStep["steps"][number][] = [];
    for (const step of [...this.loop.steps].reverse()) {
      if (isLoop(step) || step === goesOn || !step.outputs.some((output) => wanted.has(output))) continue;
      for (const input of step.inputs) wanted.add(input);
      steps.unshift(step);
    }
    for (const [variable, memory] of this.#memory) trace.bind(variable.value, memory);
    needed.push(...trace.nested(() => trace.trace(steps)));
    for (const step of needed) trace.add(step);
    const value = trace.view(goesOn.inputs[0] as number);
    if (value.dtype !== "bool" || value.count !== 1)
      return trace.unsupported("its condition is no single bool");
    trace.mapInto(condition, read(value.reshape([]) as View));
  }

  #leave({ step, end }: { step: NodeStep; end: LoopEnd }): void {
    const { tracer: trace } = this;
    const variable = end.variable as LoopVariable;
    const final = this.#knowledge.final.get(variable.value);
    const memory = this.#memory.get(variable);
    const value: Traced["value"] | undefined =
      final && isElementType(final.dtype)
        ? constantView(this.loop.name, final)
        : memory
          ? memory
          : this.#lastOf(variable);
    for (const output of step.outputs) trace.bind(output, value ?? "dead");
    for (const mark of step.marks) if (!trace.value(mark)) trace.bind(mark, value ?? "dead");
  }

  /** An invariant is what it was; a list is what the body has made of it. */
  #lastOf(variable: LoopVariable): Traced["value"] | undefined {
    const next = this.tracer.value(variable.next)?.value;
    if (next instanceof TensorListValue) return next;
    return this.tracer.value(variable.value)?.value;
  }
}
