/** Speed-up of two threads over one, on events of 25 and 100 µs: best of three alternated runs. */
import { runConfig } from "./run.mjs";

const rounds = 3;
const cases = [
  { microseconds: 25, maxEvents: 80_000, target: 1.7 },
  { microseconds: 100, maxEvents: 20_000, target: 1.9 },
];

export async function threads() {
  return cases.map(({ microseconds, maxEvents, target }) => {
    const run = (n) =>
      runConfig("busy_cfg.ts", `microseconds=${microseconds}`, `maxEvents=${maxEvents}`, `threads=${n}`)
        .seconds;
    const speedups = Array.from({ length: rounds }, () => run(1) / run(2));
    const best = Math.max(...speedups);
    return {
      case: `threads: 2 over 1 at ${microseconds} us an event`,
      value: best,
      unit: "x",
      peer: "1 thread",
      ratio: best,
      target,
      of: "ratio",
      better: "higher",
    };
  });
}
