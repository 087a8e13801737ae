/** Random graphs with conds and loops, traced and run step by step, against the reference engine. */
import { describe, expect, it } from "vitest";
import { compareWithReference } from "./compareWithReference.js";
import { randomGraph } from "./randomGraph.js";

describe("random programs of conds and loops", () => {
  const chunk = 100;
  const first = Number(process.env.TRACE_FIRST_SEED ?? 0);
  it.each([0, 1, 2, 3, 4, 5])("give the reference engine's numbers or are refused, part %i", (part) => {
    let compiled = 0;
    const reasons: string[] = [];
    for (let seed = first + part * chunk; seed < first + (part + 1) * chunk; seed++) {
      const { graph, runs } = randomGraph(seed);
      try {
        const result = compareWithReference(graph, runs, ["z"]);
        compiled += result.compiled;
        reasons.push(...result.reasons);
      } catch (error) {
        throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
      }
    }
    if (process.env.TRACE_REASONS) console.log(compiled, countEach(reasons));
    expect(compiled).toBeGreaterThan(3 * chunk);
  });
});

function countEach(reasons: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const reason of reasons) {
    const kind = reason.replace(/'[^']*'/g, "…");
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}
