/** What tests of tracing share: inputs, runs of what was traced, and tfjs itself as the truth. */
import * as tf from "@tensorflow/tfjs-core";
import { expect } from "vitest";
import "../../../../framework/aot/engine/register.js";
import { type ConcreteFunction, freeze } from "../../../../framework/tensorflow/ConcreteFunction.js";
import { createSession } from "../../../../framework/tensorflow/Session.js";
import { Tensor } from "../../../../framework/tensorflow/Tensor.js";

/** Numbers between -1 and 1, always the same. */
export function floats(shape: readonly number[], seed = 1): Tensor {
  const count = shape.reduce((product, size) => product * size, 1);
  const data = Float32Array.from({ length: count }, (_, i) => Math.sin(seed + 1.7 * i));
  return new Tensor("float32", shape, data);
}

export function ints(shape: readonly number[], values: readonly number[]): Tensor {
  return new Tensor("int32", shape, Int32Array.from(values));
}

/** The outputs for these inputs, in the order of the signature. */
export function run(
  fn: ConcreteFunction,
  inputs: readonly Tensor[],
  engine: "reference" | "compiled" = "reference",
): Tensor[] {
  const { signature } = fn.graph;
  const feeds = Object.fromEntries(Object.keys(signature.inputs).map((key, i) => [key, inputs[i] as Tensor]));
  return createSession(freeze(fn), { engine }).run(feeds, Object.keys(signature.outputs));
}

export function eager<R extends tf.Rank>({ data, shape, dtype }: Tensor): tf.Tensor<R> {
  return tf.tensor(data as Float32Array, [...shape] as never, dtype as "float32");
}

/** The same shape, and values within 1e-6. */
export function expectClose(got: Tensor | undefined, expected: tf.Tensor, tolerance = 1e-6): void {
  expect(got?.shape).toEqual(expected.shape);
  const wanted = expected.dataSync();
  const values = Array.from((got?.data ?? []) as Float32Array);
  const difference = Math.max(
    0,
    ...values.map((value, i) => Math.abs(value - (wanted[i] ?? Number.NaN)) / Math.max(1, Math.abs(value))),
  );
  expect(difference).toBeLessThanOrEqual(tolerance);
}
