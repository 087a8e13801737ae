/** The job behind a reference: a config whose output modules write into a folder, under their labels. */
import { join } from "node:path";
import { Exception } from "../base/errors.js";
import type { ComponentDescription, ProcessDescription } from "../config/ProcessDescription.js";
import { TypedValue } from "../parameters/values.js";
import type { CommandLine } from "./cmsrunArguments.js";
import { newProcessor, readConfig, runProcess } from "./runJob.js";

const isRedirected = ({ type }: ComponentDescription) => type === "PoolOutputModule";

/**
 * Runs the config with its outputs in `folder`; gives the return code, and the files in the folder by output label.
 * @throws Configuration when it writes no event file, and whatever the job throws.
 */
export async function runReferenceJob(given: CommandLine, folder: string) {
  const description = readConfig(given);
  const outputs = Object.fromEntries(
    description.modules.filter(isRedirected).map(({ label }) => [label, `${label}.edm`]),
  );
  if (Object.keys(outputs).length === 0) throw nothingWritten(description);
  const modules = description.modules.map((module) =>
    isRedirected(module) ? redirected(module, folder) : module,
  );
  const code = await runProcess(newProcessor(given, { ...description, modules }));
  return { code, description, outputs };
}

/** fileName is untracked, so the file is the same wherever it is written. */
function redirected(module: ComponentDescription, folder: string): ComponentDescription {
  const fileName = new TypedValue("string", false, join(folder, `${module.label}.edm`));
  return { ...module, parameters: { ...module.parameters, fileName } };
}

function nothingWritten({ where }: ProcessDescription): Exception {
  const example = 'process.output = cms.OutputModule("PoolOutputModule", …), on an EndPath';
  return new Exception(
    "Configuration",
    `'${where}' writes no event file, so there is nothing to compare later; add one: ${example}.`,
  );
}
