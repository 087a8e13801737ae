/**
 * `cmsml_open_tf_graph MODEL`: writes a graph as one web page to look at, without a network and without a server, or as
 * an event file for TensorBoard.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Exception } from "../base/errors.js";
import { replaceFile } from "../base/replaceFile.js";
import { profileModel } from "../aot/stepwise/profileModel.js";
import { type GraphDef, parseGraphDef, parseTextGraphDef } from "../tensorflow/GraphDef.js";
import { loadGraph } from "../tensorflow/savedmodel/SavedModel.js";
import type { Tensor } from "../tensorflow/Tensor.js";
import { writeGraphSummary } from "../tensorflow/writeGraphSummary.js";
import { release } from "./environment.js";
import { collectGraphView } from "./graphView/collectGraphView.js";
import { graphPage, loadPageParts } from "./graphView/graphPage.js";
import { runTool } from "./runTool.js";
import { portsOf, rowOfZeros } from "./tfrunModel.js";
import { readTensors } from "./tfrunTensors.js";
import { refuseTwice, toolArguments, withUsage, wrongArguments } from "./toolArguments.js";
import "../serving/store/register.js";

const name = "cmsml_open_tf_graph";

const usage = `$0 MODEL [--output page.html] [--open] [options]
$0 MODEL --tensorboard-logdir DIR

Writes a model as one web page: its graph by name scopes, with shapes, operations, constants and what is
compiled. The page needs no network and no server: open the file, or send it to somebody.
A directory is a SavedModel, a file with .pb.txt or .pbtxt in its name is text, any other file a binary
frozen graph. Shapes and costs are those of a run on one row of zeros, or on --inputs.`;

process.exitCode = await runTool(async () => {
  const given = await parse(process.argv.slice(2));
  if (given) await write(given);
  return 0;
});

type Arguments = NonNullable<Awaited<ReturnType<typeof parse>>>;

async function write(given: Arguments): Promise<void> {
  const { model, logdir } = given;
  const graph = load(given);
  if (logdir !== undefined) {
    const path = writeGraphSummary(graph, logdir);
    process.stdout.write(`event file '${path}': tensorboard --logdir '${logdir}' shows it\n`);
    if (given.output === undefined && !given.open) return;
  }
  const output = given.output ?? `${basename(resolve(model))}.html`;
  const { feeds, ranOn, notes } = feedsOf(given, graph);
  const profile =
    given.profile && feeds
      ? profileModel(
          graph,
          feeds,
          portsOf(graph).outputs.map((port) => port.name),
          { engine: given.engine },
        )
      : undefined;
  const source = { path: model, graph, version: await release(), feeds, ranOn, notes };
  const data = collectGraphView({ ...source, ...(profile && { profile }) });
  try {
    replaceFile(output, graphPage(data, loadPageParts()));
  } catch (error) {
    if (error instanceof Exception) throw error;
    throw new Exception(
      "FileWriteError",
      `${name}: '${output}' cannot be written: ${(error as Error).message}.`,
    );
  }
  process.stdout.write(`page '${output}': ${data.nodes.length} nodes\n`);
  if (given.open) openInBrowser(output);
}

function load({ model, tag, signature, txt, binary }: Arguments): GraphDef {
  if (txt || binary) {
    let bytes: Uint8Array;
    try {
      bytes = readFileSync(model);
    } catch (error) {
      throw new Exception(
        "FileOpenError",
        `${name}: '${model}' cannot be read: ${(error as Error).message}.`,
      );
    }
    return txt ? parseTextGraphDef(bytes, model) : parseGraphDef(bytes, model);
  }
  const graph = loadGraph(model, { ...(tag && { tag }), ...(signature !== undefined && { signature }) });
  if (signature === undefined || graph.signature) return graph;
  throw wrongArguments(
    name,
    `--signature ${signature}: '${model}' is a frozen graph, which has no signatures.`,
  );
}

/** A graph whose inputs have no known shape is shown all the same, without a run, unless one was asked for. */
function feedsOf({ inputs, profile }: Arguments, graph: GraphDef) {
  if (inputs !== undefined)
    return { feeds: readTensors(name, inputs), ranOn: `the inputs of ${basename(inputs)}`, notes: [] };
  try {
    const feeds: [string, Tensor][] = rowOfZeros(name, portsOf(graph).inputs);
    return { feeds, ranOn: "one row of zeros", notes: [] };
  } catch (error) {
    if (!(error instanceof Exception) || profile) throw error;
    const [reason] = error.message.replace(`${name}: `, "").split("\n");
    return { feeds: undefined, ranOn: "", notes: [`Shapes and costs are not known: ${reason}`] };
  }
}

function openInBrowser(path: string): void {
  const url = pathToFileURL(resolve(path)).href;
  const openers: Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>> = {
    darwin: ["open"],
    win32: ["explorer"],
  };
  const [command, ...args] = openers[process.platform] ?? ["xdg-open"];
  const child = spawn(command, [...args, url], { detached: true, stdio: "ignore" });
  child.on("error", (error) =>
    process.stderr.write(`no browser could be started (${error.message}): ${url}\n`),
  );
  child.unref();
}

async function parse(argv: readonly string[]) {
  const text = (describe: string) => ({ type: "string", requiresArg: true, describe }) as const;
  const flag = (describe: string) => ({ type: "boolean", default: false, describe }) as const;
  const parsed = await toolArguments(name, argv, (parser) =>
    withUsage(parser, usage)
      .option("output", { ...text("the page; otherwise MODEL.html in the current directory"), alias: "o" })
      .option("open", flag("show the page in the browser"))
      .option("inputs", text("input tensors as tfrun takes them; - reads them from standard input"))
      .option("profile", flag("time it too: µs of each node, or of each kernel of compiled code"))
      .option("engine", { ...text("what --profile times: auto, compiled or reference"), default: "auto" })
      .option("tag", text("tags of the SavedModel's graph, separated by commas; otherwise serve"))
      .option("signature", text("signature of the SavedModel; otherwise serving_default, or the only one"))
      .option("tensorboard-logdir", {
        ...text("write an event file for TensorBoard there; a page only if --output is given too"),
        alias: "l",
      })
      .option("txt", { ...flag("MODEL is text, whatever its name is"), alias: "t" })
      .option("binary", { ...flag("MODEL is binary, whatever its name is"), alias: "b" })
      .example("$0 graph.pb", "writes graph.pb.html")
      .example("$0 saved_model -o model.html --profile --open", "with times, and opens it")
      .example("$0 graph.pb -l logs && tensorboard --logdir logs", "for TensorBoard"),
  );
  if (!parsed) return undefined;
  const [model, ...rest] = parsed._.map(String);
  if (model === undefined || rest.length > 0)
    throw wrongArguments(name, `it takes one model, not ${parsed._.length}.`);
  refuseTwice(name, parsed, ["output", "inputs", "engine", "tag", "signature", "tensorboard-logdir"]);
  const { output, open, inputs, profile, engine, signature, txt, binary } = parsed;
  if (txt && binary) throw wrongArguments(name, "--txt and --binary exclude each other.");
  const tag = parsed.tag?.split(",").flatMap((entry) => entry.trim() || []);
  const logdir = parsed["tensorboard-logdir"];
  return { model, output, open, inputs, profile, engine, tag, signature, logdir, txt, binary };
}
