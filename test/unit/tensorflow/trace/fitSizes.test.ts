/** What a number follows: every formula that is found holds for all sizes, or none is found. */
import { describe, expect, it } from "vitest";
import { ExampleSizes, recordingCount } from "../../../../framework/tensorflow/trace/dimensions.js";
import { fitSizes, type SizeFormula } from "../../../../framework/tensorflow/trace/fitSizes.js";

/** The sizes of a batch and two other dimensions, in each recording. */
function examples(): number[][] {
  const runs = Array.from(
    { length: recordingCount },
    (_, i) => new ExampleSizes(i, "none", new Set([2, 3, 10])),
  );
  return [0, 1, 2].map((axis) => runs.map((sizes) => sizes.ofInput(axis)));
}

function evaluate({ factors, times, plus, isReciprocal }: SizeFormula, sizes: readonly number[]): number {
  const product = factors.reduce((result, factor) => result * (sizes[factor] as number), 1);
  if (factors.length === 0) return plus;
  return isReciprocal ? times / product : product * times + plus;
}

type Rule = (n: number, h: number, w: number) => number;
const columns = (rule: Rule) => {
  const [n = [], h = [], w = []] = examples();
  return n.map((size, run) => rule(size, h[run] as number, w[run] as number));
};

const found: Record<string, Rule> = {
  constant: () => 7,
  size: (_, h) => h,
  multiple: (n) => 12 * n,
  product: (_, h, w) => h * w,
  "multiple of a product": (n, h) => 5 * n * h,
  square: (n) => n * n,
  sum: (_n, _h, w) => w - 6,
  "multiple and sum": (_, h) => 3 * h + 2,
  fraction: (n) => 0.125 * n,
  reciprocal: (_, h, w) => Math.fround(1 / (h * w)),
  "multiple and sum of a fraction": (n) => Math.fround(0.1 * n + 0.3),
};

const notFound: Record<string, Rule> = {
  half: (_, h) => Math.floor(h / 2),
  "half and back": (_, h) => 2 * Math.floor(h / 2),
  "the next even one": (n) => 2 * Math.ceil(n / 2),
  third: (_n, _h, w) => Math.ceil(w / 3),
  root: (n) => Math.sqrt(n),
  rest: (_, h) => h % 4,
  "sum of two": (n, h) => n + h,
  choice: (n) => (n % 2 === 0 ? n : 1),
  logarithm: (n) => Math.fround(Math.log(n)),
};

describe("fitSizes", () => {
  it.each(Object.entries(found))("finds a %s, for all sizes", (_, rule) => {
    const formula = fitSizes(columns(rule), examples());
    expect(formula).toBeDefined();
    for (const [n, h, w] of [
      [1, 4, 9],
      [2, 100, 64],
      [31, 7, 8],
    ] as const) {
      const expected = rule(n, h, w);
      expect(Math.abs(evaluate(formula as SizeFormula, [n, h, w]) - expected)).toBeLessThan(
        1e-5 * Math.max(1, expected),
      );
    }
  });

  it.each(Object.entries(notFound))("finds nothing for %s", (_, rule) => {
    expect(fitSizes(columns(rule), examples())).toBeUndefined();
  });

  it("never finds one size's rule in another size", () => {
    const axes = 6;
    const runs = Array.from({ length: recordingCount }, (_, i) => new ExampleSizes(i, "none", new Set()));
    const sizes = Array.from({ length: axes }, (_, axis) => runs.map((run) => run.ofInput(axis % 2)));
    for (const [own, column] of sizes.entries()) {
      for (const [times, plus] of [
        [1, 1],
        [2, 1],
        [3, -4],
        [7, 12],
      ] as const) {
        const formula = fitSizes(
          column.map((size) => size * times + plus),
          sizes,
        );
        expect(formula?.factors).toEqual([own]);
      }
    }
  });
});

describe("ExampleSizes", () => {
  it("shares sizes of inputs as it is told, those of other tensors never", () => {
    const sizes = (sharing: "none" | "batch" | "axis") => {
      const examples = new ExampleSizes(0, sharing, new Set([3]));
      return [
        examples.ofInput(0),
        examples.ofInput(0),
        examples.ofInput(1),
        examples.ofInput(1),
        examples.ofTensor(0),
      ];
    };
    for (const [sharing, count] of [
      ["none", 5],
      ["batch", 4],
      ["axis", 3],
    ] as const) {
      expect(new Set(sizes(sharing)).size).toBe(count);
      expect(sizes(sharing)).not.toContain(3);
    }
  });
});
