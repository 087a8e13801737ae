/**
 * Milliseconds to freeze the deepjet_like of $CMSRUN_SHARED/models (the whole saveFrozenGraph, in a process that has done
 * nothing else, and in one that has done it before), and to read a SavedModel of 50 MB, once with its values in variables
 * and once in constants. That one is made by the Python that CMSRUN_TF_PYTHON (or TF_PYTHON) names.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { skippedCase } from "./inference/cases.mjs";
import { median, modelFolder } from "./run.mjs";

const program = fileURLToPath(new URL("./savingProcess.mjs", import.meta.url));
const maker = fileURLToPath(new URL("./make_large_saved_models.py", import.meta.url));
const freezeMs = 300;
const readMs = 1000;
const processes = 5;
const timeLimitMs = 120_000;

/** The times of the calls of one process, the first of them cold. */
function measure(task, ...args) {
  const options = { encoding: "utf8", timeout: timeLimitMs, stdio: ["ignore", "pipe", "ignore"] };
  return JSON.parse(execFileSync(process.execPath, [program, task, ...args], options));
}

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

function* coldAndWarm(name, target, task, ...args) {
  const runs = Array.from({ length: processes }, () => measure(task, ...args));
  yield msCase(`${name}/cold`, median(runs.map(([first]) => first)), target);
  yield msCase(`${name}/warm`, median(runs.map((times) => median(times.slice(1)))), target);
}

function* freezing(folder) {
  let models;
  try {
    models = modelFolder();
  } catch (error) {
    yield skippedCase("freeze/deepjet_like", error.message);
    return;
  }
  const model = join(models, "deepjet_like", "saved_model");
  yield* coldAndWarm("freeze/deepjet_like", freezeMs, "freeze", model, join(folder, "frozen.pb"));
}

function* reading(folder) {
  const python = process.env.CMSRUN_TF_PYTHON ?? process.env.TF_PYTHON;
  if (!python) {
    yield skippedCase("read-50MB", "CMSRUN_TF_PYTHON names no Python with TensorFlow, which makes the model");
    return;
  }
  execFileSync(python, [maker, folder], { timeout: timeLimitMs, stdio: "ignore" });
  for (const kind of ["variables", "constants"])
    yield* coldAndWarm(`read-50MB/${kind}`, readMs, "read", join(folder, kind));
}

export function* saving() {
  const folder = mkdtempSync(join(tmpdir(), "cmsrun-bench-"));
  try {
    yield* freezing(folder);
    yield* reading(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
