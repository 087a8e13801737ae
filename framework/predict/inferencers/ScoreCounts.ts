/** How often each distinct score came, with label 1 and with label 0: all that a ROC curve hangs on, exactly. */
import { invalidEvaluation } from "../Inferencer.js";

/** Columns of equal length, scores ascending. */
export interface PlainScoreCounts {
  readonly scores: Float64Array;
  readonly positives: Float64Array;
  readonly negatives: Float64Array;
}

/** Scores that wait unsorted, at least; more where there are more distinct ones, so that sorting costs little a score. */
const leastWaiting = 1 << 14;
const none: PlainScoreCounts = {
  scores: new Float64Array(0),
  positives: new Float64Array(0),
  negatives: new Float64Array(0),
};

export class ScoreCounts {
  readonly #limit: number;
  #counted = none;
  /** Unsorted scores of each label; index: label. */
  #waiting: [Float64Array, Float64Array] = [new Float64Array(leastWaiting), new Float64Array(leastWaiting)];
  #lengths: [number, number] = [0, 0];

  /** `limit`: distinct scores at most; each takes 24 bytes. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @throws InvalidEvaluation when there are too many distinct scores */
  add(score: number, label: 0 | 1): void {
    const waiting = this.#waiting[label];
    // 0 for -0: they are equal, and equal scores must be one.
    waiting[this.#lengths[label]++] = score + 0;
    if (this.#lengths[label] === waiting.length) this.#sort();
  }

  /** @throws InvalidEvaluation when there are too many distinct scores */
  merge(plain: PlainScoreCounts): void {
    this.#sort();
    this.#take(plain);
  }

  /** Everything that was added. Do not change the arrays. */
  get counts(): PlainScoreCounts {
    this.#sort();
    return this.#counted;
  }

  #sort(): void {
    const [negatives, positives] = this.#waiting.map((waiting, label) =>
      waiting.subarray(0, this.#lengths[label]).sort(),
    ) as [Float64Array, Float64Array];
    this.#lengths = [0, 0];
    if (negatives.length > 0) this.#take(counted(negatives, "negatives"));
    if (positives.length > 0) this.#take(counted(positives, "positives"));
    const wanted = Math.max(leastWaiting, this.#counted.scores.length >> 1);
    if (this.#waiting[0].length < wanted)
      this.#waiting = [new Float64Array(wanted), new Float64Array(wanted)];
  }

  #take(plain: PlainScoreCounts): void {
    this.#counted = merged(this.#counted, plain);
    const found = this.#counted.scores.length;
    if (found > this.#limit)
      throw invalidEvaluation(
        "RocCurve",
        `there are more than ${this.#limit} distinct scores; raise maxDistinctScores (24 bytes each), or round the scores`,
      );
  }
}

/** Sorted scores of one label, equal ones together. */
function counted(sorted: Float64Array, label: "positives" | "negatives"): PlainScoreCounts {
  const scores = new Float64Array(sorted.length);
  const counts = new Float64Array(sorted.length);
  let length = 0;
  for (const score of sorted) {
    if (length === 0 || scores[length - 1] !== score) scores[length++] = score;
    (counts[length - 1] as number)++;
  }
  const zeros = new Float64Array(length);
  const cut = { scores: scores.slice(0, length), positives: zeros, negatives: zeros };
  return { ...cut, [label]: counts.slice(0, length) };
}

/** Two lists of ascending scores as one. */
function merged(a: PlainScoreCounts, b: PlainScoreCounts): PlainScoreCounts {
  const longest = a.scores.length + b.scores.length;
  const scores = new Float64Array(longest);
  const positives = new Float64Array(longest);
  const negatives = new Float64Array(longest);
  let length = 0;
  for (let i = 0, j = 0; i < a.scores.length || j < b.scores.length; length++) {
    const fromA = i < a.scores.length ? (a.scores[i] as number) : Number.POSITIVE_INFINITY;
    const fromB = j < b.scores.length ? (b.scores[j] as number) : Number.POSITIVE_INFINITY;
    const score = Math.min(fromA, fromB);
    scores[length] = score;
    if (fromA === score && i < a.scores.length) {
      (positives[length] as number) += a.positives[i] as number;
      (negatives[length] as number) += a.negatives[i++] as number;
    }
    if (fromB === score && j < b.scores.length) {
      (positives[length] as number) += b.positives[j] as number;
      (negatives[length] as number) += b.negatives[j++] as number;
    }
  }
  return {
    scores: scores.slice(0, length),
    positives: positives.slice(0, length),
    negatives: negatives.slice(0, length),
  };
}
