/** `tfaot profile`: what each compiled size costs, which of them are worth having, and the best rules with those. */
import { Exception } from "../../../base/errors.js";
import { BatchedModel } from "../BatchedModel.js";
import type { BatchRule } from "../BatchRule.js";
import { BatchStrategy } from "../BatchStrategy.js";
import {
  bestRules,
  type Costs,
  defaultRule,
  mostSizes,
  type RuledBatch,
  type SizeChoice,
  sizeChoices,
  worthHaving,
} from "./bestRules.js";
import type { BatchDistribution } from "./distribution.js";
import { callOf, medianMicroseconds, warmUp } from "./measure.js";
import type { ProfiledModel } from "./openProfiled.js";

export interface ProfiledBatch {
  readonly batchSize: number;
  readonly share: number;
  /** Both as measured, not as the sum of their runs. */
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
  /** µs of an average event. */
  readonly usPerEvent: { readonly byDefault: number; readonly best: number };
}

/** Costs nearer than this are one: more compiled sizes, or a rule of one's own, must gain more. */
const slack = 0.03;

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
  warmUp(calls);
  const us = medianMicroseconds(calls, rounds);
  const costs = new Map(sizes.map((size, i) => [size, us[i]!]));
  const choices = sizeChoices(costs, distribution);
  const choice = worthHaving(choices, slack);
  const chosen = new Map(choice.sizes.map((size) => [size, costs.get(size)!]));
  const batchSizes = [...distribution.shares.keys()].filter((size) => size > 0);
  const chosenRules = rulesFor(chosen, batchSizes);
  const batches = measureRules(model, distribution, chosenRules, rounds);
  const rules = chosenRules.flatMap(({ byDefault, best }) => (best === byDefault ? [] : [best.rule]));
  const mean = (pick: (batch: ProfiledBatch) => RuledBatch) =>
    batches.reduce((sum, batch) => sum + batch.share * pick(batch).us, 0);
  const usPerEvent = { byDefault: mean(({ byDefault }) => byDefault), best: mean(({ best }) => best) };
  return { model, distribution, rounds, costs, choices, choice, batches, rules, usPerEvent };
}

/** The two rules of each batch size, the same one where another would only be one more line in a config. */
function rulesFor(costs: Costs, batchSizes: readonly number[]): Omit<ProfiledBatch, "share">[] {
  const best = bestRules(costs, batchSizes);
  return batchSizes.map((batchSize) => {
    const byDefault = defaultRule(costs, batchSize);
    const found = best.get(batchSize)!;
    return { batchSize, byDefault, best: found.us < byDefault.us / (1 + slack) ? found : byDefault };
  });
}

function measureRules(
  { wrapper, descriptor }: ProfiledModel,
  { shares }: BatchDistribution,
  batches: readonly Omit<ProfiledBatch, "share">[],
  rounds: number,
): ProfiledBatch[] {
  const models = (["byDefault", "best"] as const).map(
    (which) => new BatchedModel(wrapper, new BatchStrategy(batches.map((batch) => batch[which].rule))),
  );
  const calls = batches.flatMap(({ batchSize }) =>
    models.map((model) => callOf(model, descriptor, batchSize)),
  );
  const us = medianMicroseconds(calls, rounds);
  return batches.map(({ batchSize, byDefault, best }, i) => {
    const measured = { rule: byDefault.rule, us: us[2 * i]! };
    const isSame = best === byDefault;
    const share = shares.get(batchSize)!;
    return {
      batchSize,
      share,
      byDefault: measured,
      best: isSame ? measured : { rule: best.rule, us: us[2 * i + 1]! },
    };
  });
}
