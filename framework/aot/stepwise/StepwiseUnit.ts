/** Compiled code walked through step by step, with a clock around each. */
import { Exception } from "../../base/errors.js";
import { copyData } from "../../tensorflow/dtypes.js";
import type { Executable } from "../../tensorflow/engines.js";
import type { NodeDef } from "../../tensorflow/GraphDef.js";
import type { TensorLike } from "../../tensorflow/Tensor.js";
import { median, type ProfileRow } from "../../tensorflow/cost/Profile.js";
import type { CompiledCode, Slot, Unit } from "../Unit.js";
import { loadWithStatus } from "../loadUnit.js";
import { maxLoopRounds } from "../tensor/ir.js";
import { answerWord, type Command, firstRoundWord, type StepwiseCode, stepWord } from "./assembleStepwise.js";

interface Timer {
  us: number;
  runs: number;
  readonly samples: number[];
}

/** Idle calls a run. */
const idleCalls = 4;

export class StepwiseUnit implements Executable {
  readonly #unit: Unit;
  readonly #status: Int32Array;
  /** By the number of the step. */
  readonly #timers = new Map<number, Timer>();
  readonly #commands: readonly Command[];
  readonly #idleStep: number;
  /** What the clock and the call of a step cost, in the same runs. */
  readonly #idle: number[] = [];

  constructor({ code, commands, idleStep }: StepwiseCode & { readonly code: CompiledCode }) {
    this.#commands = commands;
    this.#idleStep = idleStep;
    const { unit, status } = loadWithStatus(code);
    this.#unit = unit;
    this.#status = status;
    const add = (command: Command): void => {
      if (command.kind === "step") this.#timers.set(command.step, { us: 0, runs: 0, samples: [] });
      if (command.kind === "if") for (const inner of [...command.then, ...command.else]) add(inner);
      if (command.kind === "loop") for (const inner of command.body) add(inner);
    };
    for (const command of commands) add(command);
  }

  get arenaBytes(): number {
    return this.#unit.layout.arenaBytes;
  }

  get constantBytes(): number {
    return this.#unit.layout.constants.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  }

  run(feeds: readonly TensorLike[]): readonly TensorLike[] {
    const { inputs, outputs } = this.#unit;
    for (const [i, slot] of inputs.entries()) copyData((feeds[i] as TensorLike).data, (slot as Slot).data);
    for (const timer of this.#timers.values()) {
      timer.us = 0;
      timer.runs = 0;
    }
    this.#walk(this.#commands, 0);
    for (const timer of this.#timers.values()) timer.samples.push(timer.us);
    for (let i = 0; i < idleCalls; i++) this.#idle.push(this.#timed(this.#idleStep));
    return outputs;
  }

  forget(): void {
    this.#idle.length = 0;
    for (const { samples } of this.#timers.values()) samples.length = 0;
  }

  /** What ran, in order. `nodeOf`: the node that a step was traced for. */
  rows(nodeOf: (origin: string) => NodeDef | undefined): ProfileRow[] {
    const rows: ProfileRow[] = [];
    const idleUs = median(Float64Array.from(this.#idle));
    const add = (commands: readonly Command[]): void => {
      for (const command of commands) {
        if (command.kind === "loop") add(command.body);
        if (command.kind === "if") add([...command.then, ...command.else]);
        if (command.kind !== "step") continue;
        const { runs, samples } = this.#timers.get(command.step) as Timer;
        if (runs === 0) continue;
        const { origin, cost } = command;
        const node = nodeOf(origin);
        rows.push({
          node: node?.name ?? origin,
          op: node?.op ?? cost.kind,
          kind: cost.kind,
          runs,
          dtype: cost.dtype,
          shape: cost.shape,
          bytes: cost.outputBytes,
          flops: cost.flops * runs,
          us: Math.max(median(Float64Array.from(samples)) - runs * idleUs, 0),
        });
      }
    };
    add(this.#commands);
    return rows;
  }

  #walk(commands: readonly Command[], depth: number): void {
    for (const command of commands) {
      switch (command.kind) {
        case "step": {
          const timer = this.#timers.get(command.step) as Timer;
          timer.us += this.#timed(command.step);
          timer.runs++;
          break;
        }
        case "fault":
          this.#call(command.step);
          break;
        case "if":
          this.#walk(this.#answer(command.condition) ? command.then : command.else, depth);
          break;
        case "loop":
          this.#loop(command, depth);
      }
    }
  }

  #loop({ count, condition, body }: Extract<Command, { kind: "loop" }>, depth: number): void {
    for (let round = 0; count === undefined || round < count; round++) {
      this.#status[firstRoundWord + depth] = round;
      if (condition !== undefined && !this.#answer(condition)) return;
      if (round >= maxLoopRounds)
        throw new Exception("InvalidRun", `a loop has not ended after ${maxLoopRounds} rounds.`);
      this.#walk(body, depth + 1);
    }
  }

  #timed(step: number): number {
    const start = performance.now();
    this.#call(step);
    return 1000 * (performance.now() - start);
  }

  #answer(condition: number): boolean {
    this.#call(condition);
    return this.#status[answerWord] !== 0;
  }

  #call(step: number): void {
    this.#status[stepWord] = step;
    this.#unit.run();
  }
}
