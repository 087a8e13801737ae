/**
 * `cmsml_compile_tf_graph MODEL OUTPUT`: cmsml's lower tool. Gives the signatures of a SavedModel static shapes and, with
 * --compile, compiles them; cms_tfaot_compile makes packages of models.
 */
import { existsSync, mkdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { Exception } from "../base/errors.js";
import { replaceFile } from "../base/replaceFile.js";
import { loadSavedModel } from "../tensorflow/savedmodel/SavedModel.js";
import { compileGraph } from "../aot/compile.js";
import { compileOne } from "../aot/tfaot/compileModel.js";
import { ServingSignature } from "../aot/tfaot/ServingSignature.js";
import { encodeStaticModel, staticKey } from "../aot/tfaot/staticSavedModel.js";
import { encodeWeights } from "../aot/tfaot/weightsFile.js";
import { runTool } from "./runTool.js";
import { targetOf, toolArguments, withUsage, wrongArguments } from "./toolArguments.js";
import "../serving/store/register.js";

const name = "cmsml_compile_tf_graph";

const usage = `$0 MODEL OUTPUT [--batch-sizes 1,2] [options]

Saves a SavedModel anew with static signatures, one a batch size ('serving_default_bs1', …), its
variables as constants. With --compile it also compiles each ahead of time, to
OUTPUT/aot/PREFIX{.wasm,.weights,.json}; the json says what the code takes and gives, under the name
CLASS. To use a model in a plugin, compile it with cms_tfaot_compile instead.`;

process.exitCode = await runTool(async () => {
  const given = await parse(process.argv.slice(2));
  if (given) compile(given);
  return 0;
});

type Arguments = NonNullable<Awaited<ReturnType<typeof parse>>>;

function compile(given: Arguments): void {
  const { model, output, batchSizes, prefix, className, target } = given;
  const inputKey = given["input-serving-key"];
  const outputKey = given["output-serving-key"] ?? `${inputKey}_bs{}`;
  const patterns = { "--output-serving-key": outputKey, "the PREFIX of --compile": prefix };
  for (const [what, pattern] of Object.entries(patterns)) {
    if (batchSizes.length > 1 && pattern !== undefined && !pattern.includes("{}"))
      throw wrongArguments(name, `${what} must have {}, which becomes the batch size, in '${pattern}'.`);
  }
  if (existsSync(output) && statSync(output).isFile())
    throw new Exception("FileWriteError", `${name}: the output '${output}' is a file.`);
  const graph = loadSavedModel(model, { signature: inputKey });
  const signature = new ServingSignature(graph);
  put(join(output, "saved_model.pb"), encodeStaticModel(graph, signature, batchSizes, outputKey));
  process.stdout.write(`saved model at '${output}'\n`);
  if (prefix === undefined || className === undefined) return;
  for (const batchSize of batchSizes) {
    process.stdout.write(`compiling for batch size ${batchSize}\n`);
    const compiled = compileOne(graph, signature, batchSize, target, compileGraph);
    const path = join(output, "aot", staticKey(prefix, batchSize));
    put(`${path}.${target === "native" ? "node" : "wasm"}`, compiled.code);
    put(`${path}.weights`, encodeWeights([compiled]));
    const about = { class: staticKey(className, batchSize), batchSize, layout: compiled.layout };
    put(`${path}.json`, `${JSON.stringify(about, undefined, 2)}\n`);
  }
}

function put(path: string, contents: string | Uint8Array): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    replaceFile(path, contents);
  } catch (error) {
    throw new Exception("FileWriteError", `${name}: ${(error as Error).message}.`);
  }
}

async function parse(argv: readonly string[]) {
  const text = (describe: string) => ({ type: "string", requiresArg: true, describe }) as const;
  const parsed = await toolArguments(name, argv, (parser) =>
    withUsage(parser, usage)
      .option("batch-sizes", { ...text("batch sizes, separated by commas"), alias: "b", default: "1" })
      .option("input-serving-key", { ...text("the signature to read"), default: "serving_default" })
      .option("output-serving-key", text("those to write, {} for the batch size; otherwise KEY_bs{}"))
      .option("compile", {
        type: "string",
        nargs: 2,
        alias: "c",
        describe: "PREFIX of the files and CLASS, {} for the batch size in both",
      })
      .option("target", { ...text("wasm, or native for this machine"), default: "wasm" })
      .example("$0 saved_model static -b 1,2", "a SavedModel with static signatures")
      .example("$0 saved_model static -b 1,2 -c 'net_bs{}' 'Net_bs{}'", "and its compiled code"),
  );
  if (!parsed) return undefined;
  const [model, output, ...rest] = parsed._.map(String);
  if (model === undefined || output === undefined || rest.length > 0)
    throw wrongArguments(name, `it takes a model and an output directory, not ${parsed._.length} arguments.`);
  const sizes = parsed["batch-sizes"].split(",").map((size) => size.trim());
  const wrong = sizes.find((size) => !/^[1-9]\d*$/.test(size));
  if (wrong !== undefined)
    throw wrongArguments(name, `--batch-sizes takes whole numbers from 1 on, such as 1,2,4, not '${wrong}'.`);
  const target = targetOf(name, parsed.target);
  const [prefix, className] = [parsed.compile ?? []].flat();
  const batchSizes = [...new Set(sizes.map(Number))].sort((a, b) => a - b);
  return { ...parsed, model, output, batchSizes, target, prefix, className };
}
