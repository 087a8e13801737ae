import { describe, expect, it } from "vitest";
import { Tensor } from "../../../framework/tensorflow/Tensor.js";
import { ExactSum } from "../../../framework/predict/ExactSum.js";
import { type Inferencer, type NamedTensors, resultOf } from "../../../framework/predict/Inferencer.js";
import {
  type InferencerOptions,
  makeInferencer,
  registerInferencer,
} from "../../../framework/predict/inferencerTypes.js";
import { RocCurve } from "../../../framework/predict/inferencers/RocCurve.js";
import { Random } from "./random.js";

interface Row {
  readonly score: number;
  readonly label: number;
  readonly cls: number;
  readonly classScores: readonly number[];
  readonly wrong: number;
  readonly pair: readonly [number, number];
}

const classes = ["light", "c", "b"];
const random = new Random(7);

function sample(count: number): Row[] {
  return Array.from({ length: count }, () => {
    const label = random.next() < 0.3 ? 1 : 0;
    // Some scores are equal, some lie at the edges of bins, and all are float32.
    const raw = Math.fround(Math.min(1, Math.max(0, 0.3 * label + 0.7 * random.next())));
    const score = random.next() < 0.4 ? Math.round(raw * 10) / 10 : raw;
    const classScores = classes.map(() => Math.round(random.next() * 4) / 4);
    const pair: [number, number] = [random.float64(), random.next() - 0.5];
    return {
      score: Math.fround(score),
      label,
      cls: random.integer(3),
      classScores,
      wrong: random.integer(2),
      pair,
    };
  });
}

function batchOf(rows: readonly Row[]): NamedTensors {
  const column = (name: "label" | "cls" | "wrong") => rows.map((row) => row[name]);
  return {
    score: new Tensor(
      "float32",
      [rows.length, 1],
      rows.map((row) => row.score),
    ),
    label: new Tensor("int32", [rows.length], column("label")),
    truth: new Tensor("int64", [rows.length], BigInt64Array.from(column("cls"), BigInt)),
    classScores: new Tensor(
      "float32",
      [rows.length, 3],
      rows.flatMap((row) => row.classScores),
    ),
    incorrect_vector: new Tensor("float32", [rows.length], column("wrong")),
    pair: new Tensor(
      "float64",
      [rows.length, 2],
      rows.flatMap((row) => row.pair),
    ),
  };
}

const pair = { predTensorName: "score", labelTensorName: "label" };
const cases: [type: string, options: InferencerOptions][] = [
  ["ScalarStats", { names: ["pair", "score:0", "score"] }],
  ["ClassificationError", {}],
  ["BinaryClassificationStats", { ...pair, threshold: 0.5, prefix: "cut" }],
  ["RocCurve", { ...pair, bins: 20 }],
  ["Calibration", { ...pair, bins: 7 }],
  ["ConfusionMatrix", { predTensorName: "classScores", labelTensorName: "truth", classes }],
];

function feed(inferencer: Inferencer, rows: readonly Row[]): void {
  const batch = batchOf(rows);
  inferencer.update({ ...batch, "score:0": batch.score as Tensor }, rows.length);
}

