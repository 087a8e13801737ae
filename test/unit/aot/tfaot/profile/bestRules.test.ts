/** The optimiser of batch rules against all rules that there are. */
import { describe, expect, it } from "vitest";
import {
  bestRules,
  type Costs,
  defaultRule,
  sizeChoices,
  worthHaving,
} from "../../../../../framework/aot/tfaot/profile/bestRules.js";
import { parseDistribution } from "../../../../../framework/aot/tfaot/profile/distribution.js";

/** The least cost of any runs that hold `rows` rows. */
function bruteForce(costs: Costs, rows: number): number {
  if (rows <= 0) return 0;
  return Math.min(...[...costs].map(([size, us]) => us + bruteForce(costs, rows - size)));
}

function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function randomCosts(next: () => number): Costs {
  const sizes = [1, 2, 3, 4, 5, 7, 8, 12].filter(() => next() < 0.5);
  return new Map(
    (sizes.length === 0 ? [3] : sizes).map((size) => [size, (0.5 + next()) * (1 + size * next())]),
  );
}

const batchSizes = Array.from({ length: 13 }, (_, i) => i + 1);

describe("bestRules", () => {
  it("finds what trying all rules finds", () => {
    const next = random(1);
    for (let round = 0; round < 60; round++) {
      const costs = randomCosts(next);
      for (const [batchSize, { rule, us }] of bestRules(costs, batchSizes)) {
        expect(us).toBeCloseTo(bruteForce(costs, batchSize), 9);
        // BatchRule has checked the padding; the cost must be that of its runs.
        expect(rule.sizes.reduce((sum, size) => sum + (costs.get(size) as number), 0)).toBeCloseTo(us, 9);
        expect(rule.batchSize).toBe(batchSize);
        expect(us).toBeLessThanOrEqual(defaultRule(costs, batchSize).us + 1e-9);
      }
    }
  });

  it("takes one padded run where that is cheaper", () => {
    const best = bestRules(
      new Map([
        [1, 10],
        [4, 12],
      ]),
      [2, 5],
    );
    expect(String(best.get(2)?.rule)).toBe("BatchRule(batchSize=2, sizes=4, lastPadding=2)");
    expect(String(best.get(5)?.rule)).toBe("BatchRule(batchSize=5, sizes=4,1, lastPadding=0)");
  });

  it("takes the fewest runs of equally cheap ones", () => {
    const best = bestRules(
      new Map([
        [1, 1],
        [2, 2],
        [4, 4],
      ]),
      [7],
    );
    expect(best.get(7)?.rule.sizes).toEqual([4, 2, 1]);
  });
});

describe("sizeChoices", () => {
  const distribution = parseDistribution("0:2,1:3,2:1,5:4,9:2");

  it("finds the best set of each number of sizes, as trying all does", () => {
    const next = random(2);
    for (let round = 0; round < 10; round++) {
      const costs = randomCosts(next);
      const sizes = [...costs.keys()];
      const choices = sizeChoices(costs, distribution);
      expect(choices).toHaveLength(sizes.length);
      for (const [i, { sizes: chosen, us }] of choices.entries()) {
        expect(chosen).toHaveLength(i + 1);
        const sets = subsets(sizes).filter((set) => set.length === i + 1);
        const all = sets.map((set) => {
          const some = new Map(set.map((size) => [size, costs.get(size) as number]));
          return [...distribution.shares].reduce((sum, [n, share]) => sum + share * bruteForce(some, n), 0);
        });
        expect(us).toBeCloseTo(Math.min(...all), 9);
      }
    }
  });

  it("has the fewest sizes that cost little more than the best", () => {
    const choice = (sizes: number[], us: number) => ({ sizes, us });
    const choices = [choice([4], 20), choice([1, 4], 10.2), choice([1, 2, 4], 10)];
    expect(worthHaving(choices, 0.03).sizes).toEqual([1, 4]);
    expect(worthHaving(choices, 0.01).sizes).toEqual([1, 2, 4]);
    expect(worthHaving(choices, 1).sizes).toEqual([4]);
  });
});

function subsets(sizes: readonly number[]): number[][] {
  const some = (set: number) => sizes.filter((_, i) => (set >> i) & 1);
  return Array.from({ length: 1 << sizes.length }, (_, set) => some(set));
}
