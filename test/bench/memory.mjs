/**
 * Resident memory that one more stream costs, at one thread, with the model shared by the job and owned by each instance;
 * and the bytes of all shared memory in a job of 8 streams on two threads over one compiled model.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { skippedCase } from "./inference/cases.mjs";
import { jobOutput, median, modelFolder } from "./run.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const rounds = 7;
const most = 9;

/** Peak resident size [MB] of the main job. */
function peakMb(streams, modelPolicy) {
  const program = join(root, "test", "bench", "peakMemory.mjs");
  const args = [
    program,
    join(root, "dist", "cmsrun.js"),
    join(root, "configs", "my_plugin_cfg.ts"),
    `streams=${streams}`,
    `modelPolicy=${modelPolicy}`,
    "outputFile=/dev/null.edm",
  ];
  return Number(execFileSync(process.execPath, args, { cwd: root, encoding: "utf8", timeout: 60_000 }));
}

const floatBytes = 4;
const sharedAllowanceMb = 1;
const threads = 2;

/** Every SharedArrayBuffer and shared WebAssembly.Memory of a job of 8 streams at batch 8, to be the weights and 1 MB. */
function sharedCase(name, target) {
  const directory = join(modelFolder(), name);
  const meta = JSON.parse(readFileSync(join(directory, "meta.json"), "utf8"));
  const [[input], [output]] = [Object.values(meta.inputs), Object.values(meta.outputs)];
  const args = [
    `graphPath=${join(directory, "frozen.pb")}`,
    `input=${input.tensor}`,
    `output=${output.tensor}`,
    `width=${input.shape[1]}`,
    `threads=${threads}`,
    `target=${target}`,
  ];
  const preload = pathToFileURL(join(root, "test", "bench", "sharedMemory.mjs")).href;
  const text = jobOutput("shared_model_cfg.ts", args, ["--import", preload]);
  const match = /SHARED (\d+) bytes in (\d+) threads/.exec(text);
  // The main thread counts too.
  if (Number(match?.[2]) !== threads + 1)
    throw new Error("the job's threads do not tell their shared memory");
  const value = Number(match[1]) / 1e6;
  const weightsMb = (floatBytes * meta.params) / 1e6;
  return {
    case: `memory/${name}/8-streams/${target}`,
    value,
    unit: "MB",
    peer: "the weights",
    ratio: value / weightsMb,
    target: Number((weightsMb + sharedAllowanceMb).toFixed(3)),
    of: "value",
    better: "lower",
  };
}

function sharedCases() {
  return ["wasm", "native"].map((target) => {
    try {
      return sharedCase("mlp_big", target);
    } catch (error) {
      return skippedCase(`memory/mlp_big/8-streams/${target}`, error.message);
    }
  });
}

export async function memory() {
  return [...residentCases(), ...sharedCases()];
}

function residentCases() {
  return ["globalCache", "perInstance"].map((policy) => {
    const perStream = Array.from(
      { length: rounds },
      () => (peakMb(most, policy) - peakMb(1, policy)) / (most - 1),
    );
    return {
      case: `memory: a stream more, ${policy}`,
      value: median(perStream),
      unit: "MB",
      peer: "1 stream",
      ratio: null,
      target: 2,
      of: "value",
      better: "lower",
    };
  });
}
