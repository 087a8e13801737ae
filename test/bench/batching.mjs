/**
 * What sharing calls between events gains: mlp_big of $CMSRUN_SHARED/models on 8 streams of one thread, with one and with
 * four rows an event, as a BatchingProducer and with a call for each event. The two take turns.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { skippedCase } from "./inference/cases.mjs";
import { median, modelFolder, runConfig } from "./run.mjs";

const rounds = 7;
const events = 20_000;

export function* batching() {
  let folder;
  try {
    folder = join(modelFolder(), "mlp_big");
  } catch (error) {
    yield skippedCase("batching", error.message);
    return;
  }
  for (const target of ["wasm", "native"]) for (const rows of [1, 4]) yield compare(folder, target, rows);
}

function compare(folder, target, rows) {
  const { inputs, outputs } = JSON.parse(readFileSync(join(folder, "meta.json"), "utf8"));
  const [[input], [output]] = [Object.values(inputs), Object.values(outputs)];
  const model = [
    `graphPath=${join(folder, "frozen.pb")}`,
    `input=${input.tensor}`,
    `output=${output.tensor}`,
    `width=${input.shape.at(-1)}`,
  ];
  const common = [...model, `batch=${rows}`, `target=${target}`, "threads=1", `events=${events}`];
  const rate = (module) => {
    const { events: done, seconds } = runConfig("shared_model_cfg.ts", ...common, `module=${module}`);
    return done / seconds;
  };
  const pairs = Array.from({ length: rounds }, () => ({
    batched: rate("BatchedModelProducer"),
    alone: rate("SharedModelProducer"),
  }));
  return {
    case: `batching/mlp_big/${target}/${rows} ${rows === 1 ? "row" : "rows"} an event`,
    value: median(pairs.map(({ batched }) => batched)),
    unit: "events/s",
    peer: "a call an event",
    ratio: median(pairs.map(({ batched, alone }) => batched / alone)),
    target: null,
    of: "ratio",
    better: "higher",
  };
}
