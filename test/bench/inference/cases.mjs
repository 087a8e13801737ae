/** The cases that the inference benchmark reports, one an engine, model and batch size. */
import { median } from "../run.mjs";
import { ratioOf } from "./measure.mjs";
import { peersOf, rooflineTargetOf, targetOf } from "./targets.mjs";

const blank = {
  value: null,
  unit: "us",
  peer: null,
  ratio: null,
  target: null,
  of: "ratio",
  better: "lower",
};

export const skippedCase = (name, reason) => ({
  case: name,
  ...blank,
  skipped: String(reason).split("\n")[0].slice(0, 160),
});

/** simple/b8/wasm: a compiled engine is called by its target. */
export const caseName = (engine, model, batch) =>
  `${model.name}/b${batch}/${engine.replace("compiled/", "")}`;

/** What a peer of ours took, which no target is on. */
export const peerCase = (engine, model, batch, times) => ({
  case: caseName(engine, model, batch),
  ...blank,
  value: median(times.get(engine)),
});

/** An engine of ours against the fastest of its peers that ran. */
export function engineCase(engine, model, batch, times, titles) {
  const own = peerCase(engine, model, batch, times);
  const ran = peersOf(engine, model).filter((name) => times.has(name));
  if (ran.length === 0) return own;
  const peer = ran.reduce((best, name) => (median(times.get(name)) < median(times.get(best)) ? name : best));
  return {
    ...own,
    peer: titles.get(peer),
    ratio: ratioOf(times.get(engine), times.get(peer)),
    target: targetOf(engine, model, batch),
  };
}

/**
 * The arithmetic of an engine as a fraction of the best round of any roofline, not round by round: another process that
 * slows the roofline down must not make the engine look nearer to it.
 */
export function rooflineCase(engine, model, batch, times, rooflines) {
  const limit = Math.max(
    ...rooflines.map(({ engine: name, flops }) => flops / Math.min(...times.get(name)) / 1000),
  );
  const fraction = (1000 * model.mflop * batch) / median(times.get(engine)) / limit;
  return {
    case: `${caseName(engine, model, batch)}/roofline`,
    ...blank,
    value: fraction,
    unit: "of roofline",
    peer: `128-bit mul+add, ${limit.toFixed(1)} GFLOP/s`,
    ratio: fraction,
    target: rooflineTargetOf(engine, model, batch),
    better: "higher",
  };
}
