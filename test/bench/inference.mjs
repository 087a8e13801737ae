/**
 * Microseconds a call of every model of $CMSRUN_SHARED/models at batch 1, 8 and 64, one thread: our engines, and as peers
 * in the same run onnxruntime-node (npm run bench:setup), tfjs-node called directly, and TensorFlow through Python where
 * TF_PYTHON names an interpreter that has it. What an engine cannot run is a skipped case with the reason.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { framework, onnxruntime, python, tfjsNode } from "./peers/engines.mjs";
import { median } from "./run.mjs";

const packageRoot = fileURLToPath(new URL("../..", import.meta.url));

const rounds = 7;
const roundMs = 15;
const warmUpMs = 60;
const batches = [1, 8, 64];
const models = [
  "simple",
  "multi",
  "mlp_small",
  "mlp_big",
  "tf1_frozen",
  "deepjet_like",
  "transformer",
  "cnn",
  "gru",
];
/** Models of dense layers: the reference engine has to be within 15 times onnxruntime on these, at batch 1. */
const dense = new Set(["simple", "multi", "mlp_small", "mlp_big", "tf1_frozen"]);
/** How far the outputs of two engines may lie apart before their times mean nothing. */
const tolerance = 1e-4;

function readModel(folder, name) {
  const directory = join(folder, name);
  const read = (file) => JSON.parse(readFileSync(join(directory, file), "utf8"));
  return { name, directory, meta: read("meta.json"), golden: read("golden.json").cases.at(-1) };
}

/** The golden rows, repeated up to `batch`; an input without a batch dimension as it is. */
function inputsOf({ meta, golden }, batch) {
  return Object.entries(meta.inputs).map(([key, { tensor, dtype, shape }]) => {
    const { data, shape: given } = golden.inputs[key];
    const isRows = shape[0] === null;
    const count = isRows ? (batch * data.length) / given[0] : data.length;
    const values = Array.from({ length: count }, (_, i) => data[i % data.length]);
    return { key, tensor, dtype, shape: isRows ? [batch, ...given.slice(1)] : given, values };
  });
}

async function timeCalls(call, count) {
  const start = performance.now();
  for (let i = 0; i < count; i++) await call();
  return (1000 * (performance.now() - start)) / count;
}

/** Our engines answer at once; awaiting them would cost more than a small model. */
function timeSynchronousCalls(call, count) {
  const start = performance.now();
  for (let i = 0; i < count; i++) call();
  return (1000 * (performance.now() - start)) / count;
}

const timed = (runner, count) => {
  if (runner.time) return runner.time(count);
  return runner.isAsync ? timeCalls(runner.call, count) : timeSynchronousCalls(runner.call, count);
};

async function callsARound(runner) {
  const until = performance.now() + warmUpMs;
  let us = await timed(runner, 1);
  while (performance.now() < until) us = await timed(runner, Math.max(1, Math.ceil(1000 / us)));
  return Math.max(1, Math.ceil((1000 * roundMs) / us));
}

function largestDifference(a, b) {
  return a.reduce(
    (worst, value, i) =>
      Math.max(worst, Math.abs(Number(value) - Number(b[i])) / Math.max(1, Math.abs(Number(b[i])))),
    0,
  );
}

/** The times of each round by engine, rounds in alternation. */
async function measure(runners) {
  const first = await runners[0].outputs();
  for (const runner of runners.slice(1)) {
    const outputs = await runner.outputs();
    for (const [i, output] of outputs.entries()) {
      const difference = largestDifference(output, first[i]);
      if (!(difference <= tolerance))
        throw new Error(`${runner.engine} and ${runners[0].engine} differ by ${difference} in output ${i}`);
    }
  }
  const counts = [];
  for (const runner of runners) counts.push(await callsARound(runner));
  const samples = runners.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, runner] of runners.entries()) {
      // Not the first call after another engine has filled the caches, where a round has only a few.
      if (counts[i] > 1) await timed(runner, 1);
      samples[i].push(await timed(runner, counts[i]));
    }
  }
  return new Map(runners.map(({ engine }, i) => [engine, samples[i]]));
}

const peers = { reference: "onnxruntime-node", tensorflow: "tfjs-node" };

function targetOf(engine, model, batch) {
  if (engine === "tensorflow") return 1.3;
  return engine === "reference" && dense.has(model) && batch === 1 ? 15 : null;
}

function result(engine, model, batch, times) {
  const own = times.get(engine);
  const common = {
    case: `${model}/b${batch}/${engine}`,
    value: median(own),
    unit: "us",
    of: "ratio",
    better: "lower",
  };
  const peer = times.get(peers[engine]);
  if (!peer) return { ...common, peer: null, ratio: null, target: null };
  // Round by round: what else the machine does meets both.
  const ratio = median(own.map((us, round) => us / peer[round]));
  return { ...common, peer: peers[engine], ratio, target: targetOf(engine, model, batch) };
}

const skippedCase = (name, reason) => ({
  case: name,
  value: null,
  unit: "us",
  peer: null,
  ratio: null,
  target: null,
  of: "ratio",
  better: "lower",
  skipped: reason,
});

export async function* inference() {
  const folder = join(process.env.CMSRUN_SHARED ?? join(packageRoot, "..", "shared"), "models");
  if (!existsSync(folder)) {
    yield skippedCase(
      "inference",
      `there is no folder ${folder}; set CMSRUN_SHARED to the folder that has models/`,
    );
    return;
  }
  const engines = [
    framework("reference"),
    framework("tensorflow"),
    onnxruntime(),
    tfjsNode(),
    python(folder),
  ];
  try {
    for (const name of models) {
      const model = readModel(folder, name);
      for (const batch of batches) yield* compare(engines, model, batch);
    }
  } finally {
    for (const engine of engines) engine.end?.();
  }
}

/** One model at one batch size by all engines. */
async function* compare(engines, model, batch) {
  const inputs = inputsOf(model, batch);
  const runners = [];
  const skipped = [];
  for (const { engine, open } of engines) {
    try {
      const runner = { engine, ...(await open(model, inputs)) };
      await runner.outputs();
      runners.push(runner);
    } catch (error) {
      skipped.push(
        skippedCase(`${model.name}/b${batch}/${engine}`, error.message.split("\n")[0].slice(0, 160)),
      );
    }
  }
  const times = runners.length > 0 ? await measure(runners) : new Map();
  for (const { engine } of runners) yield result(engine, model.name, batch, times);
  yield* skipped;
  for (const runner of runners) await runner.close?.();
}
