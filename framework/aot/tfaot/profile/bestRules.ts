/** The cheapest batch rules and the compiled sizes worth having, from what a run of each size costs. */
import { BatchRule } from "../BatchRule.js";
import { BatchStrategy } from "../BatchStrategy.js";
import type { BatchDistribution } from "./distribution.js";

/** Compiled size → µs of a run, all above 0. */
export type Costs = ReadonlyMap<number, number>;

export interface RuledBatch {
  readonly rule: BatchRule;
  /** Of all its runs. */
  readonly us: number;
}

/** A set of compiled sizes and what an average event then costs by its best rules. */
export interface SizeChoice {
  readonly sizes: readonly number[];
  readonly us: number;
}

/** As many sizes are tried in all combinations: 4095 sets. */
export const mostSizes = 12;

/** µs of the cheapest runs for n rows at index n, and the first size to run, for all n up to `most`. */
function cheapest(costs: Costs, most: number): { us: Float64Array; first: Int32Array } {
  // The largest first: of equal costs it is the fewest runs.
  const sizes = [...costs].sort(([a], [b]) => b - a);
  const us = new Float64Array(most + 1).fill(Number.POSITIVE_INFINITY);
  const first = new Int32Array(most + 1);
  us[0] = 0;
  for (let rows = 1; rows <= most; rows++) {
    for (const [size, cost] of sizes) {
      const total = cost + us[Math.max(rows - size, 0)]!;
      if (total >= us[rows]!) continue;
      us[rows] = total;
      first[rows] = size;
    }
  }
  return { us, first };
}

/** The cheapest rule of each batch size, large runs first. */
export function bestRules(costs: Costs, batchSizes: readonly number[]): Map<number, RuledBatch> {
  const { us, first } = cheapest(costs, Math.max(...batchSizes));
  return new Map(
    batchSizes.map((batchSize) => {
      const sizes: number[] = [];
      for (let rows = batchSize; rows > 0; rows -= first[rows]!) sizes.push(first[rows]!);
      sizes.sort((a, b) => b - a);
      // No run is all padding, whichever is last: without it the rule would be cheaper.
      const padding = sizes.reduce((sum, size) => sum + size, 0) - batchSize;
      return [batchSize, { rule: new BatchRule(batchSize, sizes, padding), us: us[batchSize]! }];
    }),
  );
}

/** The rule that a model takes of itself. */
export function defaultRule(costs: Costs, batchSize: number): RuledBatch {
  const rule = new BatchStrategy().setDefaultRule(batchSize, [...costs.keys()]);
  return { rule, us: rule.sizes.reduce((sum, size) => sum + costs.get(size)!, 0) };
}

/** For each number of sizes, from 1 on, the set with the least cost of an average event. */
export function sizeChoices(costs: Costs, { shares }: BatchDistribution): SizeChoice[] {
  const all = [...costs];
  const most = Math.max(...shares.keys());
  const choices: SizeChoice[] = [];
  for (let set = 1; set < 1 << all.length; set++) {
    const chosen = all.filter((_, i) => (set >> i) & 1);
    const table = cheapest(new Map(chosen), most).us;
    let us = 0;
    for (const [batchSize, share] of shares) us += share * table[batchSize]!;
    const known = choices[chosen.length - 1];
    if (!known || us < known.us) choices[chosen.length - 1] = { sizes: chosen.map(([size]) => size), us };
  }
  return choices;
}

/** The fewest sizes with which an event costs at most `slack` (0.03: 3 %) more than with the best set. */
export function worthHaving(choices: readonly SizeChoice[], slack: number): SizeChoice {
  const best = Math.min(...choices.map(({ us }) => us));
  return choices.find(({ us }) => us <= best * (1 + slack))!;
}
