/** What a step of tensor IR computes, counted from its expressions: exact for what was fused, where a node's op is not. */
import { bytesPerElement } from "../../tensorflow/dtypes.js";
import type { ComputeStep, Element } from "../tensor/ir.js";
import type { ElementType } from "../tensor/View.js";

export interface StepCost {
  readonly kind: ComputeStep["kind"];
  readonly dtype: ElementType;
  readonly shape: readonly number[];
  /** A multiplication with its addition is two, a function (exp, tanh …) one; moving, casting and choosing are none. */
  readonly flops: number;
  readonly outputBytes: number;
}

export function stepCost(step: ComputeStep): StepCost {
  const { kind, out } = step;
  const { dtype, shape, count } = out;
  return { kind, dtype, shape, flops: flops(step), outputBytes: count * bytesPerElement(dtype) };
}

function flops(step: ComputeStep): number {
  const { count, shape } = step.out;
  switch (step.kind) {
    case "map":
      return count * operations(step.value);
    case "softmax":
      return count * (operations(step.value) + 5);
    case "reduce": {
      const inner = product(step.inner);
      return count * (inner * (operations(step.value) + 1) + operations(step.epilogue));
    }
    case "contract": {
      // The right side has the axes m…, k…, n, the result m…, n.
      const inner = product(step.right.shape) / Math.max(product(shape), 1);
      return count * (2 * inner + operations(step.epilogue));
    }
  }
}

/** Arithmetic of one element. An expression that occurs twice is computed once, and counted once. */
function operations(element: Element, seen = new Set<Element>()): number {
  if (seen.has(element)) return 0;
  seen.add(element);
  const inside = (parts: readonly Element[]) => parts.reduce((sum, part) => sum + operations(part, seen), 0);
  switch (element.kind) {
    case "call":
      return 1 + inside(element.args);
    case "select":
      return inside([element.condition, element.then, element.else]);
    case "cast":
      return operations(element.value, seen);
    default:
      return 0;
  }
}

function product(shape: readonly number[]): number {
  return shape.reduce((result, size) => result * size, 1);
}
