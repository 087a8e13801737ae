/**
 * `edmServe --check SERVICE.ts`: all that can be found wrong with a service without serving it, by starting it for a moment
 * and by TypeScript.
 */
import { resolve } from "node:path";
import { Exception } from "../base/errors.js";
import { configFiles } from "../config/origin.js";
import { checkTypes } from "./checkTypes.js";
import { jobEnvironment } from "./environment.js";
import { report } from "./runJob.js";

/** `start` gives what it started, undefined when the config only asked for a clean end. Gives the exit code. */
export async function checkService(
  config: string,
  start: () => Promise<string | undefined>,
): Promise<number> {
  let started: string | undefined;
  let code = 0;
  try {
    started = await start();
    if (started === undefined) return 0;
  } catch (error) {
    code = report(error);
  }
  // A config that is not there has been reported.
  if (configFiles().length === 0) return code & 0xff;
  const environment = jobEnvironment(resolve(config));
  const packageFolder = environment.searchPath[0] as string;
  const types = checkTypes({ ...environment, packageFolder, files: configFiles(), declaring: [] });
  if (types && types.errors.length > 0) {
    const wrong = new Exception("Configuration", types.errors.join("\n"));
    const typeCode = report(wrong.addContext(`Checking the types of ${config}`));
    code ||= typeCode;
  }
  if (code !== 0) return code & 0xff;
  const typed = types
    ? `types (TypeScript ${types.version})`
    : "no types (npm install --save-dev typescript)";
  process.stdout.write(`OK: ${config}: ${typed}, ${started}\n`);
  return 0;
}
