/**
 * Compile times: milliseconds before the first run of every model of $CMSRUN_SHARED/models in a process that finds no
 * compiled code (by batch size: 1 with folding constants and finding the C compiler, the others behind it), and to the end
 * of that run in one that finds it on disk. Reading the graph file is a case of its own. --models=simple,cms selects.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { skippedCase } from "./inference/cases.mjs";
import { cellOf, listModels } from "./inference/models.mjs";
import { inferenceOptions, select } from "./inference/options.mjs";
import { modelFolder } from "./run.mjs";

const program = fileURLToPath(new URL("./compileProcess.mjs", import.meta.url));
const targets = {
  wasm: { batches: [1, 8, 64], compileMs: 1000 },
  native: { batches: [1, 8], compileMs: 3000 },
};
const cachedStartMs = 50;
const cachedRounds = 5;
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

/** A process that compiles, then some that find its code. */
function timeModel(model, target, home) {
  const { compile, read } = timeFirstResults(model, target, targets[target].batches, home);
  const cached = Array.from(
    { length: cachedRounds },
    () => timeFirstResults(model, target, [1], home).first[0],
  );
  return { compile, read, cached: Math.min(...cached) };
}

/** What else the machine does may be in the way: a compile target is missed by two processes, the other by all. */
function* compileModel(model, target) {
  const { batches, compileMs } = targets[target];
  const { compile, read, cached } = inFolder((home) => timeModel(model, target, home));
  const isSlow = compile.some((ms) => ms > compileMs);
  const again = isSlow ? inFolder((home) => timeFirstResults(model, target, batches, home)).compile : compile;
  for (const [i, batch] of batches.entries())
    yield msCase(`compile/${model.name}/b${batch}/${target}`, Math.min(compile[i], again[i]), compileMs);
  yield msCase(`cached-start/${model.name}/${target}`, cached, cachedStartMs);
  if (target === "wasm") yield msCase(`read-graph/${model.name}`, read, null);
}

export function* compileTime() {
  let folder;
  try {
    folder = modelFolder();
  } catch (error) {
    yield skippedCase("compile", error.message);
    return;
  }
  const models = select(listModels(folder), ({ name }) => name, inferenceOptions().models, "models");
  for (const { read } of models) {
    const model = read();
    for (const target of Object.keys(targets)) yield* compileModel(model, target);
  }
}
