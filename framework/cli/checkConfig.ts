/** `cmsrun --check CONFIG`: all that can be found wrong without running an event, first by TypeScript, then at run time. */
import { join, resolve, sep } from "node:path";
import { Exception } from "../base/errors.js";
import { configFiles } from "../config/origin.js";
import type { ProcessDescription } from "../config/ProcessDescription.js";
import { ConfigExit } from "../config/VarParsing.js";
import { checkTypes, type TypeCheckResult } from "./checkTypes.js";
import type { CommandLine } from "./cmsrunArguments.js";
import { jobEnvironment, packageRoot, pluginManager } from "./environment.js";
import { newProcessor, readConfig, report } from "./runJob.js";

/** Gives the return code: that of the job as it would fail, else Configuration for wrong types, else 0. */
export async function checkConfig(given: CommandLine): Promise<number> {
  const name = given.config ?? "the command line's config";
  const { description, failure } = await checkAtRunTime(given);
  const code = failure === undefined ? 0 : report(failure);
  // A config that is not there has been reported.
  if (given.config === undefined || configFiles().length === 0) {
    if (code === 0)
      process.stdout.write(`${untyped}: they are of config files only.\n${verdict(name, description, "")}`);
    return code;
  }
  const types = typesOf(given.config, description);
  if (types && types.errors.length > 0) {
    const wrong = new Exception("Configuration", types.errors.join("\n")).addContext(
      `Checking the types of ${name}`,
    );
    const typeCode = report(wrong);
    return code || typeCode;
  }
  if (code !== 0) return code;
  const hint = types
    ? ""
    : `${untyped}: there is no TypeScript here; to add it: npm install --save-dev typescript\n`;
  process.stdout.write(
    hint + verdict(name, description, types ? `types (TypeScript ${types.version}), ` : ""),
  );
  return 0;
}

const untyped = "Types were not checked";

async function checkAtRunTime(
  given: CommandLine,
): Promise<{ description?: ProcessDescription; failure?: unknown }> {
  let description: ProcessDescription | undefined;
  try {
    description = readConfig(given);
    // One thread finds as much as many.
    await newProcessor({ ...given, threads: 1, streams: 1 }, description).check();
    return { description };
  } catch (failure) {
    if (failure instanceof ConfigExit) throw failure;
    return { ...(description && { description }), failure };
  }
}

function typesOf(config: string, description: ProcessDescription | undefined): TypeCheckResult | undefined {
  const environment = jobEnvironment(resolve(config));
  const packageFolder = environment.searchPath[0] as string;
  // The declarations of plugins shipped with cmsrun come with it, except where it is developed.
  const isElsewhere = (file: string) =>
    packageFolder === packageRoot || !file.startsWith(join(packageRoot, "plugins") + sep);
  const plugins = new Map([...pluginManager(environment).sources].filter(([, file]) => isElsewhere(file)));
  const components = description
    ? [...description.modules, ...description.services, ...description.esModules, description.source]
    : [];
  const used = [...new Set(components.map(({ type }) => plugins.get(type)))].filter(
    (file) => file !== undefined,
  );
  return checkTypes({
    ...environment,
    packageFolder,
    files: [...configFiles(), ...used],
    declaring: [...plugins.values()],
  });
}

function verdict(name: string, description: ProcessDescription | undefined, typed: string): string {
  const count = description?.modules.length ?? 0;
  const what = `${count} module${count === 1 ? "" : "s"} and ${description?.source.type}`;
  return `OK: ${name}: ${typed}parameters, products and schedule of ${what}\n`;
}
