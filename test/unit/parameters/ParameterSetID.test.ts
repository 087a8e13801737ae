import { describe, expect, it } from "vitest";
import {
  checkedParameters,
  trackedMakers as cms,
  untrackedMakers as untracked,
} from "../../../framework/parameters/makers.js";
import { ParameterSet, parameterSetID } from "../../../framework/parameters/ParameterSet.js";

const id = (parameters: object) => parameterSetID(checkedParameters(parameters));
const nested = (minPt: number, verbose = false) =>
  cms.PSet({ minPt: cms.double(minPt), verbose: untracked.bool(verbose) });

describe("ParameterSetID", () => {
  it("is 32 hex digits, whatever the order of the parameters", () => {
    const one = id({ a: cms.int32(1), b: cms.double(2) });
    expect(one).toMatch(/^[0-9a-f]{32}$/);
    expect(id({ b: cms.double(2), a: cms.int32(1) })).toBe(one);
  });

  it("never changes with an untracked parameter, nested ones included", () => {
    const one = id({ cuts: nested(1), steps: cms.VPSet(nested(2)) });
    expect(
      id({
        cuts: nested(1, true),
        steps: cms.VPSet(nested(2, true)),
        threads: untracked.uint32(2),
        u: untracked.PSet({ a: cms.int32(1) }),
      }),
    ).toBe(one);
  });

  it.each([
    ["a value", { a: cms.int32(2) }],
    ["a type", { a: cms.double(1) }],
    ["a name", { b: cms.int32(1) }],
    ["one more parameter", { a: cms.int32(1), b: cms.int32(1) }],
    ["trackedness", { a: untracked.int32(1) }],
  ])("changes with %s", (_, other) => {
    expect(id(other)).not.toBe(id({ a: cms.int32(1) }));
  });

  it("changes with a nested value, and tells the nesting apart", () => {
    const ids = [
      { cuts: nested(1) },
      { cuts: nested(2) },
      { steps: cms.VPSet(nested(1)) },
      { steps: cms.VPSet(nested(1), nested(1)) },
    ].map(id);
    expect(new Set(ids).size).toBe(4);
  });

  it("is the same on the other side of a thread", () => {
    const values = checkedParameters({
      tags: cms.VInputTag("a:b:c", "d"),
      es: cms.ESInputTag("m:d"),
      range: cms.EventRange("1:2:3-1:2:MAX"),
      big: cms.uint64(2n ** 64n - 1n),
      cuts: nested(1),
      steps: cms.VPSet(nested(1)),
    });
    const there = ParameterSet.fromPlain(structuredClone(new ParameterSet(values).toPlain()));
    expect(there.id).toBe(parameterSetID(values));
    expect(there.getParameter("tags" as never)).toEqual(values.tags?.value);
  });
});
