/** Where lowerings write: steps one after another, in lists within lists, each under the branches it belongs to. */
import { Exception } from "../../base/errors.js";
import type { NodeDef } from "../../tensorflow/GraphDef.js";
import type { TensorLike } from "../../tensorflow/Tensor.js";
import { read } from "../tensor/element.js";
import type { Element, IfStep, Step } from "../tensor/ir.js";
import { type ElementType, Storage, sizeOf, View } from "../tensor/View.js";
import { isSameChoice, isSameGuard } from "./traceGuards.js";
import { constantView, type Guard, Unsupported } from "./traceValues.js";

export class StepWriter {
  #node: NodeDef | undefined;
  #steps: Step[] = [];
  #guards: readonly Guard[] = [];
  /** Those of the guards that the step around the present list of steps sees to. */
  #outerGuards: readonly Guard[] = [];

  get node(): NodeDef {
    if (this.#node) return this.#node;
    throw new Exception("LogicError", "no node is being lowered.");
  }

  get steps(): readonly Step[] {
    return this.#steps;
  }

  get guards(): readonly Guard[] {
    return this.#guards;
  }

  /** The steps that `write` adds, instead of adding them here. */
  nested(write: () => void): Step[] {
    const outer = this.#steps;
    const guards = this.#guards;
    const outerGuards = this.#outerGuards;
    const inner: Step[] = [];
    this.#steps = inner;
    this.#outerGuards = guards;
    try {
      write();
    } finally {
      this.#steps = outer;
      this.#guards = guards;
      this.#outerGuards = outerGuards;
    }
    return inner;
  }

  /** Under further guards, or others. */
  guarded(guards: readonly Guard[], write: () => void): void {
    const outer = this.#guards;
    this.#guards = guards;
    try {
      write();
    } finally {
      this.#guards = outer;
    }
  }

  /** While `node` is the one being lowered. */
  at<T>(node: NodeDef, lower: () => T): T {
    const outer = this.#node;
    this.#node = node;
    try {
      return lower();
    } finally {
      this.#node = outer;
    }
  }

  /** A way to add steps later at the present place. */
  here(): (write: () => void) => void {
    const steps = this.#steps;
    const guards = this.#guards;
    const outerGuards = this.#outerGuards;
    // A place of its own: what comes after is pushed behind it.
    const reserved: Step = { kind: "if", origin: this.node.name, condition: never, then: [], else: [] };
    steps.push(reserved);
    return (write) => {
      const added = this.nested(() => {
        this.#outerGuards = outerGuards;
        this.guarded(guards, write);
      });
      steps.splice(steps.indexOf(reserved) + 1, 0, ...added);
    };
  }

  newConstant(dtype: ElementType, shape: readonly number[], data: TensorLike["data"]): View {
    return constantView(this.node.name, { dtype, shape, data });
  }

  newStorage(dtype: ElementType, count: number): Storage {
    return new Storage(this.node.name, dtype, count);
  }

  map(shape: readonly number[], value: Element): View {
    const out = View.of(this.newStorage(value.dtype, sizeOf(shape)), shape);
    this.mapInto(out, value);
    return out;
  }

  mapInto(out: View, value: Element): void {
    if (out.count > 0) this.add({ kind: "map", origin: this.node.name, out, value });
  }

  add(step: Step): void {
    let steps = this.#steps;
    const isOpen = (guard: Guard) => !this.#outerGuards.some((outer) => isSameGuard(outer, guard));
    for (const guard of this.#guards.filter(isOpen)) steps = branch(steps, guard, this.node.name);
    steps.push(step);
  }

  reshape(view: View, shape: readonly number[]): View {
    const same = view.reshape(shape);
    if (same) return same;
    const copy = this.map(view.shape, read(view));
    return copy.reshape(shape) as View;
  }

  unsupported(reason: string): never {
    throw new Unsupported(this.node, reason);
  }
}

/** Stands where `here` reserved a place; it is never computed. */
export const never = View.of(new Storage("never", "bool", 1, new Uint8Array(1)), []);

/** The list of a branch's steps: that of the last step when it is on the same condition. */
function branch(steps: Step[], { condition, side }: Guard, origin: string): Step[] {
  const last = steps.at(-1);
  const isSame = last?.kind === "if" && isSameChoice(last.condition, condition);
  const found: IfStep = isSame ? last : { kind: "if", origin, condition, then: [], else: [] };
  if (!isSame) steps.push(found);
  return (side ? found.then : found.else) as Step[];
}
