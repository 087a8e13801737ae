/** Resident memory that one more stream costs, at one thread, with the model shared by the job and owned by each instance. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { median } from "./run.mjs";

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

export async function memory() {
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
