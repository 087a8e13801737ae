/** `dumpModelParams [--meta META] INPUT OUTPUT`: a training's checkpoint without what only training needs. */
import { dumpModelParams } from "../tensorflow/checkpoint/dumpModelParams.js";
import { print } from "./compareOutput.js";
import { runTool } from "./runTool.js";
import { toolArguments, withUsage, wrongArguments } from "./toolArguments.js";

const name = "dumpModelParams";

const usage = `$0 [--meta META] INPUT OUTPUT

Keeps the variables of a model and leaves out those of its training. INPUT is a checkpoint in any form (a folder means
its latest one), an .npz or an .npy file; OUTPUT is an .npz file or the prefix of a checkpoint.

A meta graph says what the model is: its collections trainable_variables and model_variables. It is INPUT's own, where
one lies beside it, or META. Without one everything is kept but what is named as optimizers name their variables.`;

process.exitCode = await runTool(async () => {
  const parsed = await toolArguments(name, process.argv.slice(2), (parser) =>
    withUsage(parser, usage)
      .option("meta", { type: "string", requiresArg: true, describe: "the meta graph, a .meta file" })
      .example("$0 training/model-1000 model.npz", "for NumPy and smartInit")
      .example("$0 --meta graph.meta training exported/model", "the latest one, as a checkpoint"),
  );
  if (!parsed) return 0;
  const [input, output, ...rest] = parsed._.map(String);
  if (input === undefined || output === undefined || rest.length > 0)
    throw wrongArguments(name, `it takes INPUT and OUTPUT, not ${parsed._.length} arguments.`);
  if (Array.isArray(parsed.meta)) throw wrongArguments(name, "--meta is given more than once.");
  const { kept, leftOut, meta } = dumpModelParams(input, output, parsed.meta);
  const by = meta === undefined ? "by their names" : `by '${meta}'`;
  const rejected = leftOut.length === 0 ? "" : `; left out: ${[...leftOut].sort().join(", ")}`;
  await print(
    `${output}: ${kept.length === 1 ? "1 variable" : `${kept.length} variables`} ${by}${rejected}\n`,
  );
  return 0;
});
