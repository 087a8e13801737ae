/** The report of `tfaot profile --json`: all that was measured and chosen, as plain data. */
import type { Profile, ProfiledBatch } from "./profileModel.js";
import { ruleText } from "./profileText.js";

export function profileJson(profile: Profile): object {
  const { model, distribution, rounds, costs, choices, choice, batches, rules, usPerEvent } = profile;
  const { name, version } = model.descriptor;
  const ruled = (pick: ProfiledBatch["best"]) => ({ rule: ruleText(pick.rule), us: pick.us });
  return {
    model: { name, version, target: model.target, features: model.features },
    rounds,
    calls: [...costs].map(([batchSize, us]) => ({ batchSize, us, usPerRow: us / batchSize })),
    distribution: {
      origin: distribution.origin,
      shares: [...distribution.shares].map(([batchSize, share]) => ({ batchSize, share })),
    },
    choices,
    batches: batches.map(({ batchSize, share, byDefault, best }) => {
      return { batchSize, share, default: ruled(byDefault), best: ruled(best) };
    }),
    usPerEvent: { default: usPerEvent.byDefault, best: usPerEvent.best },
    batch_sizes: choice.sizes,
    batchRules: rules.map(ruleText),
  };
}
