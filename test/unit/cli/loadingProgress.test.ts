import { expect, it } from "vitest";
import { linesOf, loadingProgress } from "../../../framework/cli/loadingProgress.js";

/** What a log gets when each of `count` models takes `modelMs`. */
function logged(count: number, modelMs: number): string[] {
  const lines: string[] = [];
  let nowMs = 0;
  const progress = linesOf(
    "tool",
    (line) => lines.push(line),
    nowMs,
    () => nowMs,
  );
  for (let done = 0; done < count; done++) {
    progress.update(done, count, `model${done}`);
    nowMs += modelMs;
  }
  progress.update(count, count);
  return lines;
}

it("a log gets a line now and then while many models are loaded", () => {
  expect(logged(10, 1000)).toEqual([
    "tool: 1 of 10 models are loaded; next is 'model1'\n",
    "tool: 6 of 10 models are loaded; next is 'model6'\n",
  ]);
});

it("what is quick, or a single model, is not told", () => {
  expect(logged(100, 9)).toEqual([]);
  expect(logged(1, 60_000)).toEqual([]);
});

it("a terminal gets a bar, which is gone at the end", async () => {
  let text = "";
  const write = (chunk: string) => {
    text += chunk;
    return true;
  };
  const stream = Object.assign(Object.create(process.stderr), { isTTY: true, columns: 80, write });
  const progress = await loadingProgress("tool", stream);
  for (const [done, next] of ["a", "b"].entries()) progress.update(done, 2, next);
  progress.update(2, 2);
  expect(text).toContain("0/2 models a");
  const cleared = "\u001b[2K";
  expect(text.lastIndexOf(cleared)).toBeGreaterThan(text.lastIndexOf("models"));
});
