/** The golden models beside the checkout, in the folder that CMSRUN_SHARED names; said aloud where there are none. */
import { existsSync } from "node:fs";
import { join } from "node:path";

/** Each has frozen.pb, saved_model, golden.json and meta.json. */
export const modelNames = [
  "simple",
  "multi",
  "mlp_small",
  "mlp_big",
  "deepjet_like",
  "transformer",
  "cnn",
  "tf1_frozen",
  "gru",
] as const;

/** Their folder. @param file the test's, for the message */
export function modelsFolder(file: string): string | undefined {
  const shared = process.env.CMSRUN_SHARED;
  const folder = join(shared ?? "", "models");
  if (shared !== undefined && existsSync(folder)) return folder;
  console.warn(`\n${file}: CMSRUN_SHARED names no folder with models/: golden models are NOT TESTED\n`);
  return undefined;
}
