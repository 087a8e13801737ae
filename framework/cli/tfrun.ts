/** `tfrun MODEL --inputs inputs.json`: runs a model once, without any job around it. */
import { Exception } from "../base/errors.js";
import type { GraphDef } from "../tensorflow/GraphDef.js";
import { loadGraph } from "../tensorflow/savedmodel/SavedModel.js";
import { createSession, type Session } from "../tensorflow/Session.js";
import { type EngineTarget, engineTargets } from "../tensorflow/Options.js";
import { showShape, type Tensor } from "../tensorflow/Tensor.js";
import { print } from "./compareOutput.js";
import { runTool } from "./runTool.js";
import { type Port, portsOf, rowOfZeros, showPorts } from "./tfrunModel.js";
import { readTensors, toJson } from "./tfrunTensors.js";
import { refuseTwice, toolArguments, withUsage, wrongArguments } from "./toolArguments.js";
import "../serving/store/register.js";

const name = "tfrun";
/** Runs before the timed ones, in which V8 compiles what is hot. */
const warmUpRuns = 10;
/** Elements of a tensor that a person is shown. */
const shownElements = 16;

interface Arguments {
  readonly model: string;
  readonly inputs: string | undefined;
  readonly outputs: readonly string[] | undefined;
  readonly engine: string;
  readonly engineTarget: EngineTarget;
  readonly explain: boolean;
  readonly profile: boolean;
  readonly tag: readonly string[] | undefined;
  readonly signature: string | undefined;
  readonly time: number | undefined;
  readonly json: boolean;
}

const usage = `$0 MODEL [--inputs inputs.json] [options]

Runs a TensorFlow model once. A directory is a SavedModel, a file with .pb.txt or .pbtxt in its name is text, any
other file a binary frozen graph. Without --inputs it says what the model takes and gives.

inputs.json has one tensor a name, its elements flat in row-major order:
  {"input": {"dtype": "float32", "shape": [2, 3], "data": [1, 2, 3, 4, 5, "NaN"]}}
"NaN", "Infinity", "-Infinity" and integers beyond 2^53 are strings, here and in the output of --json.
A name is that of a tensor (":0" may be left out) or a key of the SavedModel's signature.

The exit code is 0 only when every output was computed.`;

process.exitCode = await runTool(async () => {
  const given = await parse(process.argv.slice(2));
  if (given) await print(await answer(given));
  return 0;
});

async function answer(given: Arguments): Promise<string> {
  if (given.profile) return profile(given);
  if (given.explain) return explain(given);
  return given.inputs === undefined ? describe(given) : run(given, given.inputs);
}

/** Gives undefined when help or the version was asked for, and printed. */
async function parse(argv: readonly string[]): Promise<Arguments | undefined> {
  const parsed = await toolArguments(name, argv, (parser) =>
    withUsage(parser, usage)
      .option("inputs", {
        type: "string",
        requiresArg: true,
        describe: "the input tensors; - reads them from standard input",
      })
      .option("outputs", {
        type: "string",
        requiresArg: true,
        describe: "names, separated by commas; otherwise all of the signature, or what no node reads",
      })
      .option("engine", {
        type: "string",
        requiresArg: true,
        default: "auto",
        describe: "auto, compiled, reference or tensorflow",
      })
      .option("engineTarget", {
        choices: engineTargets,
        requiresArg: true,
        default: "auto" as EngineTarget,
        describe:
          "what the compiled engine makes: wasm, native (needs a C compiler) or auto, the job's default",
      })
      .option("explain", {
        type: "boolean",
        default: false,
        describe: "tell how the engine computes it: what is compiled, what is not and why",
      })
      .option("profile", {
        type: "boolean",
        default: false,
        describe: "time and memory of each node, or of each kernel of compiled code, the slowest first",
      })
      .option("tag", {
        type: "string",
        requiresArg: true,
        describe: "tags of the SavedModel's graph, separated by commas; otherwise serve",
      })
      .option("signature", {
        type: "string",
        requiresArg: true,
        describe: "signature of the SavedModel; otherwise serving_default, or the only one",
      })
      .option("time", {
        type: "number",
        requiresArg: true,
        describe: "repeat so many times and give the median of a run, in µs; with --profile otherwise 100",
      })
      .option("json", { type: "boolean", default: false, describe: "print one line of JSON" })
      .example("$0 data/models/jet_btag/graph.pb", "what it takes and gives")
      .example("$0 data/models/jet_btag/saved_model --inputs inputs.json", "all outputs of the signature")
      .example("$0 graph.pb --inputs inputs.json --outputs output,dense/Relu:0", "these tensors")
      .example("$0 graph.pb --explain", "how it is compiled")
      .example("$0 graph.pb --profile --engine reference", "what each node costs")
      .example("$0 graph.pb --inputs inputs.json --time 1000 --json | jq .us", "for programs"),
  );
  if (!parsed) return undefined;
  const [model, ...rest] = parsed._.map(String);
  if (model === undefined || rest.length > 0)
    throw wrongArguments(name, `it takes one model, not ${parsed._.length}.`);
  const { inputs, engine, engineTarget, explain, profile, signature, time, json } = parsed;
  refuseTwice(name, parsed, ["inputs", "outputs", "engine", "tag", "signature", "time"]);
  if (time !== undefined && !(Number.isInteger(time) && time >= 1))
    throw wrongArguments(name, "--time takes a whole number from 1 on.");
  const listed = (list: string | undefined) =>
    list
      ?.split(",")
      .map((entry) => entry.trim())
      .filter((entry) => entry !== "");
  return {
    model,
    inputs,
    outputs: listed(parsed.outputs),
    engine,
    engineTarget,
    explain,
    profile,
    tag: listed(parsed.tag),
    signature,
    time,
    json,
  };
}

