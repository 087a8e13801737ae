/** `edmModels list|get|delete|export|import|check|path`: the model store on the command line, as `bentoml models` has it. */
import { createInterface } from "node:readline/promises";
import type { Argv } from "yargs";
import { nearest } from "../base/didYouMean.js";
import { Exception } from "../base/errors.js";
import { setLogSink } from "../base/log.js";
import type { Model } from "../serving/store/Model.js";
import { ModelStore } from "../serving/store/ModelStore.js";
import { exportModel, importModel } from "../serving/store/transferModel.js";
import { print } from "./compareOutput.js";
import { modelForms, type ModelForm, showModel, showModels } from "./showModels.js";
import { runTool } from "./runTool.js";
import { refuseTwice, toolArguments, withUsage, wrongArguments } from "./toolArguments.js";

const name = "edmModels";

const usage = `$0 COMMAND [options]

The models that models.tensorflow.save has saved, by their tags NAME:VERSION. NAME and NAME:latest are the
newest; the beginning of a version is enough where only one begins so.

  list [NAME]            all models, or those of a name
  get TAG                what is known of a model: its model.yaml
  path TAG               the folder of a model, a SavedModel
  check [TAG …]          whether the files are those that were saved; without a tag, of all models
  export TAG [PATH]      write a model as one file, .tar.gz or .tar; into a folder as NAME-VERSION.tar.gz
  import PATH …          take what was exported here or by BentoML (as .tar.gz, .tar or a folder)
  delete TAG …           remove models; NAME alone means all its versions. Asks first, unless -y is given

They lie in --store, else in CMSRUN_MODEL_STORE, else in ~/.cmsrun/models. A plugin's parameter names one as
"model:NAME:VERSION" in place of a path.`;

const commands: Readonly<Record<string, (given: Arguments) => Promise<number>>> = {
  list,
  get,
  path,
  check,
  export: exportOne,
  import: importAll,
  delete: remove,
};
const noCloud = "there is no cloud behind this store; export a model, copy the file, and import it there.";
const noContainer =
  "there are no containers here; edmServe serves a model from wherever cmsrun is installed.";
/** BentoML's commands that are not offered. */
const refused: Readonly<Record<string, string>> = {
  push: noCloud,
  pull: noCloud,
  build: noContainer,
  containerize: noContainer,
};

interface Arguments {
  readonly store: ModelStore;
  readonly words: readonly string[];
  readonly output: ModelForm | undefined;
  readonly yes: boolean;
}

process.exitCode = await runTool(async () => {
  setLogSink(({ severity, text }) => {
    if (severity !== "INFO") process.stderr.write(`${severity}: ${text}\n`);
  });
  const parsed = await toolArguments(name, process.argv.slice(2), declare);
  if (!parsed) return 0;
  const [command, ...words] = parsed._.map(String);
  refuseTwice(name, parsed, ["output", "store"]);
  if (command === undefined)
    throw wrongArguments(name, `name a command: ${Object.keys(commands).join(", ")}.`);
  if (Object.hasOwn(refused, command))
    throw new Exception("UnimplementedFeature", `${name} ${command}: ${refused[command]}`);
  const run = Object.hasOwn(commands, command) ? commands[command] : undefined;
  if (!run) throw unknown(command);
  if (parsed.store === "") throw wrongArguments(name, "--store is empty; give the folder of a store.");
  const { output, yes } = parsed;
  return run({ store: new ModelStore(parsed.store), words, output, yes });
});

function declare(parser: Argv) {
  return withUsage(parser, usage)
    .option("output", {
      alias: "o",
      choices: modelForms,
      requiresArg: true,
      describe: "of list and get: table, json, yaml or path; otherwise a table and yaml",
    })
    .option("yes", { alias: "y", type: "boolean", default: false, describe: "of delete: do not ask" })
    .option("store", { type: "string", requiresArg: true, describe: "the folder of the store" })
    .example("$0 list", "all models")
    .example("$0 get my_model:latest -o json | jq .signatures", "for programs")
    .example("$0 export my_model /tmp", "/tmp/my_model-VERSION.tar.gz")
    .example("$0 delete my_model:3zw5 other:v1 -y", "two models, without a question");
}

