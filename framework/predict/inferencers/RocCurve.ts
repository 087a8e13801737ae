/** The ROC curve of a score against truth, exactly: its area, efficiencies at given mistag rates, and both spectra. */
import { histogram, regularAxis } from "../Histogram.js";
import {
  type InferenceResult,
  type Inferencer,
  invalidEvaluation,
  labelsOf,
  type NamedTensors,
  vectorOf,
} from "../Inferencer.js";
import { type PlainScoreCounts, ScoreCounts } from "./ScoreCounts.js";

export interface RocOptions {
  readonly prefix?: string;
  /** Shares of the background that may pass; the efficiency at each is given. b tagging's loose, medium, tight. */
  readonly mistagRates?: readonly number[];
  /** Bins of the spectra, from `lower` to `upper`. */
  readonly bins?: number;
  readonly lower?: number;
  readonly upper?: number;
  /** More distinct scores than this are refused: each takes 24 bytes. */
  readonly maxDistinctScores?: number;
}

const defaults = {
  prefix: "val",
  mistagRates: [0.1, 0.01, 0.001],
  bins: 100,
  lower: 0,
  upper: 1,
  maxDistinctScores: 1 << 22,
};

/** A step of the curve: what passes when scores from `threshold` on do. */
export interface RocPoint {
  readonly threshold: number;
  readonly truePositives: number;
  readonly falsePositives: number;
}

export class RocCurve implements Inferencer {
  readonly fetches: readonly [pred: string, label: string];
  readonly #options: Required<RocOptions>;
  #counts: ScoreCounts;

  /** Labels are 1 (signal) or 0 (background); scores are any numbers, the higher the more like signal. */
  constructor(predTensorName: string, labelTensorName: string, options: RocOptions = {}) {
    this.fetches = [predTensorName, labelTensorName];
    this.#options = { ...defaults, ...options };
    const { bins, lower, upper, mistagRates } = this.#options;
    if (!Number.isInteger(bins) || bins < 1 || !(lower < upper))
      throw invalidEvaluation("RocCurve", `${bins} bins from ${lower} to ${upper} are no axis`);
    const wrong = mistagRates.find((rate) => !(rate >= 0 && rate <= 1));
    if (wrong !== undefined) throw invalidEvaluation("RocCurve", `mistag rate ${wrong} is not from 0 to 1`);
    this.#counts = new ScoreCounts(this.#options.maxDistinctScores);
  }

  reset(): void {
    this.#counts = new ScoreCounts(this.#options.maxDistinctScores);
  }

  update(outputs: NamedTensors, rowCount: number): void {
    const [pred, label] = this.fetches;
    const scores = vectorOf(outputs, pred, rowCount, "RocCurve");
    const labels = labelsOf(outputs, label, rowCount, "RocCurve");
    for (let row = 0; row < rowCount; row++) {
      const score = scores[row] as number;
      if (Number.isNaN(score)) throw invalidEvaluation("RocCurve", `row ${row} of tensor '${pred}' is NaN`);
      this.#counts.add(score, labels[row] as 0 | 1);
    }
  }

  toPlain(): PlainScoreCounts {
    return this.#counts.counts;
  }

  merge(plain: PlainScoreCounts): void {
    this.#counts.merge(plain);
  }

  /** The curve from (0, 0) up, a step each distinct score. */
  points(): RocPoint[] {
    const { scores, positives, negatives } = this.#counts.counts;
    let truePositives = 0;
    let falsePositives = 0;
    return Array.from({ length: scores.length }, (_, i) => {
      const at = scores.length - 1 - i;
      truePositives += positives[at] as number;
      falsePositives += negatives[at] as number;
      return { threshold: scores[at] as number, truePositives, falsePositives };
    });
  }

  /**
   * `prefix_auc`: the share of pairs of signal and background in which signal has the higher score, equal ones counting
   * half; NaN without both. `prefix_efficiency_at_RATE`: the share of signal that passes the loosest cut by which at
   * most RATE of the background does.
   */
  result(): InferenceResult {
    const { prefix, mistagRates, bins, lower, upper } = this.#options;
    const { counts } = this.#counts;
    const axis = regularAxis(this.fetches[0], bins, lower, upper, true);
    const spectrum = (weights: Float64Array) =>
      histogram([axis], "int", filled(counts.scores, weights, bins, lower, upper));
    const scalars: Record<string, number> = { [`${prefix}_auc`]: areaUnderCurve(counts) };
    for (const rate of mistagRates) scalars[`${prefix}_efficiency_at_${rate}`] = efficiencyAt(counts, rate);
    return {
      scalars,
      histograms: {
        [`${prefix}_signal`]: spectrum(counts.positives),
        [`${prefix}_background`]: spectrum(counts.negatives),
      },
    };
  }
}

const total = (counts: Float64Array) => counts.reduce((sum, count) => sum + count, 0);

function areaUnderCurve({ positives, negatives }: PlainScoreCounts): number {
  // Twice the pairs won, so that halves are whole: may pass 2^53.
  let doubled = 0n;
  let below = 0;
  for (let i = 0; i < positives.length; i++) {
    const tied = negatives[i] as number;
    if (positives[i] !== 0) doubled += BigInt(positives[i] as number) * BigInt(2 * below + tied);
    below += tied;
  }
  return Number(doubled) / Number(2n * BigInt(total(positives)) * BigInt(below));
}

function efficiencyAt({ positives, negatives }: PlainScoreCounts, rate: number): number {
  const backgrounds = total(negatives);
  if (backgrounds === 0) return Number.NaN;
  let passed = 0;
  let mistagged = 0;
  for (let i = positives.length - 1; i >= 0; i--) {
    mistagged += negatives[i] as number;
    if (mistagged / backgrounds > rate) break;
    passed += positives[i] as number;
  }
  return passed / total(positives);
}

/** Counts a bin, the first for what lies below and the last for what does not lie below `upper`. */
function filled(
  scores: Float64Array,
  weights: Float64Array,
  bins: number,
  lower: number,
  upper: number,
): number[] {
  const counts = new Array<number>(bins + 2).fill(0);
  for (let i = 0; i < scores.length; i++) {
    const position = ((scores[i] as number) - lower) / (upper - lower);
    const bin =
      position < 0 ? 0 : position >= 1 ? bins + 1 : 1 + Math.min(bins - 1, Math.floor(position * bins));
    (counts[bin] as number) += weights[i] as number;
  }
  return counts;
}
