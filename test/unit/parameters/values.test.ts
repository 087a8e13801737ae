import { describe, expect, it } from "vitest";
import { ESInputTag, InputTag } from "../../../framework/parameters/InputTag.js";
import { scalarKinds, vectorKinds } from "../../../framework/parameters/kinds.js";
import { trackedMakers, untrackedMakers } from "../../../framework/parameters/makers.js";

type Make = (...input: unknown[]) => { kind: string; tracked: boolean; value: unknown; typeName: string };
const tracked = trackedMakers as unknown as { readonly [kind: string]: Make };
const untracked = untrackedMakers as unknown as { readonly [kind: string]: Make };
const id = (run: number, luminosityBlock: number, event: number) => ({ run, luminosityBlock, event });
const lumi = (run: number, luminosityBlock: number) => ({ run, luminosityBlock });

/** kind, what a config writes, the value it makes. */
const valid: [string, unknown, unknown][] = [
  ["bool", true, true],
  ["int32", -(2 ** 31), -(2 ** 31)],
  ["int32", 2 ** 31 - 1, 2 ** 31 - 1],
  ["int32", -0, 0],
  ["uint32", 2 ** 32 - 1, 2 ** 32 - 1],
  ["int64", 3, 3n],
  ["int64", -(2n ** 63n), -(2n ** 63n)],
  ["uint64", 2n ** 64n - 1n, 2n ** 64n - 1n],
  ["double", 1, 1],
  ["double", Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY],
  ["double", Number.NaN, Number.NaN],
  ["string", "", ""],
  ["FileInPath", "data/x.pb", "data/x.pb"],
  ["InputTag", "", new InputTag("")],
  ["InputTag", "jets::@skipCurrentProcess", new InputTag("jets", "", "@skipCurrentProcess")],
  ["ESInputTag", "calibration:mc", new ESInputTag("calibration", "mc")],
  ["EventID", "1:2:3", id(1, 2, 3)],
  ["EventID", "1:3", id(1, 0, 3)],
  ["EventID", id(1, 2, 3), id(1, 2, 3)],
  ["EventID", `1:2:${2 ** 53 - 1}`, id(1, 2, 2 ** 53 - 1)],
  ["LuminosityBlockID", "1:2", lumi(1, 2)],
  ["LuminosityBlockRange", "1:2-3:MAX", { first: lumi(1, 2), last: lumi(3, 2 ** 32 - 1) }],
  ["LuminosityBlockRange", "1:min-1:4", { first: lumi(1, 1), last: lumi(1, 4) }],
  ["LuminosityBlockRange", "7:8", { first: lumi(7, 8), last: lumi(7, 8) }],
  ["EventRange", "1:2:3-1:2:MAX", { first: id(1, 2, 3), last: id(1, 2, 2 ** 53 - 1) }],
  ["EventRange", "1:3-2:1", { first: id(1, 0, 3), last: id(2, 0, 1) }],
  ["EventRange", { first: "1:2:3", last: "1:2:4" }, { first: id(1, 2, 3), last: id(1, 2, 4) }],
];

const invalid: [string, unknown][] = [
  ["bool", 1],
  ["bool", "true"],
  ["int32", "i"],
  ["int32", 2 ** 31],
  ["int32", -(2 ** 31) - 1],
  ["int32", 1.5],
  ["int32", Number.NaN],
  ["int32", 3n],
  ["uint32", -1],
  ["uint32", 2 ** 32],
  ["int64", 2n ** 63n],
  ["int64", 2 ** 53],
  ["uint64", -1n],
  ["double", "1.0"],
  ["double", 1n],
  ["string", 3],
  ["string", undefined],
  ["FileInPath", ""],
  ["InputTag", "a:b:c:d"],
  ["InputTag", 3],
  ["ESInputTag", "a:b:c"],
  ["EventID", "1"],
  ["EventID", "1:2:3:4"],
  ["EventID", "1:x"],
  ["EventID", `1:${2 ** 53}`],
  ["EventID", id(1, 2, -3)],
  ["LuminosityBlockID", `1:${2 ** 32}`],
  ["LuminosityBlockRange", "2:1-1:9"],
  ["LuminosityBlockRange", "1:1-1:2-1:3"],
  ["EventRange", "1:2:3-1:4"],
  ["EventRange", "1:2:4-1:2:3"],
];