describe.each(cases)("%s", (type, options) => {
  it("gives the same bits however the sample is ordered, cut into batches and shared out", () => {
    for (let round = 0; round < 15; round++) {
      const rows = sample(1 + random.integer(400));
      const whole = makeInferencer(type, options);
      feed(whole, rows);
      const parts = Array.from({ length: 1 + random.integer(6) }, () => makeInferencer(type, options));
      const shuffled = random.shuffled(rows);
      for (const [from, to] of random.cuts(rows.length, 50)) feed(random.of(parts), shuffled.slice(from, to));
      const merged = makeInferencer(type, options);
      for (const part of random.shuffled(parts)) merged.merge(structuredClone(part.toPlain()) as never);
      expect(merged.result()).toEqual(whole.result());
      expect(JSON.stringify(merged.result())).toBe(JSON.stringify(whole.result()));
      expect(merged.toPlain()).toEqual(whole.toPlain());
    }
  });

  it("forgets when it is reset, and names the same things before it knows any", () => {
    const inferencer = makeInferencer(type, options);
    const empty = inferencer.result();
    feed(inferencer, sample(20));
    expect(Object.keys(inferencer.result().scalars)).toEqual(Object.keys(empty.scalars));
    expect(Object.keys(inferencer.result().histograms)).toEqual(Object.keys(empty.histograms));
    expect(inferencer.result()).not.toEqual(empty);
    inferencer.reset();
    expect(inferencer.result()).toEqual(empty);
  });

  it("reads the tensors it says it reads, and says which one is missing", () => {
    const inferencer = makeInferencer(type, options);
    for (const name of inferencer.fetches) {
      const all: NamedTensors = { ...batchOf(sample(3)), "score:0": batchOf(sample(3)).score as Tensor };
      const { [name]: _gone, ...rest } = all;
      expect(() => inferencer.update(rest, 3)).toThrow(`there is no tensor '${name}'`);
    }
  });
});

/** Each formula once more, slow and by the book. */
describe("against the plain formula", () => {
  const rows = sample(600);
  const found = (type: string, options: InferencerOptions) => {
    const inferencer = makeInferencer(type, options);
    for (const [from, to] of random.cuts(rows.length, 64)) feed(inferencer, rows.slice(from, to));
    return inferencer.result();
  };
  const signal = rows.filter((row) => row.label === 1);
  const background = rows.filter((row) => row.label === 0);

  it("ROC: pairs won, ties half, and the efficiency at each mistag rate", () => {
    let wins = 0;
    for (const s of signal)
      for (const b of background) wins += s.score > b.score ? 1 : s.score === b.score ? 0.5 : 0;
    const { scalars, histograms } = found("RocCurve", { ...pair, bins: 20, mistagRates: [0, 0.05, 0.5, 1] });
    expect(scalars.val_auc).toBe(wins / (signal.length * background.length));
    for (const rate of [0, 0.05, 0.5, 1]) {
      const passing = (of: readonly Row[], cut: number) =>
        of.filter(({ score }) => score >= cut).length / of.length;
      const cuts = [Number.POSITIVE_INFINITY, ...rows.map(({ score }) => score)];
      const allowed = cuts.filter((cut) => passing(background, cut) <= rate);
      expect(scalars[`val_efficiency_at_${rate}`]).toBe(
        Math.max(...allowed.map((cut) => passing(signal, cut))),
      );
    }
    const counts = (of: readonly Row[]) => {
      const inBin = (bin: number) =>
        of.filter(({ score }) => Math.floor(score * 20) === bin || (bin === 20 && score >= 1)).length;
      return [0, ...Array.from({ length: 21 }, (_, bin) => inBin(bin))];
    };
    expect(histograms.val_signal?.storage.values).toEqual(counts(signal));
    expect(histograms.val_background?.storage.values).toEqual(counts(background));
  });

  it("ROC points: what passes each cut", () => {
    const roc = new RocCurve("score", "label");
    feed(roc, rows);
    const points = roc.points();
    expect(points.at(-1)).toMatchObject({ truePositives: signal.length, falsePositives: background.length });
    for (const { threshold, truePositives, falsePositives } of points) {
      expect(truePositives).toBe(signal.filter(({ score }) => score >= threshold).length);
      expect(falsePositives).toBe(background.filter(({ score }) => score >= threshold).length);
    }
  });

  it("calibration: gaps between mean score and share of signal, weighted by rows", () => {
    let expected = 0;
    let largest = 0;
    for (let bin = 0; bin < 7; bin++) {
      const inside = rows.filter(({ score }) => Math.min(6, Math.floor(score * 7)) === bin);
      if (inside.length === 0) continue;
      const mean = inside.reduce((sum, { score }) => sum + score, 0) / inside.length;
      const share = inside.filter(({ label }) => label === 1).length / inside.length;
      expected += (Math.abs(mean - share) * inside.length) / rows.length;
      largest = Math.max(largest, Math.abs(mean - share));
    }
    const { scalars } = found("Calibration", { ...pair, bins: 7 });
    expect(scalars.val_ece).toBeCloseTo(expected, 12);
    expect(scalars.val_mce).toBeCloseTo(largest, 12);
  });

  it("precision and recall", () => {
    const predicted = rows.filter(({ score }) => score >= 0.5);
    const right = predicted.filter(({ label }) => label === 1).length;
    const { scalars } = found("BinaryClassificationStats", { ...pair, threshold: 0.5 });
    expect(scalars).toEqual({ val_precision: right / predicted.length, val_recall: right / signal.length });
  });

  it("the error is the share of wrong rows", () => {
    const wrong = rows.filter((row) => row.wrong === 1).length;
    expect(found("ClassificationError", { summaryName: "error" }).scalars).toEqual({
      error: wrong / rows.length,
    });
  });

  it("the confusion matrix counts rows by true and predicted class, the first of equal scores being predicted", () => {
    const options = { predTensorName: "classScores", labelTensorName: "truth", classes, prefix: "jet" };
    const { scalars, histograms } = found("ConfusionMatrix", options);
    const predictedOf = ({ classScores }: Row) => classScores.indexOf(Math.max(...classScores));
    const at = (t: number, p: number) => rows.filter((row) => row.cls === t && predictedOf(row) === p).length;
    const matrix = [0, 1, 2].map((t) => [0, 1, 2].map((p) => at(t, p)));
    expect(histograms.jet_confusion?.storage).toEqual({ type: "int", values: matrix });
    expect(scalars.jet_accuracy).toBe((at(0, 0) + at(1, 1) + at(2, 2)) / rows.length);
    expect(scalars.jet_recall_b).toBe(at(2, 2) / (at(2, 0) + at(2, 1) + at(2, 2)));
    expect(scalars.jet_precision_c).toBe(at(1, 1) / (at(0, 1) + at(1, 1) + at(2, 1)));
  });

  it("means are exact over rows, not over batches: a ragged last batch counts by its rows", () => {
    const exact = new ExactSum();
    for (const row of rows) exact.addAll(row.pair);
    expect(found("ScalarStats", { names: ["pair"] }).scalars.validation_pair).toBe(
      exact.value / (2 * rows.length),
    );
    const stats = makeInferencer("ScalarStats", { names: ["cost"], prefix: "v" });
    stats.update({ cost: new Tensor("float32", [], [0.5]) }, 64);
    stats.update({ cost: new Tensor("float32", [], [2]) }, 1);
    expect(stats.result().scalars).toEqual({ v_cost: (64 * 0.5 + 2) / 65 });
  });
});

