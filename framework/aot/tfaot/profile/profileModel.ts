/** `tfaot profile`: what each compiled size costs, which of them are worth having, and the best rules with those. */
import { Exception } from "../../../base/errors.js";
import { BatchedModel } from "../BatchedModel.js";
import type { BatchRule } from "../BatchRule.js";
import { BatchStrategy } from "../BatchStrategy.js";
import {
  bestRules,
  defaultRule,
  mostSizes,
  type RuledBatch,
  type SizeChoice,
  sizeChoices,
  worthHaving,
} from "./bestRules.js";
import type { BatchDistribution } from "./distribution.js";
import { callOf, medianMicroseconds } from "./measure.js";
import type { ProfiledModel } from "./openProfiled.js";

export interface ProfiledBatch {
  readonly batchSize: number;
  readonly share: number;
  readonly byDefault: RuledBatch;
  readonly best: RuledBatch;
}

export interface Profile {
  readonly model: ProfiledModel;
  readonly distribution: BatchDistribution;
  readonly rounds: number;
  /** µs a call, by compiled size, ascending. */
  readonly costs: ReadonlyMap<number, number>;
  /** The best sets of 1, 2, … compiled sizes. */
  readonly choices: readonly SizeChoice[];
  /** The one of them that is worth having. */
  readonly choice: SizeChoice;
  /** With the sizes of that choice, one a batch size of the distribution but 0. */
  readonly batches: readonly ProfiledBatch[];
  /** The best rules that are no default ones. */
  readonly rules: readonly BatchRule[];
  /** µs of an average event by default rules and by these, measured in alternation on events of the distribution. */
  readonly measuredUs: { readonly byDefault: number; readonly best: number };
}

/** Costs nearer than this are one: more compiled sizes, or a rule of one's own, must gain more. */
const slack = 0.03;
/** Events of the measured mix: enough for shares of 1 %. */
const mixedEvents = 200;

/** @throws Configuration for more than 12 sizes; OutputMismatch for a model whose batches cannot be split */
export function profileModel(model: ProfiledModel, distribution: BatchDistribution, rounds: number): Profile {
  const { wrapper, descriptor } = model;
  const sizes = [...descriptor.batchSizes].sort((a, b) => a - b);
  if (sizes.length > mostSizes)
    throw new Exception(
      "Configuration",
      `${sizes.length} batch sizes are too many to choose from; name at most ${mostSizes}.`,
    );
  const exact = new BatchedModel(wrapper);
  const calls = sizes.map((size) => callOf(exact, descriptor, size));
  const us = medianMicroseconds(calls, rounds);
  const costs = new Map(sizes.map((size, i) => [size, us[i]!]));
  const choices = sizeChoices(costs, distribution);
  const choice = worthHaving(choices, slack);
  const chosen = new Map(choice.sizes.map((size) => [size, costs.get(size)!]));
  const batchSizes = [...distribution.shares.keys()].filter((size) => size > 0);
  const best = bestRules(chosen, batchSizes);
  const batches = batchSizes.map((batchSize): ProfiledBatch => {
    const byDefault = defaultRule(chosen, batchSize);
    const ruled = best.get(batchSize)!;
    // A rule that gains nothing would only be one more line in a config.
    const isWorth = ruled.us < byDefault.us / (1 + slack);
    const share = distribution.shares.get(batchSize)!;
    return { batchSize, share, byDefault, best: isWorth ? ruled : byDefault };
  });
  const rules = batches.flatMap(({ best: { rule }, byDefault }) => (rule === byDefault.rule ? [] : [rule]));
  const measuredUs = measureMix(model, distribution, batches, rounds);
  return { model, distribution, rounds, costs, choices, choice, batches, rules, measuredUs };
}

function measureMix(
  { wrapper, descriptor }: ProfiledModel,
  { shares }: BatchDistribution,
  batches: readonly ProfiledBatch[],
  rounds: number,
): Profile["measuredUs"] {
  const mix = (pick: (batch: ProfiledBatch) => RuledBatch) => {
    const strategy = new BatchStrategy(batches.map((batch) => pick(batch).rule));
    const model = new BatchedModel(wrapper, strategy);
    const calls = new Map(batches.map(({ batchSize }) => [batchSize, callOf(model, descriptor, batchSize)]));
    const events = mixedSizes(shares).map((size) => calls.get(size) ?? (() => undefined));
    return () => {
      for (const event of events) event();
    };
  };
  const [byDefault, best] = medianMicroseconds(
    [mix((batch) => batch.byDefault), mix(({ best: b }) => b)],
    rounds,
  );
  return { byDefault: byDefault! / mixedEvents, best: best! / mixedEvents };
}

/** Batch sizes by their shares, in an order that has no runs of one size. */
function mixedSizes(shares: ReadonlyMap<number, number>): number[] {
  const entries = [...shares];
  const golden = (Math.sqrt(5) - 1) / 2;
  return Array.from({ length: mixedEvents }, (_, i) => {
    let left = ((i + 0.5) * golden) % 1;
    const found = entries.find(([, share]) => {
      left -= share;
      return left < 0;
    });
    return (found ?? entries.at(-1)!)[0];
  });
}
