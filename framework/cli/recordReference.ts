/** `cmsrun --record CONFIG`: runs a config and keeps its output as reference, for `npm run regress` to compare with. */
import { rmSync } from "node:fs";
import { isAbsolute, join, relative, resolve, sep } from "node:path";
import { Exception } from "../base/errors.js";
import { EventFileReader } from "../io/EventFileReader.js";
import type { CommandLine } from "./cmsrunArguments.js";
import { jobEnvironment, release } from "./environment.js";
import {
  configName,
  keepReference,
  readReference,
  type Reference,
  referencesFolder,
  temporaryReference,
} from "./referenceFolder.js";
import { referenceHashes } from "./referenceHashes.js";
import { runReferenceJob } from "./referenceJob.js";

/** Runs in the package's folder, as regress will. Gives the return code; without success the old reference stays. */
export async function recordReference(given: CommandLine): Promise<number> {
  if (given.config === undefined)
    throw new Exception(
      "CommandLineProcessing",
      "cmsrun --record takes a config file, not -c: it is run again later.",
    );
  const file = resolve(given.config);
  const { searchPath } = jobEnvironment(file);
  const packageFolder = searchPath[0] as string;
  const config = relative(packageFolder, file).split(sep).join("/");
  const configArguments = given.configArguments.map((argument) => portable(argument, packageFolder));
  const folder = join(referencesFolder(packageFolder), configName(file));
  const old = oldReference(folder);
  if (old && old.config !== config) throw nameTaken(folder, old.config, config);

  process.chdir(packageFolder);
  const temporary = temporaryReference(folder);
  try {
    const { code, description, outputs } = await runReferenceJob(
      { ...given, config, configArguments },
      temporary,
    );
    if (code !== 0) return code;
    const reference: Reference = {
      config,
      arguments: configArguments,
      cmsrun: await release(),
      tolerances: old?.tolerances ?? { rtol: 0, atol: 0 },
      outputs,
      hashes: referenceHashes(description, searchPath),
    };
    const kept = Object.values(outputs).map((name) => summary(temporary, name));
    keepReference(folder, temporary, reference);
    process.stdout.write(`Kept as reference: ${relative(packageFolder, folder)}/ with ${kept.join(", ")}\n`);
    return 0;
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** Only its tolerances and its config matter; one that cannot be read is replaced. */
function oldReference(folder: string): Reference | undefined {
  try {
    return readReference(folder);
  } catch (error) {
    process.stderr.write(
      `The old reference is replaced, its tolerances are lost: ${Exception.from(error).message}\n`,
    );
    return undefined;
  }
}

/** A config argument without the package's own place. @throws CommandLineProcessing when another absolute path is in it. */
function portable(argument: string, packageFolder: string): string {
  const inside = argument.replaceAll(`${packageFolder}${sep}`, "");
  const absolute = inside.split(/[=,]/).find((part) => isAbsolute(part.replace(/^file:/, "")));
  if (absolute === undefined) return inside;
  const remedy =
    "Name files by their path within the package; outputs need no name, they are kept with the reference.";
  throw new Exception(
    "CommandLineProcessing",
    `cmsrun --record: '${absolute}' is a path of this machine, a reference is run on others too. ${remedy}`,
  );
}

function nameTaken(folder: string, old: string, config: string): Exception {
  return new Exception(
    "CommandLineProcessing",
    `cmsrun --record: ${folder} is the reference of '${old}' already; rename '${config}', or remove that folder.`,
  );
}

function summary(folder: string, name: string): string {
  const reader = new EventFileReader(join(folder, name));
  reader.close();
  return `${name} (${reader.eventCount} events, ${reader.header.branches.length} products)`;
}
