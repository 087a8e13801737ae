import { JetCollection, JetFeatures } from "#framework";
import { TestProcessor } from "#testing";
import { expect, it } from "vitest";

it("JetFeaturesProducer computes finite numbers for any jet, one of each a jet", async () => {
  const test = await TestProcessor.create("JetFeaturesProducer");
  const jets: JetCollection = {
    pt: Float32Array.of(Math.E ** 4, 0.5, 0),
    eta: Float32Array.of(-2.5, 0, 1.5),
    phi: new Float32Array(3),
    mass: Float32Array.of(Math.E ** 3, -0.1, 2),
    nConstituents: Uint32Array.of(12, 0, 45),
  };
  const event = await test.event([[JetCollection, "Jet", jets]]);
  const { logPt, absEta, massOverPt, nConstituents } = event.get(JetFeatures);
  expect(logPt[0]).toBeCloseTo(4, 6);
  expect([...logPt.subarray(1)]).toEqual([0, 0]);
  expect([...absEta]).toEqual([2.5, 0, 1.5]);
  expect(massOverPt[0]).toBeCloseTo(1 / Math.E, 6);
  expect([...massOverPt.subarray(1)]).toEqual([0, 2]);
  expect([...nConstituents]).toEqual([12, 0, 45]);

  const none = { pt: new Float32Array(0), eta: new Float32Array(0), phi: new Float32Array(0) };
  const empty = { ...none, mass: new Float32Array(0), nConstituents: new Uint32Array(0) };
  const second = await test.event([[JetCollection, "Jet", empty]]);
  expect(second.get(JetFeatures).logPt).toHaveLength(0);
  await test.endJob();
});