describe("edges", () => {
  const two = (scores: number[], labels: number[]): NamedTensors => ({
    score: new Tensor("float32", [scores.length], scores),
    label: new Tensor("float32", [labels.length], labels),
  });

  it("precision and recall are 0 where their denominator is, as in tensorpack", () => {
    const stats = makeInferencer("BinaryClassificationStats", pair);
    stats.update(two([0, 0], [0, 0]), 2);
    expect(stats.result().scalars).toEqual({ val_precision: 0, val_recall: 0 });
  });

  it("without signal or background there is no area", () => {
    const roc = makeInferencer("RocCurve", pair);
    roc.update(two([0.2, 0.4], [1, 1]), 2);
    expect(roc.result().scalars.val_auc).toBeNaN();
  });

  it("0 and -0 are one score, infinite ones are scores", () => {
    const roc = new RocCurve("score", "label", { mistagRates: [] });
    roc.update(two([0, -0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY], [1, 0, 1, 0]), 4);
    expect(roc.points().map(({ threshold }) => threshold)).toEqual([
      Number.POSITIVE_INFINITY,
      0,
      Number.NEGATIVE_INFINITY,
    ]);
    expect(roc.result().scalars).toEqual({ val_auc: 3.5 / 4 });
    expect(roc.result().histograms.val_signal?.storage.values.at(-1)).toBe(1);
  });

  it("100 000 distinct scores sort themselves along the way", () => {
    const roc = new RocCurve("score", "label", { maxDistinctScores: 100_000 });
    const order = random.shuffled(Array.from({ length: 100_000 }, (_, i) => i));
    for (let from = 0; from < order.length; from += 1000) {
      const part = order.slice(from, from + 1000);
      const batch = two(
        part.map((i) => i / 2 ** 17),
        part.map((i) => i % 2),
      );
      roc.update(batch, 1000);
      roc.update(batch, 1000);
    }
    expect(roc.points()).toHaveLength(100_000);
    // Odd numbers are signal: each beats the even ones below it.
    expect(roc.result().scalars.val_auc).toBe((50_000 * 50_001) / 2 / 50_000 ** 2);
    roc.update(two([0.999], [1]), 1);
    expect(() => roc.result()).toThrow("more than 100000 distinct scores; raise maxDistinctScores");
  });

  it.each([
    ["RocCurve", two([Number.NaN], [1]), "row 0 of tensor 'score' is NaN"],
    ["RocCurve", two([0.5], [2]), "row 0 of tensor 'label' is 2; it must be 0 or 1"],
    [
      "RocCurve",
      two([0.5, 1], [1]),
      "tensor 'score' has the shape [2]; needed is one number for each of the 1 rows",
    ],
    ["Calibration", two([1.5], [1]), "row 0 of tensor 'score' is 1.5; a probability is from 0 to 1"],
    ["BinaryClassificationStats", two([0.5], [1]), "row 0 of tensor 'score' is 0.5; it must be 0 or 1"],
  ])("%s refuses what it cannot measure: %#", (type, batch, message) => {
    expect(() => makeInferencer(type, pair).update(batch, 1)).toThrow(message);
  });

  it("a class index that is none is refused", () => {
    const matrix = makeInferencer("ConfusionMatrix", { ...pair, classes });
    expect(() => matrix.update(two([3], [0]), 1)).toThrow(
      "row 0 of tensor 'score' is 3; a class index is 0 to 2",
    );
    expect(() => makeInferencer("ConfusionMatrix", { ...pair, classes: ["b"] })).toThrow("two or more");
  });
});

