/** What tfjs's own CPU backend makes of a function: every kernel that it runs, with inputs, attributes and results. */
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { type DType, newData, type TensorData } from "../../../../framework/tensorflow/dtypes.js";
import type { TensorLike } from "../../../../framework/tensorflow/Tensor.js";

/** A tensor of tfjs with its elements, because tfjs frees them when the op is over. */
export interface Seen {
  readonly id: number;
  readonly value: TensorLike;
}

export interface KernelCall {
  readonly kernel: string;
  readonly inputs: Readonly<Record<string, Seen>>;
  readonly attrs: Readonly<Record<string, unknown>>;
  readonly outputs: readonly Seen[];
}

type Run = (name: string, inputs: Record<string, tf.Tensor>, attrs?: Record<string, unknown>) => unknown;

/** Runs the function and gives its kernels in their order, and what it returned. */
export function kernelsOf(run: () => tf.Tensor | readonly tf.Tensor[]): {
  readonly calls: readonly KernelCall[];
  readonly results: readonly Seen[];
} {
  const engine = tf.engine() as unknown as { runKernel: Run };
  const original = engine.runKernel;
  const calls: KernelCall[] = [];
  engine.runKernel = (kernel, inputs, attrs = {}) => {
    const given = Object.entries(inputs ?? {}).filter(
      ([, tensor]) => tensor !== undefined && tensor !== null,
    );
    const seen = Object.fromEntries(given.map(([name, tensor]) => [name, seenOf(tensor)]));
    const result = original.call(engine, kernel, inputs, attrs);
    const outputs = [result].flat() as tf.Tensor[];
    // Looking at the elements runs no kernels.
    calls.push({ kernel, inputs: seen, attrs, outputs: outputs.map(seenOf) });
    return result;
  };
  try {
    const results = [run()].flat() as tf.Tensor[];
    return { calls, results: results.map(seenOf) };
  } finally {
    engine.runKernel = original;
  }
}

/** A tensor as it is now. */
export function seenOf(tensor: tf.Tensor): Seen {
  const { id, shape } = tensor;
  const dtype = tensor.dtype as DType;
  const elements = tensor.dataSync();
  const data = newData(dtype, elements.length);
  for (let i = 0; i < elements.length; i++) {
    const element = elements[i] as unknown;
    (data as unknown[])[i] = typeof element === "string" ? new TextEncoder().encode(element) : element;
  }
  return { id, value: { dtype, shape: [...shape], data: data as TensorData } };
}

/** Numbers between −2 and 2 that are the same in every run. */
export function numbers(count: number, seed = 1): Float32Array {
  let state = seed * 2654435761;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 32) * 4 - 2;
  });
}

export function floats(shape: readonly number[], seed = 1): tf.Tensor {
  return tf.tensor(
    numbers(
      shape.reduce((n, size) => n * size, 1),
      seed,
    ),
    [...shape],
  );
}

export function wholes(shape: readonly number[], seed = 1, scale = 4): tf.Tensor {
  return tf.tensor(
    Array.from(floats(shape, seed).dataSync(), (x) => Math.round(x * scale)),
    [...shape],
    "int32",
  );
}

export function bools(shape: readonly number[], seed = 1): tf.Tensor {
  return tf.tensor(
    Array.from(floats(shape, seed).dataSync(), (x) => (x > 0 ? 1 : 0)),
    [...shape],
    "bool",
  );
}
