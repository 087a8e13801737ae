/** One node, or a graph of them, through the lowerings and the slow machine; and against the reference engine. */
import { expect } from "vitest";
import type { Trace } from "../../../../framework/aot/lower/Lowering.js";
import { lowerings } from "../../../../framework/aot/lower/table.js";
import { read } from "../../../../framework/aot/tensor/element.js";
import type { Element, Step } from "../../../../framework/aot/tensor/ir.js";
import { type ElementType, Storage, sizeOf, View } from "../../../../framework/aot/tensor/View.js";
import { newData } from "../../../../framework/tensorflow/dtypes.js";
import type { AttrValue, NodeDef } from "../../../../framework/tensorflow/GraphDef.js";
import { evaluateNode } from "../../../../framework/tensorflow/reference/evaluateNode.js";
import { Tensor, type TensorLike } from "../../../../framework/tensorflow/Tensor.js";
import { integer, shuffled } from "./random.js";
import { positions, SlowMachine } from "./slowSteps.js";

export class Unsupported extends Error {}

export class TestTrace implements Trace {
  readonly steps: Step[] = [];
  node: NodeDef = { name: "none", op: "None", inputs: [], attrs: {} };

  constructor(readonly machine = new SlowMachine()) {}

  constant(view: View): TensorLike | undefined {
    if (!view.storage.data) return undefined;
    const { dtype, shape } = view;
    const data = newData(dtype, view.count) as { [i: number]: unknown };
    for (const [i, value] of this.machine.elements(view).entries()) data[i] = value;
    return { dtype, shape, data: data as TensorLike["data"] };
  }

  integers(view: View | undefined, what: string): number[] {
    const known = view && this.constant(view);
    if (!known) return this.unsupported(`${what} is not known at compile time`);
    if (known.dtype !== "int32" && known.dtype !== "int64")
      return this.unsupported(`${what} is ${known.dtype} instead of int32 or int64`);
    return Array.from(known.data as ArrayLike<number | bigint>, Number);
  }

  newConstant(dtype: ElementType, shape: readonly number[], data: TensorLike["data"]): View {
    expect(data.length).toBe(sizeOf(shape));
    return View.of(new Storage("constant", dtype, data.length, data as never), shape);
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
    if ("out" in step) expect(step.out.count).toBeGreaterThan(0);
    this.steps.push(step);
  }

  reshape(view: View, shape: readonly number[]): View {
    return view.reshape(shape) ?? (this.map(view.shape, read(view)).reshape(shape) as View);
  }

  unsupported(reason: string): never {
    throw new Unsupported(reason);
  }

  /** A tensor of the event, in memory with an order of axes and a direction of its own. */
  fed({ dtype, shape, data }: TensorLike): View {
    const order = shuffled(shape.map((_, axis) => axis));
    const storage = new Storage("fed", dtype as ElementType, data.length + 3);
    let view = View.of(
      storage,
      order.map((axis) => shape[axis] as number),
    );
    view = view.strided(view.shape, view.strides, 2).permute(shape.map((_, axis) => order.indexOf(axis)));
    for (const axis of shape.keys()) if (integer(0, 3) === 0) view = view.reverse(axis);
    const memory = this.machine.dataOf(storage);
    for (const [i, at] of positions(shape).entries())
      memory[view.strides.reduce((sum, stride, axis) => sum + stride * (at[axis] as number), view.offset)] =
        data[i] as number;
    return view;
  }

  fixed({ dtype, shape, data }: TensorLike): View {
    return this.newConstant(dtype as ElementType, shape, data);
  }

  /** Lowers a node and runs its steps. */
  lower(node: NodeDef, inputs: readonly View[]): readonly View[] {
    this.node = node;
    const lowering = lowerings[node.op];
    if (!lowering) throw new Unsupported(`there is no ${node.op}`);
    const first = this.steps.length;
    const outputs = lowering(this, node, inputs);
    this.machine.run(this.steps.slice(first));
    return outputs instanceof View ? [outputs] : outputs;
  }

  tensorOf(view: View): TensorLike {
    return new Tensor(view.dtype, [...view.shape], this.machine.elements(view));
  }
}

/** An input that is known at compile time. */
export class Fixed {
  constructor(readonly tensor: TensorLike) {}
}

export type Input = TensorLike | Fixed;

export function ints(values: readonly number[], shape: readonly number[] = [values.length]): Fixed {
  return new Fixed(new Tensor("int32", shape, values));
}

export function nodeOf(op: string, attrs: Record<string, AttrValue> = {}): NodeDef {
  return { name: `a${op}`, op, inputs: [], attrs };
}

export const list = (i: readonly number[]): AttrValue => ({
  list: { s: [], i, f: [], b: [], type: [], shape: [], func: [] },
});

export interface Lowered {
  readonly outputs: readonly TensorLike[];
  readonly views: readonly View[];
  readonly steps: readonly Step[];
}

export function lowered(node: NodeDef, inputs: readonly Input[]): Lowered {
  const trace = new TestTrace();
  const given = inputs.map((input) =>
    input instanceof Fixed ? trace.fixed(input.tensor) : trace.fed(input),
  );
  const views = trace.lower(node, given);
  return { views, steps: trace.steps, outputs: views.map((view) => trace.tensorOf(view)) };
}

/** The lowering and the reference kernel of one node give the same. */
export function agree(
  op: string,
  inputs: readonly Input[],
  attrs: Record<string, AttrValue> = {},
  tolerance = 1e-6,
) {
  const node = nodeOf(op, attrs);
  const result = lowered(node, inputs);
  const expected = evaluateNode(
    node,
    inputs.map((input) => (input instanceof Fixed ? input.tensor : input)),
  );
  const about = `${op} ${JSON.stringify(attrs)} of ${inputs.map((i) => `[${(i instanceof Fixed ? i.tensor : i).shape}]`)}`;
  expect(result.outputs.length, about).toBe(expected.length);
  for (const [i, output] of result.outputs.entries())
    expectSame(output, expected[i] as TensorLike, tolerance, about);
  return result;
}

export function expectSame(result: TensorLike, expected: TensorLike, tolerance: number, about: string): void {
  expect([result.dtype, [...result.shape]], about).toEqual([expected.dtype, [...expected.shape]]);
  for (let i = 0; i < expected.data.length; i++) {
    const [a, b] = [result.data[i], expected.data[i]] as [number | bigint, number | bigint];
    if (Object.is(a, b) || a === b) continue;
    const difference = Math.abs(Number(a) - Number(b)) / Math.max(1, Math.abs(Number(b)));
    const isFloat = expected.dtype.startsWith("float");
    if (!isFloat || !(difference <= tolerance)) expect.fail(`${about}: element ${i} is ${a} and not ${b}`);
  }
}
