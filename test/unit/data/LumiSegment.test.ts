import { expect, it } from "vitest";
import { appendEvents, type GrowingSegments } from "../../../framework/data/LumiSegment.js";

it("joins neighbours of one luminosity block, and only neighbours of the same run", () => {
  const segments: GrowingSegments = [];
  appendEvents(segments, 1, 1);
  appendEvents(segments, 1, 1, 4);
  appendEvents(segments, 2, 1);
  appendEvents(segments, 2, 2, 3);
  appendEvents(segments, 1, 1);
  expect(segments).toEqual([
    { run: 1, luminosityBlock: 1, count: 5 },
    { run: 2, luminosityBlock: 1, count: 1 },
    { run: 2, luminosityBlock: 2, count: 3 },
    { run: 1, luminosityBlock: 1, count: 1 },
  ]);
});
