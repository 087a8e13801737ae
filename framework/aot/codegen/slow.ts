/** Tensor steps evaluated as they are defined, element by element on the views: what tests hold compiled code against. */
import type { ComputeStep, ReduceOp } from "../tensor/ir.js";
import type { ElementType } from "../tensor/View.js";
import { positions } from "./loopNest.js";
import { identity } from "./reduceOps.js";
import {
  evaluate,
  placeOf,
  type Position,
  readAt,
  rounded,
  type Surroundings,
  type Value,
} from "./slowElement.js";

/** Writes the step's `out`, floats rounded after each operation. @throws LogicError for a name it does not know */
export function evaluateStep(step: ComputeStep, around: Surroundings): void {
  const results = evaluators[step.kind](step as never, around);
  const data = around.dataOf(step.out.storage);
  for (const [position, value] of results)
    data[placeOf(step.out, position, around)] = rounded(value, step.out.dtype) as number;
}

type Results = [Position, Value][];

const evaluators = {
  map: ({ out, value }: Step<"map">, around: Surroundings): Results =>
    positions(out.shape).map((at) => [at, evaluate(value, at, around)]),

  reduce({ out, op, inner, value, epilogue }: Step<"reduce">, around: Surroundings): Results {
    return positions(out.shape).map((at) => {
      const values = positions(inner).map((j) => evaluate(value, [...at, ...j], around));
      return [at, evaluate(epilogue, at, around, reduced(op, values, value.dtype))];
    });
  },

  contract({ out, left, right, epilogue }: Step<"contract">, around: Surroundings): Results {
    const k = left.shape.slice(out.rank - 1);
    return positions(out.shape).map((at) => {
      const [m, n] = [at.slice(0, -1), at.slice(-1)];
      const products = positions(k).map((j) => {
        const a = readAt(left, [...m, ...j], around);
        return rounded(a * readAt(right, [...m, ...j, ...n], around), out.dtype);
      });
      return [at, evaluate(epilogue, at, around, reduced("sum", products, left.dtype))];
    });
  },

  softmax({ out, isLog, value }: Step<"softmax">, around: Surroundings): Results {
    const size = out.shape.at(-1) as number;
    return positions(out.shape.slice(0, -1)).flatMap((row) => {
      const places = positions([size]).map((i) => [...row, ...i]);
      const values: number[] = places.map((at) => evaluate(value, at, around));
      const highest = Math.max(...values);
      const sum = values.reduce((total, x) => total + Math.exp(x - highest), 0);
      return places.map((at, i): [Position, Value] => {
        const x = (values[i] as number) - highest;
        return [at, isLog ? x - Math.log(sum) : Math.exp(x) / sum];
      });
    });
  },
};

type Step<Kind extends ComputeStep["kind"]> = Extract<ComputeStep, { kind: Kind }>;

function reduced(op: ReduceOp, values: readonly Value[], dtype: ElementType): Value {
  if (op === "argMax" || op === "argMin") {
    const sign = op === "argMax" ? 1 : -1;
    const better = (a: Value, b: Value) => (sign > 0 ? a > b : a < b);
    return values.reduce(
      (best: number, value, i) =>
        better(value, values[best]) || (Number.isNaN(values[best]) && !Number.isNaN(value)) ? i : best,
      0,
    );
  }
  const combine = combinations[op];
  return values.reduce((a, b) => rounded(combine(a, b), dtype), identity(op, dtype));
}

const combinations: Record<Exclude<ReduceOp, "argMax" | "argMin">, (a: Value, b: Value) => Value> = {
  sum: (a, b) => a + b,
  prod: (a, b) => a * b,
  max: (a, b) => (Number.isNaN(a) || a > b ? a : b),
  maxNumber: (a, b) => (Number.isNaN(b) || a > b ? a : b),
  min: (a, b) => (Number.isNaN(a) || a < b ? a : b),
  all: (a, b) => a && b,
  any: (a, b) => a || b,
};
