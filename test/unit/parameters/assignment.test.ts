import { describe, expect, it } from "vitest";
import { Component } from "../../../framework/config/components.js";
import { trackedMakers as cms, untrackedMakers as untracked } from "../../../framework/parameters/makers.js";

const module = () =>
  new Component("EDProducer", "Scorer", {
    threshold: cms.double(0.5),
    names: untracked.vstring("a", "b"),
    src: cms.InputTag("jets"),
    cuts: cms.PSet({
      minPt: cms.double(20),
      inner: cms.PSet({ value: cms.int32(1), kind: cms.string("k") }),
    }),
    steps: cms.VPSet(cms.PSet({ n: cms.int32(1) }), cms.PSet({ n: cms.int32(2) })),
  });

describe("assigning to a parameter", () => {
  it("keeps the declared type and trackedness", () => {
    const scores = module();
    scores.threshold = 0.7;
    scores.names = ["c"];
    scores.src = "muons:tight";
    expect(scores.threshold).toMatchObject({ kind: "double", tracked: true, value: 0.7 });
    expect(scores.names).toMatchObject({ kind: "vstring", tracked: false, value: ["c"] });
    expect(String(scores.src.value)).toBe("muons:tight");
  });

  it("descends into PSets and VPSets, where parameters may be called value and kind", () => {
    const scores = module();
    scores.cuts.inner.value = 2;
    scores.cuts.inner.kind = "other";
    scores.steps[1].n = 5;
    expect(scores.cuts.inner.value.value).toBe(2);
    expect(scores.cuts.inner.kind.value).toBe("other");
    expect([scores.steps.length, scores.steps[1].n.value, [...scores.steps].length]).toEqual([2, 5, 2]);
  });

  it("works on a PSet before it is in a module", () => {
    const cuts = cms.PSet({ minPt: cms.double(20) });
    cuts.minPt = 30;
    expect(new Component("EDProducer", "X", { cuts }).cuts.minPt.value).toBe(30);
  });

  it("takes a typed value for a new name, and as a replacement of any type", () => {
    const scores = module();
    scores.extra = cms.int32(1);
    scores.threshold = cms.int32(1);
    expect([scores.extra.value, scores.threshold.kind]).toEqual([1, "int32"]);
  });

  it("spreads a PSet into a module, and deletes parameters", () => {
    const common = cms.PSet({ a: cms.int32(1), b: cms.int32(2) });
    const scores = new Component("EDProducer", "X", { ...common, c: cms.int32(3) });
    delete scores.a;
    expect(scores.parameterNames_()).toEqual(["b", "c"]);
    expect([scores.hasParameter("b"), scores.hasParameter("a"), scores.hasParameter("toString")]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it.each<[string, (scores: Component) => unknown, string]>([
    [
      "an unknown name",
      (s) => {
        s.treshold = 1;
      },
      "EDProducer 'Scorer': 'treshold' does not already exist, so it can only be set to a cms type; did you mean 'threshold'?",
    ],
    [
      "a name of Object",
      (s) => {
        s.propertyIsEnumerable = 1 as never;
      },
      "'propertyIsEnumerable' does not already exist",
    ],
    [
      "an unknown nested name",
      (s) => {
        s.cuts.minpt2 = 1;
      },
      "EDProducer 'Scorer': PSet 'cuts': 'minpt2' does not already exist, so it can only be set to a cms type; did you mean 'minPt'?",
    ],
    [
      "a value that does not fit",
      (s) => {
        s.threshold = "high";
      },
      "parameter 'threshold' is a cms.double; \"high\" does not fit",
    ],
    [
      "a plain value for a PSet",
      (s) => {
        s.cuts = 3;
      },
      "parameter 'cuts' is a cms.PSet; assign one, not 3",
    ],
    [
      "an element of a VPSet",
      (s) => {
        s.steps[0] = 3;
      },
      "EDProducer 'Scorer': VPSet 'steps': assign the parameters of its elements",
    ],
    ["deleting what is not there", (s) => delete s.treshold, "did you mean 'threshold'?"],
  ])("refuses %s", (_, change, message) => {
    expect(() => change(module())).toThrow(message);
  });
});

describe("clone", () => {
  it("keeps types, removes with null, descends into PSets and by index into VPSets", () => {
    const original = module();
    const copy = original.clone({
      threshold: 0.9,
      names: null,
      cuts: { inner: { value: 7 } },
      steps: { 1: { n: 9 } },
      added: cms.bool(true),
    });
    expect(copy.threshold).toMatchObject({ kind: "double", value: 0.9 });
    expect(copy.parameterNames_()).toEqual(["threshold", "src", "cuts", "steps", "added"]);
    expect([copy.cuts.inner.value.value, copy.cuts.minPt.value, copy.steps[1].n.value]).toEqual([7, 20, 9]);
    expect([original.threshold.value, original.cuts.inner.value.value, original.steps[1].n.value]).toEqual([
      0.5, 1, 2,
    ]);
  });

  it("is deep: changing the copy leaves the original", () => {
    const original = module();
    const copy = original.copy();
    copy.cuts.minPt = 99;
    copy.steps[0].n = 99;
    expect([original.cuts.minPt.value, original.steps[0].n.value]).toEqual([20, 1]);
  });

  it("works on PSets", () => {
    const cuts = cms.PSet({ minPt: cms.double(20) });
    expect([cuts.clone({ minPt: 30 }).minPt.value, cuts.minPt.value]).toEqual([30, 20]);
  });

  it.each<[object, string]>([
    [{ treshold: 1 }, "did you mean 'threshold'?"],
    [
      { treshold: null },
      "'treshold' does not already exist, so it cannot be removed; did you mean 'threshold'?",
    ],
    [{ threshold: "x" }, '"x" does not fit'],
    [
      { steps: { 2: { n: 1 } } },
      "VPSet 'steps' has 2 elements: change them as { index: { name: value } }, not by '2'",
    ],
    [{ steps: { 0: { m: 1 } } }, "VPSet 'steps'[0]: 'm' does not already exist"],
  ])("refuses %o", (changes, message) => {
    expect(() => module().clone(changes as never)).toThrow(message);
  });
});
