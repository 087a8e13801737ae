/** How long an inference may take: what the server allows, or what the request asks for, if that is less. */
import { describe, expect, it } from "vitest";
import { deadlineAfter } from "../../../../framework/serving/kserve/KserveOptions.js";

const server = { name: "test", version: "1" };

describe("a deadline", () => {
  it.each([
    [0, undefined, undefined],
    [50, undefined, 50],
    [0, 1000, 1000],
    [50, 1000, 50],
    [5000, 1000, 1000],
  ])("asked for %s ms of %s allowed is in %s ms", (asked, timeoutMs, expected) => {
    const before = performance.now();
    const deadline = deadlineAfter(asked, { server, ...(timeoutMs !== undefined && { timeoutMs }) });
    if (expected === undefined) expect(deadline).toBeUndefined();
    else {
      expect(deadline).toBeGreaterThanOrEqual(before + expected);
      expect(deadline).toBeLessThanOrEqual(performance.now() + expected);
    }
  });
});
