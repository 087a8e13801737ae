/** Runs a loop: iteration after iteration, until nothing is handed on to the next one. */
import { copyData } from "../dtypes.js";
import type { Arena, ArenaBuffer } from "./Arena.js";
import type { Call, Progress } from "./Executor.js";
import { copyShape, kernelError } from "./op.js";
import type { LoopStep, LoopVariable } from "./Plan.js";
import type { Value } from "./Value.js";

class Variable {
  readonly next: Value;
  readonly #initial: readonly Value[];
  readonly #value: Value;
  readonly #valueIndex: Value;
  readonly #buffers: readonly [ArenaBuffer, ArenaBuffer];
  readonly #indexBuffer: ArenaBuffer;
  #side = 0;

  constructor(variable: LoopVariable, values: readonly Value[], arena: Arena) {
    const at = (value: number) => values[value] as Value;
    this.next = at(variable.next);
    this.#initial = variable.initial.map(at);
    this.#value = at(variable.value);
    this.#valueIndex = at(variable.valueIndex);
    this.#buffers = [arena.buffer(variable.buffers[0]), arena.buffer(variable.buffers[1])];
    this.#indexBuffer = arena.buffer(variable.indexBuffer);
  }

  start(): void {
    const first = this.#initial.findIndex((value) => !value.isDead);
    this.#value.isDead = first < 0;
    if (first >= 0) this.#value.refer(this.#initial[first] as Value);
    this.#setIndex(first);
  }

  /** Takes over what the iteration has left; it is copied, because the next iteration writes to the same memory. */
  advance(): void {
    const { next } = this;
    const value = this.#value;
    value.isDead = next.isDead;
    this.#setIndex(this.#initial.length);
    if (next.isDead || (next.data === value.data && !next.elements)) return;
    value.refer(next);
    if (next.elements || Array.isArray(next.data)) return;
    this.#side = 1 - this.#side;
    const copy = (this.#buffers[this.#side] as ArenaBuffer).view(next.dtype, next.data.length);
    copyData(next.data, copy);
    value.data = copy;
    copyShape(next.shape, value.shape);
  }

  #setIndex(index: number): void {
    const value = this.#valueIndex;
    value.isDead = this.#value.isDead;
    value.dtype = "int32";
    value.shape.length = 0;
    value.data = this.#indexBuffer.view("int32", 1);
    (value.data as Int32Array)[0] = index;
  }
}

export class LoopCall implements Call {
  readonly #name: string;
  readonly #calls: readonly Call[];
  readonly #variables: readonly Variable[];
  readonly #progress: Progress;

  constructor(
    step: LoopStep,
    calls: readonly Call[],
    values: readonly Value[],
    arena: Arena,
    progress: Progress,
  ) {
    this.#name = step.name;
    this.#calls = calls;
    this.#variables = step.variables.map((variable) => new Variable(variable, values, arena));
    this.#progress = progress;
  }

  run(): void {
    const variables = this.#variables;
    for (let i = 0; i < variables.length; i++) (variables[i] as Variable).start();
    for (;;) {
      for (let i = 0; i < this.#calls.length; i++) (this.#calls[i] as Call).run();
      if (!this.#goesOn()) return;
      for (let i = 0; i < variables.length; i++) (variables[i] as Variable).advance();
      if (++this.#progress.iterations > this.#progress.maxIterations) {
        throw kernelError(
          `loop '${this.#name}' has not ended after ${this.#progress.maxIterations} iterations`,
        );
      }
    }
  }

  #goesOn(): boolean {
    for (let i = 0; i < this.#variables.length; i++)
      if (!(this.#variables[i] as Variable).next.isDead) return true;
    return false;
  }
}
