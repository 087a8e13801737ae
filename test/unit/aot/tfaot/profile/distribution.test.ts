/** How often each batch size comes: from a command line, from NanoAOD, from an event file. */
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import {
  distributionOf,
  evenDistribution,
  meanBatch,
  parseDistribution,
} from "../../../../../framework/aot/tfaot/profile/distribution.js";
import { eventSizes } from "../../../../../framework/aot/tfaot/profile/eventSizes.js";

const sample = fileURLToPath(new URL("../../../../../data/samples/jets_simple.root", import.meta.url));
const refused = (message: RegExp) =>
  expect.objectContaining({ message: expect.stringMatching(message) as string });

describe("a distribution", () => {
  it("is read from numbers", () => {
    const { shares } = parseDistribution("5:7, 1:1,2:2e0");
    expect([...shares]).toEqual([
      [1, 0.1],
      [2, 0.2],
      [5, 0.7],
    ]);
    expect(meanBatch({ origin: "", shares })).toBeCloseTo(4);
  });

  it("counts sizes", () => {
    expect([...distributionOf([3, 0, 3, 1], "events").shares]).toEqual([
      [0, 0.25],
      [1, 0.25],
      [3, 0.5],
    ]);
    expect(evenDistribution(4).shares.get(4)).toBe(0.25);
  });

  it.each([
    ["", /'' is no SIZE:WEIGHT/],
    ["1:10,2", /'2' is no SIZE:WEIGHT; it is written "1:10,2:30,5:7"/],
    ["1:10,x:2", /'x:2' is no SIZE:WEIGHT/],
    ["1:-1", /'1:-1' is no SIZE:WEIGHT/],
    ["1:1,1:2", /size 1 is there twice/],
    ["0:5", /no event has a batch/],
    ["1:0", /no event has a batch/],
  ])("refuses '%s'", (text, message) => {
    expect(() => parseDistribution(text)).toThrow(refused(message));
  });
});

describe("eventSizes of NanoAOD", () => {
  it.each(["Jet", "nJet", "Jet_pt"])("counts %s", async (sizeOf) => {
    const sizes = await eventSizes(sample, sizeOf);
    expect(sizes).toHaveLength(60);
    expect(sizes.slice(0, 5)).toEqual([1, 0, 3, 5, 6]);
    expect(sizes.reduce((sum, size) => sum + size)).toBe(262);
  });

  it("refuses what is no branch or no file", async () => {
    await expect(eventSizes(sample, "Jets")).rejects.toThrow(refused(/has no branch 'Jets'/));
    await expect(eventSizes(`${sample}x`, "Jet")).rejects.toThrow(refused(/ENOENT/));
  });
});
