/**
 * The production flow: a list of recipes, one a model, from which one command builds every tool. The counterpart of the
 * tfaot-model-*.spec files in CMSDIST and of the list of models there.
 */
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { suggestion } from "../../base/didYouMean.js";
import { Exception } from "../../base/errors.js";
import type { TargetName } from "../Unit.js";
import { readYaml, section, stringOf } from "./aotConfig.js";
import { buildTool, type Workshop } from "./buildTool.js";

export interface Recipe {
  /** "tfaot-model-NAME". */
  readonly name: string;
  /** Full path. */
  readonly aotConfig: string;
}

export interface RecipeOptions {
  /** The list: `models:` with an entry a tool. */
  readonly recipes: string;
  /** Every tool gets a directory of its name in there. */
  readonly outputDirectory: string;
  /** Where data packages such as "cms-data/Foo" are. */
  readonly dataDirectory: string | undefined;
  readonly target: TargetName;
  readonly additionalFlags: readonly string[];
}

const recipeKeys = { name: undefined, aotConfig: undefined, aotSource: "", data: "" };
const toolName = /^tfaot-model-[a-z0-9]+(-[a-z0-9]+)*$/i;

/**
 * Reads the list. `aotConfig` counts from `aotSource` (a folder, counted from the list) or from the data package.
 * @throws ConfigFileNotFound, ConfigFileReadError, Configuration naming the list, the recipe and what is wrong
 */
export function readRecipes({
  recipes,
  dataDirectory,
}: Pick<RecipeOptions, "recipes" | "dataDirectory">): Recipe[] {
  const { models } = section(recipes, "", readYaml(recipes), { models: undefined });
  if (!Array.isArray(models) || models.length === 0)
    throw new Exception("Configuration", `${recipes}: 'models' must be a list of recipes.`);
  const names: string[] = [];
  return models.map((entry: unknown, index) => {
    const prefix = `models[${index}].`;
    const keys = section(recipes, prefix, entry, recipeKeys);
    const text = (key: string) => stringOf(recipes, `${prefix}${key}`, keys[key]);
    const name = text("name");
    const wrong = (what: string) => new Exception("Configuration", `${recipes}: recipe '${name}': ${what}.`);
    if (!toolName.test(name)) throw wrong("its name must be 'tfaot-model-NAME', with hyphens");
    if (names.includes(name)) throw wrong("there are two of this name");
    names.push(name);
    const [source, data] = [text("aotSource"), text("data")];
    if ((source === "") === (data === ""))
      throw wrong("it needs either 'aotSource', a folder, or 'data', a data package such as cms-data/Foo");
    if (data !== "" && dataDirectory === undefined)
      throw wrong(`its data package '${data}' is looked for in --data-directory, which is not given`);
    const folder = data === "" ? resolve(dirname(recipes), source) : resolve(dataDirectory ?? "", data);
    const aotConfig = join(folder, text("aotConfig"));
    if (existsSync(aotConfig)) return { name, aotConfig };
    const where = data === "" ? "" : ` (data package '${data}')`;
    throw wrong(`'${aotConfig}'${where} does not exist`);
  });
}

/** Builds every tool of a list, or those named in `only`. @throws the errors of readRecipes and buildTool, with the recipe */
export function buildRecipes(options: RecipeOptions, workshop: Workshop, only: readonly string[] = []): void {
  const recipes = readRecipes(options);
  const names = recipes.map(({ name }) => name);
  for (const name of only) {
    if (!names.includes(name))
      throw new Exception(
        "Configuration",
        `${options.recipes}: no recipe '${name}'${suggestion(name, names)}`,
      );
  }
  const { say } = workshop;
  const wanted = recipes.filter(({ name }) => only.length === 0 || only.includes(name));
  for (const { name, aotConfig } of wanted) {
    say(`building ${name}`);
    const { target, additionalFlags } = options;
    const outputDirectory = join(options.outputDirectory, name);
    const build = { aotConfig, outputDirectory, target, additionalFlags, toolName: name };
    try {
      buildTool({ ...build, dev: false, hasFolders: true }, workshop);
    } catch (error) {
      throw Exception.from(error).addContext(`Building '${name}' of ${options.recipes}`);
    }
  }
  say(`built ${wanted.length} of ${recipes.length} models into '${options.outputDirectory}'`);
}
