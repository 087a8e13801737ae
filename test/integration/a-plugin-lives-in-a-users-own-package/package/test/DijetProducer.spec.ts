import { cms, JetCollection } from "cmsrun";
import { TestProcessor } from "cmsrun/testing";
import { expect, it } from "vitest";
import { DijetProducer } from "../plugins/DijetProducer.js";
import { Dijets } from "../plugins/products.js";

const jets: JetCollection = {
  pt: Float32Array.of(50, 50),
  eta: Float32Array.of(0, 0),
  phi: Float32Array.of(0, Math.PI),
  mass: Float32Array.of(5, 5),
  nConstituents: Uint32Array.of(9, 9),
};

it("combines two jets back to back", async () => {
  const test = await TestProcessor.create(DijetProducer, { minMass: cms.double(50) });
  const event = await test.event([[JetCollection, "Jet", jets]]);
  expect(event.get(Dijets).mass[0]).toBeCloseTo(100, 4);
  await test.endJob();
});

it("finds the package's plugins by name", async () => {
  const test = await TestProcessor.create("DijetPrinter", { dijets: cms.InputTag("mine") });
  await test.event([[Dijets, "mine", { mass: Float32Array.of(12), jetCount: 2 }]]);
  expect(test.messages.map(({ text }) => text)).toEqual(["1: 2 jets, mass 12.0"]);
  await test.endJob();
});
