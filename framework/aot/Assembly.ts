/** The code of steps as it is put together: a kernel for each, the constants and faults that they share. */
import { createHash } from "node:crypto";
import { Exception } from "../base/errors.js";
import { bytesPerElement } from "../tensorflow/dtypes.js";
import type { CodegenContext } from "./codegen/context.js";
import { generateContract } from "./codegen/generateContract.js";
import { generateMap } from "./codegen/generateMap.js";
import { generateReduce } from "./codegen/generateReduce.js";
import { generateSoftmax } from "./codegen/generateSoftmax.js";
import { i32, load } from "./kernel/expr.js";
import {
  type Block,
  blockAlignment,
  type Expr,
  type Kernel,
  type Program,
  roundUp,
  statusBlock,
  type Target,
} from "./kernel/ir.js";
import { KernelBuilder } from "./kernel/KernelBuilder.js";
import { maxLoopRounds, type ComputeStep, type Step } from "./tensor/ir.js";
import type { LoopIndex, Storage, View } from "./tensor/View.js";

export interface Assembled {
  readonly program: Program;
  /** Hex digest of each constant's bytes. */
  readonly hashes: readonly string[];
  /** What status n means: faults[n - 1]. */
  readonly faults: readonly string[];
  /** Those that are branches which have not been compiled. */
  readonly uncompiled: readonly string[];
}

/** A loop around a step, and the number of its round. */
export interface Loop {
  readonly index: LoopIndex;
  readonly value: Expr;
}

export class Assembly {
  readonly #constants = new Map<string, { block: Block; bytes: Uint8Array }>();
  readonly #blocks = new Map<Storage, Block>();
  readonly #faults: string[] = [];
  readonly #uncompiled: string[] = [];
  readonly status = statusBlock();
  #kernelCount = 0;

  constructor(readonly target: Target) {}

  assemble(steps: readonly Step[], arenaBytes: number): Assembled {
    return this.program(arenaBytes, (main) => this.#steps(main, steps, []));
  }

  /** With the main kernel that `write` makes: it begins with the status set to 0. */
  program(arenaBytes: number, write: (main: KernelBuilder) => void): Assembled {
    const main = new KernelBuilder("main");
    main.store("i32", this.status, i32(0), 0, i32(0));
    write(main);
    const constants = [...this.#constants.values()];
    const program = { target: this.target, main: main.build(), constants, arenaBytes };
    return {
      program,
      hashes: [...this.#constants.keys()],
      faults: this.#faults,
      uncompiled: this.#uncompiled,
    };
  }

  #steps(k: KernelBuilder, steps: readonly Step[], loops: readonly Loop[]): void {
    for (const step of steps) this.#step(k, step, loops);
  }

  #step(k: KernelBuilder, step: Step, loops: readonly Loop[]): void {
    switch (step.kind) {
      case "fault":
        return this.fail(k, step.message);
      case "if": {
        const condition = this.scalar(step.condition, loops);
        return k.if(
          condition,
          () => this.#steps(k, step.then, loops),
          () => this.#steps(k, step.else, loops),
        );
      }
      case "loop": {
        const round = (index: Expr) =>
          this.#steps(k, step.body, [...loops, { index: step.index, value: index }]);
        if (step.count !== undefined) return k.for(0, step.count, 1, round);
        if (!step.condition) throw new Exception("LogicError", `loop '${step.origin}' never ends.`);
        const counter = k.variable(i32(0), "round");
        return k.while(this.scalar(step.condition, loops), maxLoopRounds, () => {
          round(counter);
          k.set(counter, { kind: "binary", op: "add", type: "i32", left: counter, right: i32(1) });
        });
      }
      default:
        this.compute(k, step, loops);
    }
  }

  /** Leaves word that the run has come to a branch that is not compiled. */
  fail(k: KernelBuilder, message: string): void {
    this.#uncompiled.push(message);
    k.store("i32", this.status, i32(0), 0, i32(this.#fault(message)));
  }

  /** Calls a kernel that computes the step. */
  compute(k: KernelBuilder, step: ComputeStep, loops: readonly Loop[]): void {
    const kernel = this.#kernel(
      step,
      loops.map(({ index }) => index),
    );
    k.call(
      kernel,
      loops.map(({ value }) => value),
    );
  }

  #kernel(step: ComputeStep, loops: readonly LoopIndex[]): Kernel {
    const context: CodegenContext = {
      target: this.target,
      loops,
      status: this.status,
      blockOf: (storage) => this.#blockOf(storage),
      // Some name their node themselves: the step may have been put into another's.
      fault: (message) => this.#fault(message.includes("'") ? message : `node '${step.origin}': ${message}`),
    };
    const kernel = generate(step, context);
    return { ...kernel, name: `${kernel.name}_${this.#kernelCount++}` };
  }

  /** A bool, which a loop around may walk along. */
  scalar({ storage, offset, terms }: View, loops: readonly Loop[]): Expr {
    let place: Expr = i32(0);
    for (const { index, stride } of terms) {
      const round = loops.find((loop) => loop.index === index)?.value;
      if (!round)
        throw new Exception("LogicError", `loop '${index.name}' is not around what asks its index.`);
      const further: Expr = { kind: "binary", op: "mul", type: "i32", left: round, right: i32(stride) };
      place = { kind: "binary", op: "add", type: "i32", left: place, right: further };
    }
    return load("u8", this.#blockOf(storage), place, offset);
  }

  #fault(message: string): number {
    const known = this.#faults.indexOf(message);
    return known >= 0 ? known + 1 : this.#faults.push(message);
  }

  #blockOf(storage: Storage): Block {
    const known = storage.block ?? this.#blocks.get(storage);
    if (known) return known;
    const { data, dtype, name } = storage;
    if (!data) throw new Exception("LogicError", `storage '${name}' has no place.`);
    const own = new Uint8Array(data.buffer, data.byteOffset, data.length * bytesPerElement(dtype));
    const bytes = new Uint8Array(Math.max(roundUp(own.length), blockAlignment));
    bytes.set(own);
    const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 32);
    const constant = this.#constants.get(hash) ?? {
      block: { name, space: "constant", sizeBytes: bytes.length, place: this.#constants.size },
      bytes,
    };
    this.#constants.set(hash, constant);
    this.#blocks.set(storage, constant.block);
    return constant.block;
  }
}

function generate(step: ComputeStep, context: CodegenContext): Kernel {
  switch (step.kind) {
    case "map":
      return generateMap(step, context);
    case "reduce":
      return generateReduce(step, context);
    case "contract":
      return generateContract(step, context);
    case "softmax":
      return generateSoftmax(step, context);
  }
}
