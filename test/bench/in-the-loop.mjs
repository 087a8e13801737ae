/**
 * What a plugin with a model costs an event beyond the bare model call: a job on jets in memory, in which blocks of events
 * with the plugin take turns with blocks of the bare call on the same batches, so that what else the machine does meets both.
 */
import { jobOutput, median } from "./run.mjs";

const rounds = 7;
const cases = [
  { module: "MyPlugin", target: "wasm", events: 80_000 },
  { module: "MyPlugin", target: "native", events: 80_000 },
  // Its model takes 5 us a jet.
  { module: "TensorFlowAOTProducer", target: "wasm", aot: true, events: 8000 },
];

/** Nanoseconds an event beyond the bare call, and of that call. */
function run({ module, target, aot = false, events }) {
  const args = [`module=${module}`, `target=${target}`, `aot=${aot}`, `maxEvents=${events}`];
  const match = /EXTRA (-?[\d.]+) BARE ([\d.]+) ns/.exec(jobOutput("in_the_loop_cfg.ts", args));
  if (!match) throw new Error(`the job with ${module} tells no time`);
  return { extra: Number(match[1]), bare: Number(match[2]) };
}

export function* inTheLoop() {
  for (const each of cases) {
    const costs = [];
    const bareCalls = [];
    for (let round = 0; round < rounds; round++) {
      const { extra, bare } = run(each);
      costs.push(extra / 1000);
      bareCalls.push(bare / 1000);
    }
    const value = median(costs);
    yield {
      case: `inference-in-the-loop/${each.module}/${each.target}`,
      value,
      unit: "us",
      peer: "the bare call",
      ratio: (value + median(bareCalls)) / median(bareCalls),
      target: 2,
      of: "value",
      better: "lower",
    };
  }
}