function unknown(command: string): Exception {
  const known = Object.keys(commands);
  const near = nearest(command, known);
  const hint = near ? `did you mean '${near}'?` : `there is ${known.join(", ")}.`;
  return wrongArguments(name, `unknown command '${command}'; ${hint}`);
}

/** The one word of a command that takes a model. */
function oneTag({ words }: Arguments, command: string): string {
  const [tag, ...rest] = words;
  if (tag !== undefined && rest.length === 0) return tag;
  throw wrongArguments(name, `${command} takes one model, NAME or NAME:VERSION, not ${words.length}.`);
}

async function list({ store, words, output = "table" }: Arguments): Promise<number> {
  if (words.length > 1) throw wrongArguments(name, `list takes one name, not ${words.length}.`);
  await print(showModels(store.list(words[0]), output, store.root));
  return 0;
}

async function get(given: Arguments): Promise<number> {
  await print(showModel(given.store.get(oneTag(given, "get")), given.output ?? "yaml"));
  return 0;
}

async function path(given: Arguments): Promise<number> {
  await print(`${given.store.pathOf(oneTag(given, "path"))}\n`);
  return 0;
}

async function check({ store, words }: Arguments): Promise<number> {
  const models = words.length > 0 ? words.map((tag) => store.get(tag)) : store.list();
  let damaged = 0;
  for (const model of models) {
    try {
      model.check();
      await print(`${model.tag}: ok, sha256 ${model.hash()}\n`);
    } catch (error) {
      damaged++;
      await print(`${model.tag}: damaged\n`);
      process.stderr.write(`${name}: ${(error as Error).message}\n`);
    }
  }
  return damaged > 0 ? 1 : 0;
}

async function exportOne({ store, words }: Arguments): Promise<number> {
  const [tag, path, ...rest] = words;
  if (tag === undefined || rest.length > 0)
    throw wrongArguments(name, `export takes a model and a file, not ${words.length} names.`);
  await print(`${await exportModel(store, tag, path)}\n`);
  return 0;
}

async function importAll({ store, words }: Arguments): Promise<number> {
  if (words.length === 0) throw wrongArguments(name, "import takes the file or folder of a model.");
  for (const word of words) await print(`${(await importModel(store, word)).tag}\n`);
  return 0;
}

/** All tags are found before the first is removed. */
async function remove({ store, words, yes }: Arguments): Promise<number> {
  const tags = words.flatMap((word) => word.split(",")).filter((word) => word !== "");
  if (tags.length === 0) throw wrongArguments(name, "delete takes the models to remove.");
  const found = tags.flatMap((tag) => modelsToDelete(store, tag));
  const unique = [...new Map(found.map((model) => [String(model.tag), model])).values()];
  if (!yes && !(await isConfirmed(unique))) {
    process.stderr.write("Nothing was removed.\n");
    return 1;
  }
  for (const { tag } of unique) {
    store.delete(tag);
    await print(`${tag}\n`);
  }
  return 0;
}

/** A name alone is all its versions. @throws ModelNotFound */
function modelsToDelete(store: ModelStore, tag: string): Model[] {
  return tag.includes(":") ? [store.get(tag)] : store.list(tag);
}

async function isConfirmed(models: readonly Model[]): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw wrongArguments(name, "delete asks before it removes anything, and there is no terminal; give -y.");
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const list = models.map(({ tag }) => `  ${tag}\n`).join("");
  const answer = await terminal.question(
    `${list}Remove ${models.length === 1 ? "this model" : `these ${models.length} models`}? [y/N] `,
  );
  terminal.close();
  return /^y(es)?$/i.test(answer.trim());
}