describe("by name", () => {
  it("unknown types and options are told with the near ones", () => {
    expect(() => makeInferencer("RocCurv", pair)).toThrow(
      "unknown inferencer 'RocCurv'; did you mean 'RocCurve'?",
    );
    expect(() => makeInferencer("Calibration", { ...pair, threshold: 1 })).toThrow(
      "Calibration does not take 'threshold'; known: 'predTensorName', 'labelTensorName', 'prefix', 'bins'",
    );
    expect(() => makeInferencer("RocCurve", { predTensorName: "score" })).toThrow(
      "RocCurve needs 'labelTensorName'",
    );
  });

  it("two that would overwrite one another are told at once", () => {
    const both = [makeInferencer("RocCurve", pair), makeInferencer("RocCurve", pair)];
    expect(() => resultOf(both)).toThrow("two inferencers give 'val_auc'");
  });

  it("one of your own is made as the others are", () => {
    class RowCount implements Inferencer {
      readonly fetches = [];
      #rows = 0;
      constructor(readonly name: string) {}
      reset() {
        this.#rows = 0;
      }
      update(_outputs: NamedTensors, rowCount: number) {
        this.#rows += rowCount;
      }
      toPlain() {
        return this.#rows;
      }
      merge(rows: number) {
        this.#rows += rows;
      }
      result() {
        return { scalars: { [this.name]: this.#rows }, histograms: {} };
      }
    }
    registerInferencer("RowCount", ["summaryName"], [], ({ summaryName }) => new RowCount(summaryName));
    const inferencer = makeInferencer("RowCount", { summaryName: "rows" });
    feed(inferencer, sample(5));
    expect(inferencer.result().scalars).toEqual({ rows: 5 });
  });
});
