/**
 * Runs the steps of a traced graph on separate storages or on one planned arena, and refuses what the slow evaluation
 * alone would hide: a step that overwrites elements which it has still to read.
 */
import { evaluateStep } from "../../../../framework/aot/codegen/slow.js";
import { placeOf, type Surroundings } from "../../../../framework/aot/codegen/slowElement.js";
import type { TracedGraph } from "../../../../framework/aot/lower/traceGraph.js";
import { fuse } from "../../../../framework/aot/passes/fuse.js";
import { isCompute, readsOf } from "../../../../framework/aot/passes/access.js";
import { planMemory } from "../../../../framework/aot/passes/planMemory.js";
import { removeDead } from "../../../../framework/aot/passes/removeDead.js";
import { operands } from "../../../../framework/aot/tensor/element.js";
import type { ComputeStep, Element, Step } from "../../../../framework/aot/tensor/ir.js";
import type { LoopIndex, Storage, View } from "../../../../framework/aot/tensor/View.js";
import { positions } from "../tensor/positions.js";
import {
  bytesPerElement,
  newData,
  type TensorData,
  viewData,
} from "../../../../framework/tensorflow/dtypes.js";

type Numbers = { [at: number]: number | bigint; readonly length: number };
export type Outcome = readonly number[][] | string;

/** Rounds that a loop of these small programs never needs. */
const maxRounds = 60;

export class StepMachine {
  readonly #memory = new Map<Storage, Numbers>();
  readonly #rounds = new Map<LoopIndex, number>();
  readonly #around: Surroundings;
  fault: string | undefined;

  /** @param arena where every storage lies at its planned place; without one each has memory of its own */
  constructor(readonly arena?: ArrayBuffer) {
    if (arena) new Uint8Array(arena).fill(0xff);
    this.#around = {
      dataOf: (storage) => this.dataOf(storage),
      iterationOf: (index) => this.#iteration(index),
      fault: (message) => {
        this.fault ??= message;
      },
    };
  }

  /** What was never written is NaN, −1 or, as a bool, true. */
  dataOf(storage: Storage): Numbers {
    if (storage.data) return storage.data as unknown as Numbers;
    const known = this.#memory.get(storage);
    if (known) return known;
    const made = this.arena ? this.#planned(storage, this.arena) : newData(storage.dtype, storage.count);
    const data = made as unknown as Numbers & Uint8Array;
    if (!this.arena) new Uint8Array(data.buffer).fill(0xff);
    this.#memory.set(storage, data);
    return data;
  }

  run(steps: readonly Step[]): void {
    for (const step of steps) this.#step(step);
  }

  elements(view: View): number[] {
    const data = this.dataOf(view.storage);
    return positions(view.shape).map((at) => Number(data[placeOf(view, at, this.#around)]));
  }

  #planned(storage: Storage, arena: ArrayBuffer): TensorData {
    const { block } = storage;
    if (!block) throw new Error(`storage '${storage.name}' has no place`);
    const bytes = storage.count * bytesPerElement(storage.dtype);
    if (block.place % 64 !== 0 || block.sizeBytes % 64 !== 0) throw new Error("a block is not aligned");
    if (bytes > block.sizeBytes || block.place + block.sizeBytes > arena.byteLength)
      throw new Error("a storage reaches beyond its block, or the block beyond the arena");
    return viewData(storage.dtype, arena as never, block.place, storage.count) as TensorData;
  }

  #iteration(index: LoopIndex): number {
    const round = this.#rounds.get(index);
    if (round === undefined) throw new Error(`index of loop '${index.name}' outside of it`);
    return round;
  }

  #isTrue(condition: View): boolean {
    const zeros = condition.shape.map(() => 0);
    return Boolean(this.dataOf(condition.storage)[placeOf(condition, zeros, this.#around)]);
  }

  #step(step: Step): void {
    if (isCompute(step)) {
      this.#checkInPlace(step);
      evaluateStep(step, this.#around);
    } else if (step.kind === "if") this.run(this.#isTrue(step.condition) ? step.then : step.else);
    else if (step.kind === "fault") throw new Error(step.message);
    else {
      const { condition, count = maxRounds } = step;
      for (let round = 0; round < count && (!condition || this.#isTrue(condition)); round++) {
        this.#rounds.set(step.index, round);
        this.run(step.body);
        if (round === maxRounds - 1) throw new Error(`loop '${step.origin}' does not end`);
      }
      this.#rounds.delete(step.index);
    }
  }

  /** Code may compute the elements in any order: one that is written may be read for itself alone. */
  #checkInPlace(step: ComputeStep): void {
    const own = readsOf(step).filter(({ storage }) => storage === step.out.storage);
    if (own.length === 0) return;
    const written = new Set(this.#places(step.out));
    const isBeside = own.every((view) => this.#places(view).every((place) => !written.has(place)));
    const isSame = (view: View) => String(this.#places(view)) === String(this.#places(step.out));
    const isElementwise =
      step.kind === "map" && own.every(isSame) && !gathersFrom(step.value, step.out.storage);
    if (!isBeside && !isElementwise)
      throw new Error(`${step.kind} '${step.origin}' overwrites what it has still to read`);
  }

  #places(view: View): number[] {
    return positions(view.shape).map((at) => placeOf(view, at, this.#around));
  }
}

function gathersFrom(element: Element, storage: Storage): boolean {
  if (element.kind === "gather" && element.view.storage === storage) return true;
  return operands(element).some((part) => gathersFrom(part, storage));
}

export function keptOf(graph: TracedGraph): Storage[] {
  return [...graph.inputs, ...graph.outputs].map(({ storage }) => storage);
}

/** The steps as the assembler would have them. */
export function optimized(graph: TracedGraph): readonly Step[] {
  const kept = new Set(keptOf(graph));
  return fuse(removeDead(graph.steps, kept), kept);
}

/** The outputs' elements, or what the run was told. */
export function runSteps(
  graph: TracedGraph,
  inputs: readonly (readonly number[])[],
  steps: readonly Step[] = graph.steps,
  arenaBytes?: number,
): Outcome {
  const machine = new StepMachine(arenaBytes === undefined ? undefined : new ArrayBuffer(arenaBytes));
  for (const [i, { storage }] of graph.inputs.entries()) {
    const data = machine.dataOf(storage);
    for (const [at, value] of (inputs[i] ?? []).entries())
      data[at] = storage.dtype === "int64" ? BigInt(value) : value;
  }
  machine.run(steps);
  return machine.fault ?? graph.outputs.map((view) => machine.elements(view));
}

/** As traced, after the passes, and after them in one arena. */
export function runThreeTimes(graph: TracedGraph, inputs: readonly (readonly number[])[]): Outcome[] {
  const steps = optimized(graph);
  const arenaBytes = planMemory(steps, keptOf(graph));
  return [
    runSteps(graph, inputs),
    runSteps(graph, inputs, steps),
    runSteps(graph, inputs, steps, arenaBytes),
  ];
}
