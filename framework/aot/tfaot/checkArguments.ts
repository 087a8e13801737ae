/** Checks what a plugin gives to a compiled model before anything runs; messages count elements as cms-tfaot's do. */
import { Exception } from "../../base/errors.js";
import { holds, newData, type TensorData } from "../../tensorflow/dtypes.js";
import { elementsPerRow, isBatched, type ModelDescriptor, type TensorDescription } from "./descriptor.js";
import type { Argument } from "./rows.js";

/** @throws InputMismatch for another number of inputs, rows or elements, or another kind of array */
export function checkInputs(
  { name, inputs }: ModelDescriptor,
  batchSize: number,
  given: readonly Argument[],
): void {
  if (given.length !== inputs.length) {
    const expected = `${inputs.length} are expected: ${inputs.map((input) => input.name).join(", ")}`;
    throw new Exception("InputMismatch", `model '${name}' received ${given.length} inputs, but ${expected}.`);
  }
  for (let i = 0; i < inputs.length; i++) {
    const problem = problemOf(inputs[i] as TensorDescription, given[i] as Argument, batchSize, i);
    if (problem) throw new Exception("InputMismatch", `model '${name}' received ${problem}.`);
  }
}

/** @throws OutputMismatch for another number of outputs or elements, or another kind of array */
export function checkOutputs(
  { name, outputs }: ModelDescriptor,
  batchSize: number,
  given: readonly TensorData[],
): void {
  if (given.length !== outputs.length) {
    const expected = `${outputs.length} are expected: ${outputs.map((output) => output.name).join(", ")}`;
    throw new Exception(
      "OutputMismatch",
      `model '${name}' received ${given.length} outputs, but ${expected}.`,
    );
  }
  for (let i = 0; i < outputs.length; i++) {
    const problem = arrayProblem(
      outputs[i] as TensorDescription,
      given[i] as TensorData,
      batchSize,
      "result",
      i,
    );
    if (problem) throw new Exception("OutputMismatch", `model '${name}' received ${problem}.`);
  }
}

/** Elements of a whole batch of a tensor; none for an empty batch, whatever the tensor. */
export function elementsOf(description: TensorDescription, batchSize: number): number {
  if (batchSize === 0) return 0;
  return elementsPerRow(description) * (isBatched(description) ? batchSize : 1);
}

function problemOf(
  input: TensorDescription,
  given: Argument,
  batchSize: number,
  i: number,
): string | undefined {
  if (ArrayBuffer.isView(given)) {
    // What has no batch dimension is given for an empty batch too.
    const rows = isBatched(input) ? batchSize : Math.max(batchSize, 1);
    return arrayProblem(input, given as TensorData, rows, "argument", i);
  }
  const count = elementsPerRow(input);
  if (!isBatched(input)) return countProblem(Array.isArray(given) ? given.length : 1, count, "argument", i);
  if (!Array.isArray(given))
    return `${show(given)} for argument ${i} ('${input.name}'), but rows are expected`;
  if (given.length !== batchSize)
    return `${given.length} rows for argument ${i}, but ${batchSize} are expected for batch size ${batchSize}`;
  for (const row of given as readonly unknown[]) {
    if (typeof row !== "object" || row === null || !("length" in row))
      return `${show(row)} as a row of argument ${i} ('${input.name}'), but an array of ${count} elements is expected`;
    const problem = countProblem(row.length as number, count, "argument", i);
    if (problem) return problem;
  }
  return undefined;
}

function arrayProblem(
  description: TensorDescription,
  given: TensorData,
  batchSize: number,
  what: "argument" | "result",
  i: number,
): string | undefined {
  const { dtype, name } = description;
  if (!holds(dtype, given)) {
    const wanted = newData(dtype, 0).constructor.name;
    return `a ${show(given)} for ${what} ${i} ('${name}'), but a ${wanted} is expected (${dtype})`;
  }
  return countProblem(given.length, elementsOf(description, batchSize), what, i);
}

function countProblem(given: number, expected: number, what: string, i: number): string | undefined {
  if (given === expected) return undefined;
  return `${given} elements for ${what} ${i}, but ${expected} are expected`;
}

function show(value: unknown): string {
  if (typeof value !== "object" || value === null) return `${typeof value} ${String(value)}`;
  return value.constructor?.name ?? "object";
}
