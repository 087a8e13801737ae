/**
 * What measures a model on a sample, batch by batch: tensorpack's Inferencer. Here one may be fed in parts by many
 * streams and threads, so each must give the same bits however events were cut into batches and whatever their order:
 * counts and ExactSums do, a running float sum does not.
 */
import { suggestion } from "../base/didYouMean.js";
import { Exception } from "../base/errors.js";
import { showShape, type TensorLike } from "../tensorflow/Tensor.js";
import type { Histogram } from "./Histogram.js";

/** The tensors of one batch: what was fed, what the model gave, labels. */
export type NamedTensors = Readonly<Record<string, TensorLike>>;

export interface InferenceResult {
  readonly scalars: Readonly<Record<string, number>>;
  readonly histograms: Readonly<Record<string, Histogram>>;
}

/** In brackets: the hook of tensorpack's that it stands for. Implement it and registerInferencer to write your own. */
export interface Inferencer {
  /** Names of the tensors that update reads (_get_fetches). */
  readonly fetches: readonly string[];
  /** Forgets everything (_before_inference). */
  reset(): void;
  /**
   * Takes one batch of `rowCount` rows (_on_fetches). The tensors are overwritten afterwards: copy what is kept.
   * @throws InvalidEvaluation for tensors that it cannot measure
   */
  update(outputs: NamedTensors, rowCount: number): void;
  /** All that it knows, as plain data that can go to another thread. */
  toPlain(): unknown;
  /** Takes in what another one of the same type and parameters knows. */
  merge(plain: never): void;
  /** What it found (_after_inference); the same names whatever it was fed, NaN for what nothing is known of. */
  result(): InferenceResult;
}

/** @throws InvalidEvaluation */
export function invalidEvaluation(who: string, what: string): Exception {
  return new Exception("InvalidEvaluation", `${who}: ${what}.`);
}

function find(outputs: NamedTensors, name: string, who: string): TensorLike {
  const found = Object.hasOwn(outputs, name) ? outputs[name] : undefined;
  if (found) return found;
  throw invalidEvaluation(
    who,
    `there is no tensor '${name}'${suggestion(name, Object.keys(outputs)).replace(/\?$/, "")}`,
  );
}

/** The elements of a tensor as numbers. @throws InvalidEvaluation when it is not there, or holds no numbers */
export function numbersOf(outputs: NamedTensors, name: string, who: string): ArrayLike<number> {
  const { dtype, data } = find(outputs, name, who);
  if (dtype === "string" || dtype === "half" || dtype === "bfloat16")
    throw invalidEvaluation(who, `tensor '${name}' holds ${dtype}; cast it to float32 in the model`);
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return Array.from(data, Number);
  return data as ArrayLike<number>;
}

/** A number a row: the elements of a [rows] or [rows, 1] tensor. @throws InvalidEvaluation */
export function vectorOf(
  outputs: NamedTensors,
  name: string,
  rowCount: number,
  who: string,
): ArrayLike<number> {
  const { shape } = find(outputs, name, who);
  const isVector = shape.length === 1 || (shape.length === 2 && shape[1] === 1);
  if (!isVector || shape[0] !== rowCount) {
    const wanted = `one number for each of the ${rowCount} rows`;
    throw invalidEvaluation(who, `tensor '${name}' has the shape ${showShape(shape)}; needed is ${wanted}`);
  }
  return numbersOf(outputs, name, who);
}

/** A class index a row: a [rows] or [rows, 1] tensor of indices, or of [rows, classes] the highest; the first of equals. */
export function classesOf(
  outputs: NamedTensors,
  name: string,
  rowCount: number,
  classCount: number,
  who: string,
): ArrayLike<number> {
  const { shape } = find(outputs, name, who);
  if (shape.length !== 2 || shape[1] === 1) return vectorOf(outputs, name, rowCount, who);
  if (shape[0] !== rowCount || shape[1] !== classCount) {
    const wanted = `[${rowCount},${classCount}], a score a class, or one index a row`;
    throw invalidEvaluation(who, `tensor '${name}' has the shape ${showShape(shape)}; needed is ${wanted}`);
  }
  const scores = numbersOf(outputs, name, who);
  return Int32Array.from({ length: rowCount }, (_, row) => {
    let best = 0;
    const at = (index: number) => scores[row * classCount + index] as number;
    for (let index = 0; index < classCount; index++) {
      if (Number.isNaN(at(index))) throw invalidEvaluation(who, `row ${row} of tensor '${name}' has a NaN`);
      if (at(index) > at(best)) best = index;
    }
    return best;
  });
}

/** 1 or 0 a row. @throws InvalidEvaluation for any other value */
export function labelsOf(
  outputs: NamedTensors,
  name: string,
  rowCount: number,
  who: string,
): ArrayLike<number> {
  const labels = vectorOf(outputs, name, rowCount, who);
  for (let row = 0; row < rowCount; row++) {
    const label = labels[row];
    if (label !== 0 && label !== 1)
      throw invalidEvaluation(who, `row ${row} of tensor '${name}' is ${label}; it must be 0 or 1`);
  }
  return labels;
}

/**
 * What several inferencers found, together.
 * @throws Configuration when two of them give a scalar or histogram the same name
 */
export function resultOf(inferencers: readonly Inferencer[]): InferenceResult {
  const scalars: Record<string, number> = {};
  const histograms: Record<string, Histogram> = {};
  const putAll = <T>(to: Record<string, T>, from: Readonly<Record<string, T>>) => {
    for (const [name, value] of Object.entries(from)) {
      if (Object.hasOwn(to, name))
        throw new Exception(
          "Configuration",
          `two inferencers give '${name}'; give one of them another prefix or summaryName.`,
        );
      to[name] = value;
    }
  };
  for (const inferencer of inferencers) {
    const found = inferencer.result();
    putAll(scalars, found.scalars);
    putAll(histograms, found.histograms);
  }
  return { scalars, histograms };
}
