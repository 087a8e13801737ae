/** `cms_tfaot_compile --aot-config aot_config.yaml --output-directory DIR`: compiles a model ahead of time. */
import { compileGraph } from "../aot/compile.js";
import { buildTool, type Workshop } from "../aot/tfaot/buildTool.js";
import { buildRecipes } from "../aot/tfaot/recipes.js";
import { splitFlags } from "../aot/tfaot/xlaFlags.js";
import { runTool } from "./runTool.js";
import { refuseTwice, targetOf, toolArguments, withUsage, wrongArguments } from "./toolArguments.js";

const name = "cms_tfaot_compile";

const usage = `$0 --aot-config aot_config.yaml --output-directory DIR [--dev] [options]
$0 --recipes models.yaml --output-directory DIR [--data-directory DIR] [NAME …]

Compiles the SavedModel of an aot_config ahead of time, for fixed batch sizes. What it writes is an
npm package: after 'npm install ./DIR', as after 'scram setup', a plugin imports the model by name.

An aot_config.yaml; required are name, version and batch_sizes, and saved_model counts from the file:
model: { name: test_simple, version: "1.0.0", saved_model: ./saved_model }
compilation: { batch_sizes: [1, 2, 4] }

With --recipes it builds every model of a list, each as tool DIR/tfaot-model-NAME. The aotConfig lies
in the folder aotSource, or in a data package: data: cms-data/Foo, in --data-directory. A models.yaml:
models: [{ name: tfaot-model-test-simple, aotConfig: aot_config.yaml, aotSource: ./test_simple }]`;

const workshop: Workshop = {
  compileGraph,
  say: (line) => process.stdout.write(`${line}\n`),
  warn: (line) => process.stderr.write(`WARNING: ${line}\n`),
};

process.exitCode = await runTool(async () => {
  const given = await parse(process.argv.slice(2));
  if (given) build(given);
  return 0;
});

function build(given: Arguments): void {
  const { aotConfig, recipes, outputDirectory, toolName, toolBase, dev, dataDirectory, only } = given;
  const target = targetOf(name, given.target);
  const additionalFlags = splitFlags(given.additionalFlags ?? "");
  if (outputDirectory === undefined) throw wrongArguments(name, "--output-directory is missing.");
  if ((aotConfig === undefined) === (recipes === undefined))
    throw wrongArguments(name, "it takes either --aot-config or --recipes.");
  if (aotConfig !== undefined) {
    if (only.length > 0) throw wrongArguments(name, `unknown argument '${only[0]}'.`);
    const paths = { aotConfig, outputDirectory, toolName, toolBase };
    buildTool({ ...paths, target, dev, additionalFlags }, workshop);
  } else if (recipes !== undefined) {
    if (dev || toolName !== undefined || toolBase !== undefined)
      throw wrongArguments(name, "--dev, --tool-name and --tool-base are for one model, not for --recipes.");
    buildRecipes({ recipes, outputDirectory, dataDirectory, target, additionalFlags }, workshop, only);
  }
}

type Arguments = NonNullable<Awaited<ReturnType<typeof parse>>>;

async function parse(argv: readonly string[]) {
  const text = (describe: string) => ({ type: "string", requiresArg: true, describe }) as const;
  const parsed = await toolArguments(name, argv, (parser) =>
    withUsage(parser, usage)
      .option("aot-config", { ...text("the aot_config, yaml or json"), alias: "c" })
      .option("output-directory", { ...text("where the files go, replaced whole"), alias: "o" })
      .option("target", { ...text("wasm: runs everywhere; native: for this machine"), default: "wasm" })
      .option("tool-name", text("otherwise tfaot-model-NAME, with hyphens for underscores"))
      .option("tool-base", text("where the tool's files will be; otherwise beside the tool file"))
      .option("dev", {
        type: "boolean",
        default: false,
        describe: "local use: folders, next steps, and an error when the sources change",
      })
      .option("additional-flags", text("flags as in xla_flags, separated by spaces"))
      .option("recipes", text("a list of models, of which all are built, or those named"))
      .option("data-directory", text("where the data packages of the recipes are"))
      .example("$0 -c tfaot/aot_config.yaml -o tfaot/test --dev", "then: npm install ./tfaot/test")
      .example("$0 --recipes models.yaml --data-directory data -o tools", "all tools of a release"),
  );
  if (!parsed) return undefined;
  const options = ["aot-config", "output-directory", "target", "tool-name", "tool-base"] as const;
  refuseTwice(name, parsed, [...options, "additional-flags", "recipes", "data-directory"]);
  return {
    aotConfig: parsed["aot-config"],
    outputDirectory: parsed["output-directory"],
    target: parsed.target,
    toolName: parsed["tool-name"],
    toolBase: parsed["tool-base"],
    dev: parsed.dev,
    additionalFlags: parsed["additional-flags"],
    recipes: parsed.recipes,
    dataDirectory: parsed["data-directory"],
    only: parsed._.map(String),
  };
}