function load({ model, tag, signature }: Arguments): GraphDef {
  const graph = loadGraph(model, { ...(tag && { tag }), ...(signature !== undefined && { signature }) });
  if (signature === undefined || graph.signature) return graph;
  throw wrongArguments(
    name,
    `--signature ${signature}: '${model}' is a frozen graph, which has no signatures.`,
  );
}

function describe(given: Arguments): string {
  const graph = load(given);
  const ports = portsOf(graph);
  if (!given.json) return showPorts(given.model, graph, ports);
  const plain = (list: readonly Port[]) =>
    Object.fromEntries(list.map(({ name: key, dtype, shape }) => [key, { dtype: dtype ?? null, shape }]));
  return `${JSON.stringify({ inputs: plain(ports.inputs), outputs: plain(ports.outputs) })}\n`;
}

/** Compiles for the given inputs, or for one row of zeros. */
function explain(given: Arguments): string {
  const graph = load(given);
  const feeds = feedsOf(given, graph);
  const session = createSession(graph, given);
  const call = session.prepare(
    feeds.map(([key]) => key),
    outputsOf(given, graph),
  );
  call.run(feeds.map(([, tensor]) => tensor));
  const lines = call.explain();
  return [`${given.model}: engine ${session.engine}`, ...lines.map((line) => `  ${line}`), ""].join("\n");
}

/** Of the given inputs, or of one row of zeros. */
async function profile(given: Arguments): Promise<string> {
  // It brings the compiler along, which the other answers only load where code is not in the cache.
  const { profileRun } = await import("./tfrunProfile.js");
  const graph = load(given);
  const { model, engine, engineTarget, time: runs, json } = given;
  const options = { engine, engineTarget, ...(runs !== undefined && { runs }) };
  return profileRun(model, graph, feedsOf(given, graph), outputsOf(given, graph), options, json);
}

function outputsOf(given: Arguments, graph: GraphDef): readonly string[] {
  const outputs = given.outputs ?? portsOf(graph).outputs.map((port) => port.name);
  if (outputs.length > 0) return outputs;
  throw wrongArguments(name, "the model has no output of its own; name tensors with --outputs.");
}

function feedsOf(given: Arguments, graph: GraphDef): [string, Tensor][] {
  return given.inputs === undefined
    ? rowOfZeros(name, portsOf(graph).inputs)
    : readTensors(name, given.inputs);
}

function run(given: Arguments, inputsFile: string): string {
  const graph = load(given);
  const outputs = outputsOf(given, graph);
  const feeds = readTensors(name, inputsFile);
  const session = createSession(graph, given);
  const results = session.run(feeds, outputs);
  if (results.length < outputs.length) {
    const empty = feeds.find(([, tensor]) => tensor.data.length === 0)?.[0];
    throw new Exception("InvalidRun", `nothing was computed: input '${empty}' has no elements.`);
  }
  const microseconds =
    given.time === undefined ? null : medianMicroseconds(session, feeds, outputs, given.time);
  if (given.json) {
    const byName = Object.fromEntries(outputs.map((output, i) => [output, toJson(results[i] as Tensor)]));
    return `${JSON.stringify({ outputs: byName, us: microseconds })}\n`;
  }
  const lines = outputs.map((output, i) => showTensor(output, results[i] as Tensor));
  if (microseconds !== null)
    lines.push(`${microseconds} µs a run (median of ${given.time}, engine ${session.engine})`);
  return `${lines.join("\n")}\n`;
}

function medianMicroseconds(
  session: Session,
  feeds: readonly [string, Tensor][],
  outputs: readonly string[],
  count: number,
): number {
  const call = session.prepare(
    feeds.map(([key]) => key),
    outputs,
  );
  const tensors = feeds.map(([, tensor]) => tensor);
  const results: Tensor[] = [];
  const times = new Float64Array(count);
  for (let i = -warmUpRuns; i < count; i++) {
    const start = performance.now();
    call.run(tensors, results);
    if (i >= 0) times[i] = 1000 * (performance.now() - start);
  }
  times.sort();
  const middle = ((times[(count - 1) >> 1] as number) + (times[count >> 1] as number)) / 2;
  return Number(middle.toPrecision(4));
}

function showTensor(output: string, tensor: Tensor): string {
  const { dtype, shape, data } = toJson(tensor);
  const digits = (value: number | string | boolean) =>
    typeof value === "number" ? String(Number(value.toPrecision(7))) : String(value);
  const rest = data.length > shownElements ? ` … (${data.length} elements)` : "";
  return `${output}: ${dtype}${showShape(shape)} ${data.slice(0, shownElements).map(digits).join(" ")}${rest}`;
}
