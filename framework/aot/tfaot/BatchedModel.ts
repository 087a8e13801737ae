/** A compiled model for any batch size: rules split a batch into runs of compiled sizes, in the flat form or the nested. */
import { Exception } from "../../base/errors.js";
import { newData, type TensorData } from "../../tensorflow/dtypes.js";
import { BatchRule } from "./BatchRule.js";
import { BatchStrategy } from "./BatchStrategy.js";
import { checkInputs, checkOutputs, elementsOf } from "./checkArguments.js";
import {
  type FlatInputs,
  type FlatOutputs,
  isBatched,
  type ModelDescriptor,
  type NestedInputs,
  type NestedOutputs,
  type TensorDescription,
} from "./descriptor.js";
import { type Argument, areWholeFloats } from "./rows.js";
import { collectFlat, collectNested, runRule, runWhole } from "./runRule.js";
import type { Wrapper } from "./Wrapper.js";

/** All of tfaot.Model but how its code is found: that is Model.ts. */
export class BatchedModel<T extends ModelDescriptor> {
  /** Why initializeGlobalCache may not return one, and what to do: base/sharedForm.ts. */
  static readonly notShareable =
    "a tfaot.Model, whose run() writes its own buffers: make it a member of the plugin instance instead, " +
    "set in the constructor (its weights are in memory once, whatever the number of instances)";

  readonly #wrapper: Wrapper;
  #strategy = new BatchStrategy();

  constructor(wrapper: Wrapper, strategy?: BatchStrategy) {
    this.#wrapper = wrapper;
    if (strategy) this.setBatchStrategy(strategy);
  }

  name(): T["name"] {
    return this.#wrapper.name;
  }

  /** The compiled batch sizes, ascending. */
  batchSizes(): number[] {
    return this.#wrapper.batchSizes();
  }

  /** The rules in use; a default rule joins them at the first run of a new batch size. */
  getBatchStrategy(): BatchStrategy {
    return this.#strategy;
  }

  /** Takes the rules of `strategy`, in place of all there are. @throws UnknownBatchSize as setBatchRule */
  setBatchStrategy(strategy: BatchStrategy): void {
    for (const rule of strategy.rules) this.#checkSizes(rule);
    this.#strategy = new BatchStrategy(strategy.rules);
  }

  /** @throws the errors of BatchRule; UnknownBatchSize for a size that is not compiled */
  setBatchRule(rule: string | BatchRule): void;
  setBatchRule(batchSize: number, sizes: readonly number[], lastPadding?: number): void;
  setBatchRule(rule: number | string | BatchRule, sizes: readonly number[] = [], lastPadding = 0): void {
    const made =
      typeof rule === "number"
        ? new BatchRule(rule, sizes, lastPadding)
        : typeof rule === "string"
          ? new BatchRule(rule)
          : rule;
    this.#checkSizes(made);
    this.#strategy.setRule(made);
  }

  /**
   * Computes all outputs of a batch; with batch size 0 they are empty. An input is an array of rows, or one typed array
   * of all rows; outputs have the form of the inputs, and are the caller's own.
   * @throws InputMismatch, OutputMismatch, UnknownBatchSize, FailedRun
   */
  run(batchSize: number, ...inputs: NestedInputs<T>): NestedOutputs<T>;
  run(batchSize: number, ...inputs: FlatInputs<T>): FlatOutputs<T>;
  run(batchSize: number, ...inputs: readonly unknown[]): unknown[] {
    const given = inputs as readonly Argument[];
    const { outputs } = this.#wrapper.descriptor;
    if (this.#isOneRun(batchSize) && areWholeFloats(this.#wrapper.descriptor.inputs, batchSize, given)) {
      const results = newResults(outputs, batchSize);
      runWhole(this.#wrapper, batchSize, given, results);
      return results;
    }
    const rule = this.#prepare(batchSize, given);
    if (given.some((input) => ArrayBuffer.isView(input))) {
      const results = newResults(outputs, batchSize);
      if (rule) runRule(this.#wrapper, rule, given, results, collectFlat);
      return results;
    }
    const results: unknown[][] = outputs.map(() => []);
    if (rule) runRule(this.#wrapper, rule, given, results, collectNested);
    return results;
  }

  /**
   * run() into arrays of the caller, so that a loop which keeps them allocates no results (large parts of a batch: a view each).
   * @throws as run; OutputMismatch when an array does not fit its output
   */
  runInto(batchSize: number, inputs: FlatInputs<T>, outputs: FlatOutputs<T>): void {
    const given = inputs as readonly Argument[];
    const results = outputs as readonly TensorData[];
    const { descriptor } = this.#wrapper;
    if (
      this.#isOneRun(batchSize) &&
      areWholeFloats(descriptor.inputs, batchSize, given) &&
      areWholeFloats(descriptor.outputs, batchSize, results)
    ) {
      runWhole(this.#wrapper, batchSize, given, results);
      return;
    }
    const rule = this.#prepare(batchSize, given);
    checkOutputs(descriptor, batchSize, results);
    if (rule) runRule(this.#wrapper, rule, given, results, collectFlat);
  }

  /** Whether a batch of this size has come before and is one run of a compiled size. */
  #isOneRun(batchSize: number): boolean {
    if (!this.#strategy.hasRule(batchSize)) return false;
    const { sizes, lastPadding } = this.#strategy.getRule(batchSize);
    return sizes.length === 1 && lastPadding === 0;
  }

  /** Checks the inputs and gives the rule to run by; undefined for an empty batch. */
  #prepare(batchSize: number, inputs: readonly Argument[]): BatchRule | undefined {
    if (!Number.isSafeInteger(batchSize) || batchSize < 0)
      throw new Exception(
        "UnknownBatchSize",
        `model '${this.name()}': batch size ${batchSize} is no whole number from 0 on.`,
      );
    const { descriptor } = this.#wrapper;
    if (!areWholeFloats(descriptor.inputs, batchSize, inputs)) checkInputs(descriptor, batchSize, inputs);
    if (batchSize === 0) return undefined;
    const rule = this.#strategy.hasRule(batchSize)
      ? this.#strategy.getRule(batchSize)
      : this.#strategy.setDefaultRule(batchSize, this.batchSizes());
    if (rule.sizes.length > 1 || rule.lastPadding > 0) this.#checkDivisible(rule);
    return rule;
  }

  /** A result for the whole batch cannot be put together from parts of it. */
  #checkDivisible(rule: BatchRule): void {
    for (const output of this.#wrapper.descriptor.outputs) {
      if (isBatched(output)) continue;
      const what = `output '${output.name}' has no batch dimension, so it cannot be made by ${rule}`;
      throw new Exception(
        "OutputMismatch",
        `model '${this.name()}': ${what}; compile for batch size ${rule.batchSize}.`,
      );
    }
  }

  #checkSizes(rule: BatchRule): void {
    for (const size of rule.sizes) {
      if (this.#wrapper.hasBatchSize(size)) continue;
      const known = `it is compiled for ${this.batchSizes().join(",")}`;
      throw new Exception(
        "UnknownBatchSize",
        `model '${this.name()}': ${rule} needs batch size ${size}; ${known}.`,
      );
    }
  }
}

function newResults(outputs: readonly TensorDescription[], batchSize: number): TensorData[] {
  return outputs.map((output) => newData(output.dtype, elementsOf(output, batchSize)));
}
