/** The names a skeleton is written under: NAME as given, its label and file names after it, and which NAMEs cannot be. */
import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { Exception } from "../../base/errors.js";
import { Process } from "../../config/Process.js";
import * as framework from "../../index.js";
import { packageRoot } from "../environment.js";

export interface SkeletonNames {
  /** Class, file and plugin: MyJetProducer. */
  readonly name: string;
  /** In a config: myJetProducer. */
  readonly label: string;
  /** Config and output file: my_jet_producer. */
  readonly snake: string;
}

/** Types that the written files import beside what the framework exports as a value. */
const importedTypes = ["Event", "StreamID"];

/** `pluginFile`: where it will be written. @throws CommandLineProcessing with a name that would do. */
export function skeletonNames(
  tool: string,
  name: string,
  pluginFolder: string,
  pluginFile: string,
): SkeletonNames {
  const refuse = (problem: string, remedy: string) =>
    new Exception("CommandLineProcessing", `${tool}: ${problem}; ${remedy}`);
  if (!/^[A-Z][A-Za-z0-9]*$/.test(name))
    throw refuse(
      `NAME is the name of a class, and '${name}' is not PascalCase`,
      `try: ${tool} ${pascal(name)}`,
    );
  if (name in framework || importedTypes.includes(name))
    throw refuse(`'${name}' is a name of the framework`, `try: ${tool} My${name}`);
  const taken = [pluginFolder, join(packageRoot, "plugins")]
    .flatMap((folder) => pluginFiles(folder))
    .find((path) => path !== pluginFile && basename(path, ".ts") === name);
  if (taken) throw refuse(`there is a plugin '${name}' already: ${taken}`, "choose another NAME.");
  const snake = name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1_$2")
    .toLowerCase();
  return { name, label: labelOf(snake), snake };
}

/** Labels that mean something else on a process, or in the written config. */
const reserved = new Set([
  "source",
  "schedule",
  "options",
  "maxEvents",
  "maxLuminosityBlocks",
  "output",
  "p",
  "e",
  ...Object.getOwnPropertyNames(Process.prototype),
]);

function labelOf(snake: string): string {
  const label = snake.replace(/_([a-z0-9])/g, (_all, letter: string) => letter.toUpperCase());
  return reserved.has(label) ? `${label}Module` : label;
}

function pascal(name: string): string {
  const words = name.split(/[^A-Za-z0-9]+/).filter((word) => word !== "");
  const joined = words
    .map((word) => `${word[0]?.toUpperCase()}${word.slice(1)}`)
    .join("")
    .replace(/^[0-9]+/, "");
  return joined === "" ? "MyPlugin1" : joined;
}

function pluginFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true }).map((path) => join(folder, String(path)));
}
