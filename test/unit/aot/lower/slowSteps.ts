/** Computing steps with plain loops in double precision: what a lowering means, whatever code is made of it. */
import type { ComputeStep, Element, Step } from "../../../../framework/aot/tensor/ir.js";
import { functions, type Value } from "./slowFunctions.js";
import { type ElementType, sizeOf, type Storage, type View } from "../../../../framework/aot/tensor/View.js";
import { bytesPerElement } from "../../../../framework/tensorflow/dtypes.js";
import { lowestOf } from "../../../../framework/tensorflow/reference/op.js";

/** At least 0, and less than the bits that there are. */
function shiftCount(by: Value, dtype: ElementType): Value {
  const count = Math.min(Math.max(Number(by), 0), 8 * bytesPerElement(dtype) - 1);
  return typeof by === "bigint" ? BigInt(count) : count;
}

type Data = { [index: number]: number | bigint };

/** Runs steps over the memory of storages. A gather that leaves its tensor throws its fault. */
export class SlowMachine {
  readonly memory = new Map<Storage, Data>();

  dataOf(storage: Storage): Data {
    return storage.data ?? this.memory.get(storage) ?? this.#allocated(storage);
  }

  /** The elements of a view in row-major order. */
  elements(view: View): Value[] {
    return positions(view.shape).map((at) => this.#read(view, at));
  }

  run(steps: readonly Step[]): void {
    for (const step of steps) this.#evaluate(step as ComputeStep);
  }

  #allocated(storage: Storage): Data {
    const arrays = {
      float32: Float32Array,
      float64: Float64Array,
      int32: Int32Array,
      int64: BigInt64Array,
      bool: Uint8Array,
      uint8: Uint8Array,
      int8: Int8Array,
      int16: Int16Array,
      uint16: Uint16Array,
    };
    const data = new arrays[storage.dtype](storage.count).fill(
      (storage.dtype === "int64" ? 77n : 77) as never,
    );
    this.memory.set(storage, data);
    return data;
  }

  #place(view: View, at: readonly number[]): number {
    const place = view.strides.reduce(
      (sum, stride, axis) => sum + stride * (at[axis] as number),
      view.offset,
    );
    if (place < 0 || place >= view.storage.count) throw new Error(`place ${place} of ${view.storage.count}`);
    return place;
  }

  #read(view: View, at: readonly number[]): Value {
    return this.dataOf(view.storage)[this.#place(view, at)];
  }

  #evaluate(step: ComputeStep): void {
    const { out } = step;
    if (out.storage.data) throw new Error("a step writes a constant");
    const data = this.dataOf(out.storage);
    const results = positions(out.shape).map((at) => [at, this.#result(step, at)] as const);
    for (const [at, value] of results) data[this.#place(out, at)] = value;
  }

  #result(step: ComputeStep, at: readonly number[]): Value {
    if (step.kind === "map") return this.#element(step.value, at);
    if (step.kind === "softmax") return this.#softmax(step, at);
    if (step.kind === "contract") {
      const outer = at.slice(0, -1);
      const { left, right } = step;
      const sum = positions(left.shape.slice(outer.length)).reduce((total, k) => {
        const product =
          this.#read(left, [...outer, ...k]) * this.#read(right, [...outer, ...k, at.at(-1) as number]);
        return total + product;
      }, 0);
      return this.#element(step.epilogue, at, sum);
    }
    const values = positions(step.inner).map((j) => this.#element(step.value, [...at, ...j]));
    return this.#element(step.epilogue, at, reduced(step.op, values, step.value.dtype));
  }

  #softmax({ isLog, value, out }: Extract<ComputeStep, { kind: "softmax" }>, at: readonly number[]): number {
    const row = Array.from({ length: out.shape.at(-1) as number }, (_, i) => {
      return this.#element(value, at.with(-1, i)) as number;
    });
    const largest = Math.max(...row);
    const sum = row.reduce((total, x) => total + Math.exp(x - largest), 0);
    const x = (row[at.at(-1) as number] as number) - largest;
    return isLog ? x - Math.log(sum) : Math.exp(x) / sum;
  }

  #element(element: Element, at: readonly number[], accumulator?: Value): Value {
    const of = (part: Element) => this.#element(part, at, accumulator);
    switch (element.kind) {
      case "read":
        if (element.view.rank !== at.length) throw new Error(`rank ${element.view.rank} at [${at}]`);
        return this.#read(element.view, at);
      case "constant":
        return element.dtype === "float32" ? Math.fround(Number(element.value)) : element.value;
      case "index":
        return element.dtype === "int64" ? BigInt(at[element.axis] as number) : at[element.axis];
      case "accumulator":
        return accumulator;
      case "select":
        return of(element.condition) ? of(element.then) : of(element.else);
      case "cast":
        return cast(of(element.value), element.dtype);
      case "call": {
        const values = element.args.map(of);
        if (element.name === "not") return element.dtype === "bool" ? 1 - values[0] : ~values[0];
        const run = functions[element.name] ?? (Math as unknown as typeof functions)[element.name];
        if (!run) throw new Error(`there is no ${element.name}`);
        const isShift = element.name.endsWith("Shift");
        return run(values[0], isShift ? shiftCount(values[1], element.dtype) : values[1]);
      }
      case "gather": {
        let place = this.#place(element.view, at);
        for (const { value, stride, limit } of element.indices) {
          const index = Number(of(value));
          if (!(index >= 0 && index < limit)) throw new Error(element.fault);
          place += index * stride;
        }
        return this.dataOf(element.view.storage)[place];
      }
    }
  }
}

function cast(value: Value, dtype: string): Value {
  if (dtype === "bool") return Number(Number(value) !== 0);
  if (dtype === "int64") return typeof value === "bigint" ? value : BigInt(Math.trunc(value));
  if (dtype.startsWith("float")) return Number(value);
  return typeof value === "bigint" ? Number(BigInt.asIntN(32, value)) : Math.trunc(value);
}

function reduced(op: string, values: Value[], dtype: ElementType): Value {
  const isBig = typeof values[0] === "bigint";
  if (op === "sum") return values.reduce((a, b) => a + b, isBig ? 0n : 0);
  if (op === "prod") return values.reduce((a, b) => a * b, isBig ? 1n : 1);
  // biome-ignore lint/complexity/useMathMinMax: Math.max gives NaN where one of them is
  if (op === "maxNumber") return values.reduce((a, b) => (b > a ? b : a), lowestOf(dtype));
  if (op === "max") return values.reduce((a, b) => functions.maximum?.(a, b));
  if (op === "min") return values.reduce((a, b) => functions.minimum?.(a, b));
  if (op === "all") return Number(values.every(Boolean));
  if (op === "any") return Number(values.some(Boolean));
  return values.reduce(
    (best, x, i) => ((op === "argMax" ? x > values[best] : x < values[best]) ? i : best),
    0,
  );
}

/** All positions of an index space, the last axis fastest. */
export function positions(shape: readonly number[]): number[][] {
  return Array.from({ length: sizeOf(shape) }, (_, index) => {
    const at: number[] = [];
    for (let axis = shape.length - 1, rest = index; axis >= 0; axis--) {
      at.unshift(rest % (shape[axis] as number));
      rest = Math.floor(rest / (shape[axis] as number));
    }
    return at;
  });
}
