/** The compiled code of one model as a thread has loaded it: one unit a batch size. cms-tfaot's Wrapper. */
import { Exception } from "../../base/errors.js";
import type { TensorData } from "../../tensorflow/dtypes.js";
import type { Slot, Unit } from "../Unit.js";
import { elementsPerRow, type ModelDescriptor } from "./descriptor.js";

/** Counts are of elements. One a thread: all models of the same descriptor write into the same buffers. */
export class Wrapper {
  readonly descriptor: ModelDescriptor;
  readonly #units: ReadonlyMap<number, Unit>;

  constructor(descriptor: ModelDescriptor, units: ReadonlyMap<number, Unit>) {
    this.descriptor = descriptor;
    this.#units = units;
  }

  get name(): string {
    return this.descriptor.name;
  }

  /** The compiled batch sizes, ascending. */
  batchSizes(): number[] {
    return [...this.#units.keys()].sort((a, b) => a - b);
  }

  get nBatchSizes(): number {
    return this.#units.size;
  }

  hasBatchSize(batchSize: number): boolean {
    return this.#units.has(batchSize);
  }

  /** The code of one batch size. @throws UnknownBatchSize */
  unit(batchSize: number): Unit {
    const unit = this.#units.get(batchSize);
    if (unit) return unit;
    throw new Exception(
      "UnknownBatchSize",
      `model '${this.name}' is not compiled for batch size ${batchSize}, only for ${this.batchSizes().join(",")}; ` +
        "set a batch rule of these, or add it to batch_sizes in aot_config.yaml and compile again.",
    );
  }

  get nArgs(): number {
    return this.descriptor.inputs.length;
  }

  /** Per batch size, the elements of each argument. */
  argCounts(): Map<number, number[]> {
    return new Map(this.batchSizes().map((size) => [size, counts(this.unit(size).inputs)]));
  }

  argCount(batchSize: number, index: number): number {
    return this.argData(batchSize, index).length;
  }

  /** Elements of a row of each argument. */
  argCountsNoBatch(): number[] {
    return this.descriptor.inputs.map(elementsPerRow);
  }

  argCountNoBatch(index: number): number {
    return elementsPerRow(this.#at("UnknownArgument", this.descriptor.inputs, index));
  }

  /** Where the argument is written before run(). @throws UnknownBatchSize, UnknownArgument */
  argData(batchSize: number, index: number): TensorData {
    return this.#at("UnknownArgument", this.unit(batchSize).inputs, index).data;
  }

  get nResults(): number {
    return this.descriptor.outputs.length;
  }

  /** Per batch size, the elements of each result. */
  resultCounts(): Map<number, number[]> {
    return new Map(this.batchSizes().map((size) => [size, counts(this.unit(size).outputs)]));
  }

  resultCount(batchSize: number, index: number): number {
    return this.resultData(batchSize, index).length;
  }

  /** Elements of a row of each result. */
  resultCountsNoBatch(): number[] {
    return this.descriptor.outputs.map(elementsPerRow);
  }

  resultCountNoBatch(index: number): number {
    return elementsPerRow(this.#at("UnknownResult", this.descriptor.outputs, index));
  }

  /** Where run() leaves the result, until the next run in this thread. @throws UnknownBatchSize, UnknownResult */
  resultData(batchSize: number, index: number): TensorData {
    return this.#at("UnknownResult", this.unit(batchSize).outputs, index).data;
  }

  /** @throws UnknownBatchSize; FailedRun for what TensorFlow refuses too, such as an index out of range */
  run(batchSize: number): void {
    const unit = this.unit(batchSize);
    try {
      unit.run();
    } catch (error) {
      const why = Exception.from(error).message;
      throw new Exception("FailedRun", `model '${this.name}' failed for batch size ${batchSize}: ${why}`, {
        cause: error,
      });
    }
  }

  /** run(), telling whether it succeeded. @throws UnknownBatchSize */
  runSilent(batchSize: number): boolean {
    const unit = this.unit(batchSize);
    try {
      unit.run();
      return true;
    } catch {
      return false;
    }
  }

  #at<T>(category: "UnknownArgument" | "UnknownResult", list: readonly T[], index: number): T {
    const found = list[index];
    if (found) return found;
    const { inputs, outputs } = this.descriptor;
    const [what, known] = category === "UnknownArgument" ? ["argument", inputs] : ["result", outputs];
    const names = known.map(({ name }) => name).join(", ");
    throw new Exception(
      category,
      `model '${this.name}' has no ${what} ${index}; it has ${list.length}: ${names}.`,
    );
  }
}

function counts(slots: readonly Slot[]): number[] {
  return slots.map(({ data }) => data.length);
}
