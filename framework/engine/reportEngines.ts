/** Which engine, in which version, on which CPU produced the scores, and from which models. */
import { LogVerbatim } from "../base/log.js";
import { formatEngineUse, formatModels, takeEngineUse } from "../tensorflow/inferenceReport.js";
import type { ThreadSummary } from "./summaryCounts.js";

/** For the job's report. `release` gives the version of cmsrun, when a model was used. */
export async function reportEngines(
  summaries: readonly ThreadSummary[],
  release: () => Promise<string>,
): Promise<void> {
  const uses = [takeEngineUse(), ...summaries.flatMap(({ engines }) => engines)];
  if (uses.some(({ models }) => models.length > 0))
    LogVerbatim("FwkSummary", formatEngineUse(uses, await release()));
  const models = formatModels(uses);
  if (models !== "") LogVerbatim("FwkSummary", models);
}
