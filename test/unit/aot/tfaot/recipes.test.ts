/** The production flow: data packages, recipes, one list, one command, and the same use as of a local tool. */
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { BatchedModel } from "../../../../framework/aot/tfaot/BatchedModel.js";
import { openModel } from "../../../../framework/aot/tfaot/openModel.js";
import { buildRecipes } from "../../../../framework/aot/tfaot/recipes.js";
import { compileGraph, loadUnit } from "./fakeCompiler.js";
import { descriptorOf, temporaryFolder, twice, writeModelFolder } from "./savedModels.js";

const folder = temporaryFolder();
const dataDirectory = join(folder, "data");
const recipes = join(folder, "models.yaml");
mkdirSync(join(dataDirectory, "cms-data/RecoBTag-Deep"), { recursive: true });
mkdirSync(join(folder, "local"));
writeModelFolder(join(dataDirectory, "cms-data/RecoBTag-Deep"), twice([-1, 3]), "deep", "[1, 2]");
writeModelFolder(join(folder, "local"), twice([-1, 2]), "own_model", "[1]");

const good = `models:
  - { name: tfaot-model-deep, aotConfig: aot_config.yaml, data: cms-data/RecoBTag-Deep }
  - { name: tfaot-model-own-model, aotConfig: aot_config.yaml, aotSource: ./local }
`;

function build(text: string, only: string[] = [], data: string | undefined = dataDirectory): string[] {
  writeFileSync(recipes, text);
  const said: string[] = [];
  const workshop = {
    compileGraph,
    say: (line: string) => void said.push(line),
    warn: (line: string) => void said.push(line),
  };
  const outputDirectory = join(folder, "tools");
  buildRecipes(
    { recipes, outputDirectory, dataDirectory: data, target: "wasm", additionalFlags: [] },
    workshop,
    only,
  );
  return said;
}

it("one command builds every listed model, and its use is that of a local one", () => {
  const said = build(good);
  expect(said.filter((line) => line.startsWith("buil"))).toEqual([
    "building tfaot-model-deep",
    "building tfaot-model-own-model",
    `built 2 of 2 models into '${join(folder, "tools")}'`,
  ]);
  expect(readdirSync(join(folder, "tools"))).toEqual(["tfaot-model-deep", "tfaot-model-own-model"]);
  const descriptor = descriptorOf(join(folder, "tools/tfaot-model-deep"), "tfaot-model-deep");
  const model = new BatchedModel(openModel(descriptor, { loadUnit }));
  expect(model.run(1, [[1, 2, 3]])).toEqual([[[2, 4, 6]]]);
});

it("one can be built alone", () => {
  expect(build(good, ["tfaot-model-deep"]).at(-1)).toContain("built 1 of 2 models");
  expect(() => build(good, ["tfaot-model-dep"])).toThrow(
    `${recipes}: no recipe 'tfaot-model-dep'; did you mean 'tfaot-model-deep'?`,
  );
});

it.each([
  ["models: []", "'models' must be a list of recipes"],
  [good.replace("aotConfig", "aot_config"), "unknown key 'models[0].aot_config'; did you mean 'aotConfig'?"],
  [good.replace("aotConfig: aot_config.yaml, data", "data"), "key 'models[0].aotConfig' is missing"],
  [
    good.replace("tfaot-model-deep", "deep"),
    "recipe 'deep': its name must be 'tfaot-model-NAME', with hyphens",
  ],
  [
    good.replace("tfaot-model-own-model", "tfaot-model-deep"),
    "recipe 'tfaot-model-deep': there are two of this name",
  ],
  [
    good.replace(", aotSource: ./local", ""),
    "it needs either 'aotSource', a folder, or 'data', a data package",
  ],
  [good.replace("RecoBTag-Deep", "RecoTau"), "(data package 'cms-data/RecoTau') does not exist"],
])("a list is refused: %s", (text, message) => {
  expect(() => build(text)).toThrow(message);
});

it("a data package needs to be found, and a recipe that fails is named", () => {
  writeFileSync(recipes, good);
  const options = {
    recipes,
    outputDirectory: folder,
    dataDirectory: undefined,
    target: "wasm" as const,
    additionalFlags: [],
  };
  const workshop = { compileGraph, say: () => {}, warn: () => {} };
  expect(() => buildRecipes(options, workshop)).toThrow(
    "is looked for in --data-directory, which is not given",
  );
  writeModelFolder(join(folder, "local"), twice([-1, -1]), "own_model", "[1]");
  expect(() => build(good)).toThrow(
    expect.objectContaining({ contexts: [`Building 'tfaot-model-own-model' of ${recipes}`] }),
  );
});
