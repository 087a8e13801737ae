/**
 * Microseconds a call of every model of $CMSRUN_SHARED/models, by batch size and on one thread: our engines, and in the same
 * run their peers: onnxruntime-node (npm run bench:setup), tfjs-node called directly, and with TF_PYTHON, an interpreter that
 * has a TensorFlow wheel, TensorFlow's C++ session, XLA ahead of time and onnxruntime through Python. Lists select:
 * --batches=1,8 --models=simple,cms --engines=compiled/wasm,reference --peers=onnxruntime-node. What is missing is skipped.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { caseName, engineCase, peerCase, rooflineCase, skippedCase } from "./inference/cases.mjs";
import { checkOutputs, measure } from "./inference/measure.mjs";
import { cellOf, listModels } from "./inference/models.mjs";
import { inferenceOptions, select } from "./inference/options.mjs";
import { rooflineTargetOf } from "./inference/targets.mjs";
import { framework, onnxruntime, tfjsNode } from "./peers/engines.mjs";
import { onnxruntimePython } from "./peers/onnxruntimePython.mjs";
import { sseRoofline, wasmRoofline } from "./peers/roofline.mjs";
import { tensorflowCpp } from "./peers/tensorflowCpp.mjs";
import { xlaAot, xlaAotWide } from "./peers/xlaAot.mjs";

const packageRoot = fileURLToPath(new URL("..", new URL("..", import.meta.url)));
const engineNames = ["compiled/wasm", "compiled/native", "reference", "tensorflow"];
/** A graph of CMS takes our other engines up to seconds: they run where they are asked for. */
const cmsEngines = ["compiled/wasm", "compiled/native"];
const peerMakers = [onnxruntime, tfjsNode, onnxruntimePython, tensorflowCpp, xlaAot, xlaAotWide];

const nameOf = ({ engine }) => engine;

export async function* inference() {
  const options = inferenceOptions();
  const folder = join(process.env.CMSRUN_SHARED ?? join(packageRoot, "..", "shared"), "models");
  if (!existsSync(folder)) {
    const reason = `there is no folder ${folder}; set CMSRUN_SHARED to the folder that has models/`;
    yield skippedCase("inference", reason);
    return;
  }
  const models = select(listModels(folder), ({ name }) => name, options.models, "models");
  const own = select(engineNames, (name) => name, options.engines, "engines").map(framework);
  const peers = select(
    peerMakers.map((make) => make()),
    nameOf,
    options.peers,
    "peers",
  );
  const rooflines = own.some(({ engine }) => engine === "compiled/wasm")
    ? [wasmRoofline(), sseRoofline()]
    : [];
  const all = [...own, ...peers, ...rooflines];
  try {
    const missing = new Set();
    for (const engine of all) {
      const reason = await complaint(() => engine.prepare?.());
      if (reason === undefined) continue;
      missing.add(engine);
      yield skippedCase(`inference/${engine.engine}`, reason);
    }
    const there = (engines) => engines.filter((engine) => !missing.has(engine));
    const bench = { own, peers: there(peers), rooflines: there(rooflines), options };
    for (const { read } of models) yield* compareModel(bench, read());
  } finally {
    for (const engine of all) engine.end?.();
  }
}

/** What `attempt` throws, as a text; undefined where it succeeds. */
async function complaint(attempt) {
  try {
    await attempt();
  } catch (error) {
    return error.message;
  }
}

/** One model at all batch sizes. */
async function* compareModel({ own, peers, rooflines, options }, model) {
  const batches = options.batches ?? model.batches;
  const isAsked = ({ engine }) => !model.isCms || options.engines || cmsEngines.includes(engine);
  const engines = own.filter(isAsked);
  for (const peer of peers.filter(({ runs }) => runs?.(model) ?? true)) {
    const reason = await complaint(() => peer.prepareModel?.(model, batches));
    if (reason === undefined) engines.push(peer);
    else yield skippedCase(`${model.name}/${peer.engine}`, reason);
  }
  for (const batch of batches) yield* compare({ own, engines, rooflines }, model, batch);
}

/** One model at one batch size by all engines. */
async function* compare({ own, engines, rooflines }, model, batch) {
  const cell = cellOf(model, batch);
  const runners = [];
  const skipped = [];
  const isOwn = ({ engine }) => own.some((each) => each.engine === engine);
  for (const engine of engines) {
    const reason = await complaint(async () => {
      const runner = { engine: engine.engine, ...(await engine.open(model, cell)) };
      runners.push(runner);
      await runner.outputs();
    });
    if (reason === undefined) continue;
    if (runners.at(-1)?.engine === engine.engine) runners.pop();
    skipped.push(skippedCase(caseName(engine.engine, model, batch), reason));
  }
  for (const runner of [...runners]) {
    const reason = await complaint(() => checkOutputs(runner, cell));
    if (reason === undefined) continue;
    const name = caseName(runner.engine, model, batch);
    // Of a peer it is a reason not to compare with it; of ours it is what nobody may overlook.
    if (isOwn(runner)) throw new Error(`${name}: ${reason}`);
    runners.splice(runners.indexOf(runner), 1);
    skipped.push(skippedCase(name, reason));
  }
  model.mflop ??= await countedMflop(runners, batch);
  const isBound = runners.some(({ engine }) => rooflineTargetOf(engine, model, batch) !== null);
  const limits = isBound ? await openRooflines(rooflines) : [];
  const times = await measure([...runners, ...limits]);
  const titles = new Map(engines.map(({ engine, title }) => [engine, title ?? engine]));
  for (const runner of runners) {
    const { engine } = runner;
    yield (isOwn(runner) ? engineCase : peerCase)(engine, model, batch, times, titles);
    if (limits.length > 0 && rooflineTargetOf(engine, model, batch) !== null)
      yield rooflineCase(engine, model, batch, times, limits);
  }
  yield* skipped;
  for (const runner of runners) await runner.close?.();
}

/** Of a row, from the runner that can count; undefined without one. */
async function countedMflop(runners, batch) {
  const counting = runners.find(({ engine }) => engine === "tensorflow-cpp");
  return counting && (await counting.flops()) / batch / 1e6;
}

async function openRooflines(rooflines) {
  const empty = { batch: 1, inputs: [], outputs: [] };
  const opened = [];
  for (const { engine, open } of rooflines) {
    const runner = { engine, ...(await open({}, empty)) };
    opened.push({ ...runner, flops: await runner.flops() });
  }
  return opened;
}
