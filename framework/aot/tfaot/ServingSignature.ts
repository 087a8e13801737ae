/** A signature as the compiler needs it: static shapes for one batch size, and afterwards what has a batch dimension. */
import { Exception } from "../../base/errors.js";
import type { DType } from "../../tensorflow/dtypes.js";
import type { GraphDef, Signature, SignatureTensor } from "../../tensorflow/GraphDef.js";
import { elementCount, showShape } from "../../tensorflow/Tensor.js";
import type { Feed } from "../lower/traceGraph.js";
import type { CodeLayout, SlotLayout } from "../Unit.js";
import type { TensorDescription } from "./descriptor.js";

interface Input {
  readonly key: string;
  readonly tensor: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
}

export class ServingSignature {
  readonly #origin: string;
  readonly #inputs: readonly Input[];
  readonly #outputs: readonly (readonly [key: string, tensor: SignatureTensor])[];
  /** The one batch size that the model was saved for; undefined when it takes any. */
  readonly #fixedBatch: number | undefined;
  readonly #takesAny: boolean;

  /** @throws InvalidMetaGraphDef for a graph without signature, and for inputs that no static shape can be given */
  constructor({ origin, signature }: Pick<GraphDef, "origin" | "signature">) {
    this.#origin = origin;
    if (!signature) throw this.#invalid("it is a frozen graph; ahead-of-time compilation needs a SavedModel");
    this.#inputs = Object.entries(signature.inputs).map(([key, tensor]) => this.#input(key, tensor));
    this.#outputs = outputsOf(signature);
    this.#takesAny = this.#inputs.some(({ shape }) => shape[0] === -1);
    const firsts = new Set(this.#inputs.filter(({ shape }) => shape.length > 0).map(({ shape }) => shape[0]));
    this.#fixedBatch = !this.#takesAny && firsts.size === 1 ? [...firsts][0] : undefined;
  }

  /** The full names of the tensors to compute. */
  get fetches(): string[] {
    return this.#outputs.map(([, { name }]) => name);
  }

  /** Of some batch sizes those that the model takes: all, or the one that it was saved for. */
  batchSizesToTry(sizes: readonly number[]): readonly number[] {
    return this.#takesAny ? sizes : [this.#fixedBatch ?? 1];
  }

  /** The inputs for one batch size. @throws InvalidMetaGraphDef when the model was saved for another one */
  feeds(batchSize: number): Feed[] {
    if (!this.#takesAny && batchSize !== (this.#fixedBatch ?? 1)) {
      const shown = this.#inputs.map(({ key, shape }) => `${key} ${showShape(shape)}`).join(", ");
      const what = `it is saved for batch size ${this.#fixedBatch ?? 1} only (${shown})`;
      const remedy = "save it with an unknown first dimension, such as tf.TensorSpec([None, 4])";
      throw this.#invalid(`${what} and cannot be compiled for ${batchSize}: ${remedy}`);
    }
    return this.#inputs.map(({ tensor, dtype, shape }) => ({
      name: tensor,
      dtype,
      shape: shape[0] === -1 ? [batchSize, ...shape.slice(1)] : shape,
    }));
  }

  /** Inputs in the order of the feeds, by the names of the signature. */
  describeInputs(): TensorDescription[] {
    return this.#inputs.map(({ key, dtype, shape }) => {
      const isBatched = shape.length > 0 && shape[0] === (this.#takesAny ? -1 : this.#fixedBatch);
      return { name: key, dtype, shape: isBatched ? [null, ...shape.slice(1)] : shape };
    });
  }

  /** Outputs in the order of the fetches. What the batch sizes show decides where the signature leaves it open. */
  describeOutputs(layouts: ReadonlyMap<number, CodeLayout>): TensorDescription[] {
    return this.#outputs.map(([key, { shape: declared }], i) => {
      const slots = [...layouts].map(([size, { outputs }]): [number, SlotLayout] => [size, outputs[i]!]);
      const [size, { dtype, shape }] = slots[0]!;
      const perRow = elementCount(shape) / size;
      const mayBe = declared === null || declared[0] === (this.#takesAny ? -1 : this.#fixedBatch);
      const grows = slots.every(([n, slot]) => elementCount(slot.shape) === n * perRow);
      const hasInput = this.#takesAny || this.#fixedBatch !== undefined;
      if (!mayBe || !hasInput || !grows || !Number.isInteger(perRow) || shape.length === 0)
        return { name: key, dtype, shape };
      return { name: key, dtype, shape: shape[0] === size ? [null, ...shape.slice(1)] : [null, perRow] };
    });
  }

  #input(key: string, { name, dtype, shape }: SignatureTensor): Input {
    if (dtype === undefined || dtype === "string" || name === "")
      throw this.#invalid(`input '${key}' is no dense tensor of numbers, which is all that can be compiled`);
    if (shape === null) throw this.#invalid(`input '${key}' has an unknown rank; save it with a shape`);
    if (shape.slice(1).some((size) => size < 0)) {
      const what = `input '${key}' has the shape ${showShape(shape)}`;
      throw this.#invalid(`${what}; only the first dimension, the batch, may be unknown`);
    }
    return { key, tensor: name, dtype, shape };
  }

  #invalid(what: string): Exception {
    return new Exception("InvalidMetaGraphDef", `'${this.#origin}': ${what}.`);
  }
}

function outputsOf({ outputs }: Signature): [string, SignatureTensor][] {
  return Object.entries(outputs);
}
