/**
 * What the framework costs a module (slope) and an event (intercept), from chains of 1, 10 and 100 trivial modules.
 * Peer, in the same run: the same chain as plain async functions awaited one after another.
 */
import { median, runConfig } from "./run.mjs";

const rounds = 7;
const lengths = [1, 10, 100];
const eventsFor = (length) => (length === 100 ? 60_000 : 300_000);

/** Least squares of ns an event over the number of modules. */
function line(points) {
  const n = points.length;
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / n;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / n;
  const slope =
    points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) /
    points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  return { slope, intercept: meanY - slope * meanX };
}

async function awaitedChain(length, events) {
  const products = new Map();
  const modules = Array.from(
    { length },
    (_, i) => async () => products.set(i, (products.get(i - 1) ?? 0) + 1),
  );
  const start = performance.now();
  for (let event = 0; event < events; event++) {
    products.clear();
    for (const module of modules) await module();
  }
  return (1e6 * (performance.now() - start)) / events;
}

export async function eventLoop() {
  const ours = lengths.map(() => []);
  const awaited = lengths.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, length] of lengths.entries()) {
      const { events, seconds } = runConfig(
        "chain_cfg.ts",
        `modules=${length}`,
        `maxEvents=${eventsFor(length)}`,
      );
      ours[index].push((1e9 * seconds) / events);
      awaited[index].push(await awaitedChain(length, eventsFor(length) / 10));
    }
  }
  const fitted = (measured) => line(lengths.map((length, i) => [length, median(measured[i])]));
  const { slope, intercept } = fitted(ours);
  const peer = fitted(awaited);
  const common = { peer: "awaited chain", of: "value", better: "lower" };
  return [
    {
      case: "event-loop: a module",
      value: slope,
      unit: "ns",
      ratio: slope / peer.slope,
      target: 50,
      ...common,
    },
    {
      case: "event-loop: an event",
      value: intercept,
      unit: "ns",
      ratio: intercept / Math.max(1, peer.intercept),
      target: 1000,
      ...common,
    },
  ];
}
