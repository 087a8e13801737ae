/** Times engines side by side: every round gives each of them its turn, so that what else the machine does meets all. */
import { median } from "../run.mjs";

const rounds = 7;
const roundMs = 12;
const warmUpMs = 50;

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

function timed(runner, count) {
  if (runner.time) return runner.time(count);
  return runner.isAsync ? timeCalls(runner.call, count) : timeSynchronousCalls(runner.call, count);
}

async function callsARound(runner) {
  const until = performance.now() + warmUpMs;
  let us = await timed(runner, 1);
  while (performance.now() < until) us = await timed(runner, Math.max(1, Math.ceil(1000 / us)));
  return Math.max(1, Math.ceil((1000 * roundMs) / us));
}

/** Microseconds a call of each round, by engine. */
export async function measure(runners) {
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

/** Round by round: median of one engine's time over another's. */
export const ratioOf = (own, other) => median(own.map((us, round) => us / other[round]));

/** Throws where an output of the runner is farther from the expected one than it may be. */
export async function checkOutputs(runner, { outputs }) {
  for (const [i, values] of (await runner.outputs()).entries()) {
    const { key, values: expected, allowed } = outputs[i];
    if (values.length !== expected.length)
      throw new Error(`output '${key}' has ${values.length} values instead of ${expected.length}`);
    const at = expected.findIndex((value, k) => !isWithin(Number(values[k]), Number(value), allowed));
    if (at >= 0)
      throw new Error(`output '${key}' is wrong: ${values[at]} instead of ${expected[at]} at ${at}`);
  }
}

const isWithin = (value, expected, allowed) =>
  Object.is(value, expected) || Math.abs(value - expected) <= allowed(expected);
