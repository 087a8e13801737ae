/** `freeze_graph MODEL OUTPUT`: writes a model as a frozen graph, variables as constants, reduced to what its outputs need. */
import { setLogSink } from "../base/log.js";
import { type SavedGraph, saveFrozenGraph } from "../tensorflow/saving/saveFrozenGraph.js";
import { print } from "./compareOutput.js";
import { runTool } from "./runTool.js";
import { refuseTwice, toolArguments, withUsage, wrongArguments } from "./toolArguments.js";
import "../serving/store/register.js";

const name = "freeze_graph";

const usage = `$0 MODEL OUTPUT [--outputs a,b] [options]

Writes a model as a frozen graph: the variables become constants, function calls are written out, and
only what the outputs need is kept. What was there for the training (queues, summaries, optimizers,
savers) is left out and counted.

MODEL is one of:
- a folder: a SavedModel, of which one signature is taken
- X.meta: the graph of a training in TensorFlow 1, with its checkpoint X.index beside it; it does not
  say what its outputs are, so --outputs is needed
- any other file: a GraphDef (text when it is named .pb.txt or .pbtxt); where it has variables,
  --checkpoint gives their values

OUTPUT is text when it is named .pb.txt or .pbtxt, else binary. It is replaced only when all is well.

Inputs are called as the keys of the signature. Outputs are called as --outputs says; otherwise as
TensorFlow's own freezing calls them: Identity, Identity_1, … in the order of their keys, for a
SavedModel of TensorFlow 2 (they are there under their keys, too), or as they are called in the graph.`;

process.exitCode = await runTool(async () => {
  const given = await parse(process.argv.slice(2));
  if (!given) return 0;
  setLogSink(({ severity, text }) => {
    if (severity !== "INFO") process.stderr.write(`${severity}: ${text}\n`);
  });
  const { model, output, ...options } = given;
  await print(describe(await saveFrozenGraph(output, model, { ...options, variablesToConstants: true })));
  return 0;
});

function describe({ path, nodeCount, sizeBytes, dropped, inputs, outputs }: SavedGraph): string {
  const lines = [`${path}: ${nodeCount} nodes, ${sizeBytes} bytes`];
  const tensors = (what: string, named: Readonly<Record<string, string>>) => {
    for (const [key, tensor] of Object.entries(named)) lines.push(`  ${what.padEnd(7)} ${key}: ${tensor}`);
  };
  tensors("input", inputs);
  tensors("output", outputs);
  const counts = Object.entries(dropped).map(([kind, count]) => `${count} ${kind}`);
  lines.push(`  dropped ${counts.length > 0 ? counts.join(", ") : "nothing"}`);
  return `${lines.join("\n")}\n`;
}

/** Gives undefined when help or the version was asked for, and printed. @throws CommandLineProcessing */
async function parse(argv: readonly string[]) {
  const text = (describe: string) => ({ type: "string", requiresArg: true, describe }) as const;
  const parsed = await toolArguments(name, argv, (parser) =>
    withUsage(parser, usage)
      .option("outputs", text("keys of the signature, nodes or tensors, separated by commas; otherwise all"))
      .option("signature", text("signature of the SavedModel; otherwise serving_default, or the only one"))
      .option("tag", text("tags of the SavedModel's graph, separated by commas; otherwise serve"))
      .option("checkpoint", text("the variables' values from this checkpoint (PATH of PATH.index)"))
      .option("as-text", { type: "boolean", describe: "write text, whatever OUTPUT is called" })
      .example("$0 data/models/jet_btag/saved_model jet_btag.pb", "a SavedModel")
      .example("$0 model.meta model.pb --outputs tower/score", "a training's inference part")
      .example("$0 graph.pb graph.pb.txt", "a graph as text, to read it"),
  );
  if (!parsed) return undefined;
  const [model, output, ...rest] = parsed._.map(String);
  if (model === undefined || output === undefined || rest.length > 0)
    throw wrongArguments(name, `it takes a model and an output, not ${parsed._.length} names.`);
  refuseTwice(name, parsed, ["outputs", "signature", "tag", "checkpoint"]);
  const listed = (list: string | undefined) => list?.split(",").map((entry) => entry.trim());
  const { signature, checkpoint } = parsed;
  const tag = listed(parsed.tag);
  return {
    model,
    output,
    outputNames: listed(parsed.outputs),
    checkpoint,
    asText: parsed["as-text"],
    ...(tag && { tag }),
    ...(signature !== undefined && { signature }),
  };
}