describe("parameter values", () => {
  it("exist for every kind of CMSSW, tracked and untracked", () => {
    const scalars = "bool int32 uint32 int64 uint64 double string InputTag ESInputTag FileInPath EventID";
    const ranges = "LuminosityBlockID LuminosityBlockRange EventRange";
    expect(scalarKinds).toEqual(`${scalars} ${ranges}`.split(" "));
    const plainVectors = "vbool vint32 vuint32 vint64 vuint64 vdouble vstring";
    const classVectors =
      "VInputTag VESInputTag VEventID VLuminosityBlockID VLuminosityBlockRange VEventRange";
    expect(vectorKinds).toEqual(`${plainVectors} ${classVectors}`.split(" "));
    for (const kind of [...scalarKinds, ...vectorKinds, "PSet", "VPSet"]) {
      expect([kind, typeof tracked[kind], typeof untracked[kind]]).toEqual([kind, "function", "function"]);
    }
  });

  it.each(valid)("cms.%s(%o) is accepted", (kind, input, value) => {
    expect(tracked[kind]?.(input)).toMatchObject({ kind, tracked: true, value, typeName: `cms.${kind}` });
    expect(untracked[kind]?.(input)).toMatchObject({
      kind,
      tracked: false,
      value,
      typeName: `cms.untracked.${kind}`,
    });
  });

  it.each(invalid)("cms.%s(%o) is refused", (kind, input) => {
    expect(() => tracked[kind]?.(input)).toThrow(`is not a ${kind} (`);
    expect(() => untracked[kind]?.(input)).toThrow(`cms.untracked.${kind}: `);
  });

  it.each(valid.filter(([kind]) => kind !== "FileInPath"))(
    "a vector of %s holds %o",
    (kind, input, value) => {
      const vector = vectorKinds.find((name) => name.slice(1) === kind) as string;
      expect(tracked[vector]?.([input, input]).value).toEqual([value, value]);
      expect(tracked[vector]?.(input, input).value).toEqual([value, value]);
      expect(tracked[vector]?.().value).toEqual([]);
    },
  );

  it("names the offending value and the format", () => {
    expect(() => tracked.uint32?.(-1)).toThrow(
      "cms.uint32: -1 is not a uint32 (a whole number from 0 to 4294967295)",
    );
    expect(() => tracked.vint32?.([1, "2"])).toThrow(
      'cms.vint32: [1,"2"] is not a vint32 (an array, each element a whole number',
    );
    expect(() => tracked.string?.(trackedMakers.double(1))).toThrow(
      "cms.string: a cms.double is not a string (a text in quotes)",
    );
  });

  it("makes an InputTag from up to three parts, and from the process words", () => {
    expect(trackedMakers.InputTag("a", "b", "c").value).toEqual(new InputTag("a", "b", "c"));
    expect(trackedMakers.InputTag("a", "", InputTag.skipCurrentProcess()).value.process).toBe(
      "@skipCurrentProcess",
    );
    expect(String(trackedMakers.InputTag("a", "", "c").value)).toBe("a::c");
  });

  it("turns a tracked value into an untracked one", () => {
    expect(untrackedMakers(trackedMakers.double(0.5))).toMatchObject({
      kind: "double",
      tracked: false,
      value: 0.5,
    });
    const pset = untrackedMakers(trackedMakers.PSet({ a: trackedMakers.int32(1) }));
    expect(pset).toMatchObject({ kind: "PSet", tracked: false });
  });

  it("refuses plain values in a PSet and says which type to write", () => {
    const pset = (parameters: object) => () => trackedMakers.PSet(parameters);
    expect(pset({ a: 3 })).toThrow(
      "parameter 'a' must be a cms type, got 3; write for example a: cms.int32(3)",
    );
    expect(pset({ a: 0.5 })).toThrow("a: cms.double(0.5)");
    expect(pset({ a: true })).toThrow("a: cms.bool(true)");
    expect(pset({ a: "x" })).toThrow('a: cms.string("x")');
    expect(pset({ a: ["x"] })).toThrow('a: cms.vstring(["x"])');
    expect(pset({ a: {} })).toThrow("got a plain object; write for example a: cms.PSet({…})");
    expect(() => trackedMakers.VPSet({} as never)).toThrow(
      "cms.VPSet holds cms.PSet({…}) only, not a plain object",
    );
  });
});
