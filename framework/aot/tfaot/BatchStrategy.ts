/** Which rule a model uses for each batch size: those that were set, and defaults made of the compiled sizes. */
import { Exception } from "../../base/errors.js";
import { BatchRule } from "./BatchRule.js";

/** cms-tfaot's BatchStrategy. A model copies the one it is given and adds a default rule for each new batch size. */
export class BatchStrategy {
  readonly #rules = new Map<number, BatchRule>();

  constructor(rules: Iterable<BatchRule> = []) {
    for (const rule of rules) this.setRule(rule);
  }

  /** All rules, in the order in which their batch sizes first came. */
  get rules(): readonly BatchRule[] {
    return [...this.#rules.values()];
  }

  /** Sets the rule of its batch size, in place of one that is there. A string is a rule such as "5:2,2,2". */
  setRule(rule: BatchRule | string): void {
    const made = typeof rule === "string" ? new BatchRule(rule) : rule;
    this.#rules.set(made.batchSize, made);
  }

  hasRule(batchSize: number): boolean {
    return this.#rules.has(batchSize);
  }

  /** @throws UnknownBatchSize when there is no rule for it (those there are named) */
  getRule(batchSize: number): BatchRule {
    const rule = this.#rules.get(batchSize);
    if (rule) return rule;
    const known = this.#rules.size === 0 ? "there is none" : `there are ${[...this.#rules.keys()].join(",")}`;
    throw new Exception("UnknownBatchSize", `no batch rule for batch size ${batchSize}; ${known}.`);
  }

  /**
   * Sets and gives the rule made of the compiled sizes: the exact one, else the smallest, repeated and padded at the end.
   * @throws UnknownBatchSize when nothing is compiled
   */
  setDefaultRule(batchSize: number, available: readonly number[]): BatchRule {
    const rule = defaultRule(batchSize, available);
    this.setRule(rule);
    return rule;
  }
}

function defaultRule(batchSize: number, available: readonly number[]): BatchRule {
  if (available.length === 0)
    throw new Exception(
      "UnknownBatchSize",
      `batch size ${batchSize}: no size is compiled to make a rule of.`,
    );
  if (available.includes(batchSize)) return new BatchRule(batchSize, [batchSize]);
  const smallest = Math.min(...available);
  const runs = Math.ceil(batchSize / smallest);
  const sizes = Array.from({ length: runs }, () => smallest);
  return new BatchRule(batchSize, sizes, runs * smallest - batchSize);
}
