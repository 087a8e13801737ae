import { describe, expect, it } from "vitest";
import {
  double,
  fileInPath,
  int32,
  optional,
  type ParameterSetDescription,
  pset,
  secSource,
  string,
  uint32,
  untracked,
  vpset,
  vstring,
} from "../../../framework/parameters/description.js";
import { setSearchPath } from "../../../framework/parameters/fileInPath.js";
import {
  checkedParameters,
  trackedMakers as cms,
  untrackedMakers,
} from "../../../framework/parameters/makers.js";
import { ParameterSet } from "../../../framework/parameters/ParameterSet.js";
import { validateParameters } from "../../../framework/parameters/validateParameters.js";
import { TypedValue } from "../../../framework/parameters/values.js";

const description = {
  src: string(),
  threshold: double(0.5),
  mode: untracked.string("fast", { allowed: ["fast", "slow"] }),
  outputs: vstring(["a"], { allowed: ["a", "b"] }),
  comment: optional.string(),
  cuts: pset({ minPt: double(20), labels: pset({ name: string("x") }) }),
  steps: vpset({ n: int32() }),
};
const owner = {
  name: "module 'scores' (Scorer)",
  where: (parameter = "module") => ` (line of ${parameter})`,
};

const check = (given: object, against: ParameterSetDescription = description, throwIfIllegal?: boolean) =>
  validateParameters(owner, against, checkedParameters(given), throwIfIllegal);

describe("validateParameters", () => {
  it("inserts defaults, nested ones too, in description order", () => {
    const pset_ = new ParameterSet<typeof description>(
      check({ steps: cms.VPSet(cms.PSet({ n: cms.int32(3) })), src: cms.string("jets") }),
    );
    expect(pset_.parameterNames).toEqual(["src", "threshold", "mode", "outputs", "cuts", "steps"]);
    expect(pset_.getParameter("threshold")).toBe(0.5);
    expect(pset_.getUntrackedParameter("mode")).toBe("fast");
    expect(pset_.getParameter("comment")).toBeUndefined();
    expect(pset_.getParameter("cuts").getParameter("labels").getParameter("name")).toBe("x");
    expect(pset_.getParameter("steps").map((step) => step.getParameter("n"))).toEqual([3]);
  });

  const src = cms.string("jets");
  it.each<[string, object, string]>([
    [
      "a misspelt name",
      { src, treshold: cms.double(1) },
      "module 'scores' (Scorer): unknown parameter 'treshold'; did you mean 'threshold'? (line of treshold)",
    ],
    ["a name that objects inherit", { src, toString: cms.double(1) }, "unknown parameter 'toString'"],
    [
      "a missing one",
      {},
      "module 'scores' (Scorer): missing required parameter 'src' (cms.string); add src: cms.string(…) (line of module)",
    ],
    [
      "a wrong type",
      { src, threshold: cms.int32(1) },
      "parameter 'threshold' has the wrong type: it is cms.int32; use cms.double(…) (line of threshold)",
    ],
    [
      "a wrong trackedness",
      { src: untrackedMakers.string("x") },
      "parameter 'src' has the wrong tracked-ness: it is cms.untracked.string; use cms.string(…) (line of src)",
    ],
    [
      "a value not allowed",
      { src, mode: untrackedMakers.string("slwo") },
      'parameter \'mode\' is "slwo"; did you mean \'slow\'? Allowed: "fast", "slow" (line of mode)',
    ],
    [
      "an element not allowed",
      { src, outputs: cms.vstring("a", "c") },
      "parameter 'outputs' is \"c\"; did you mean 'a'? Allowed",
    ],
    [
      "a misspelt nested name",
      { src, cuts: cms.PSet({ minpt: cms.double(1) }) },
      "PSet 'cuts': unknown parameter 'minpt'; did you mean 'minPt'? (line of minpt)",
    ],
    [
      "a missing one in a VPSet",
      { src, steps: cms.VPSet(cms.PSet({ n: cms.int32(1) }), cms.PSet()) },
      "VPSet 'steps'[1]: missing required parameter 'n' (cms.int32)",
    ],
  ])("refuses %s", (_, given, message) => {
    expect(() => check(given)).toThrow(message);
  });

  it("accepts what is illegal in silence when asked to", () => {
    expect(Object.keys(check({ src, treshold: cms.double(1) }, description, false))).not.toContain(
      "treshold",
    );
    expect(() => check({ sr: src }, description, false)).toThrow(
      "missing required parameter 'src' (cms.string); did you mean it by 'sr'?",
    );
  });

  it("takes any name of the type described as *", () => {
    const free = { limit: int32(1), "*": uint32() };
    expect(Object.keys(check({ a: cms.uint32(1), constructor: cms.uint32(2) }, free))).toEqual([
      "limit",
      "a",
      "constructor",
    ]);
    expect(() => check({ a: cms.int32(1) }, free)).toThrow("it is cms.int32; use cms.uint32(…)");
  });

  it("requires a PSet that has required parameters", () => {
    expect(() => check({}, { cuts: pset({ minPt: double() }) })).toThrow(
      "missing required parameter 'cuts' (cms.PSet); add cuts: cms.PSet(…)",
    );
  });

  it("gives a SecSource as a ParameterSet with its type", () => {
    const value = new TypedValue("SecSource", true, { "@module_type": cms.string("EmptySource") });
    const set = new ParameterSet<{ readonly input: ReturnType<typeof secSource> }>(
      check({ input: value }, { input: secSource() }),
    );
    expect(set.getParameter("input").parameterNames).toEqual(["@module_type"]);
    expect(() => check({}, { input: secSource() })).toThrow(
      "missing required parameter 'input' (cms.SecSource)",
    );
  });

  it("finds a FileInPath on the search path, or names where it looked", () => {
    setSearchPath([import.meta.dirname]);
    const file = { model: fileInPath() };
    const found = new ParameterSet<typeof file>(check({ model: cms.FileInPath("values.test.ts") }, file));
    expect(found.getParameter("model")).toBe(`${import.meta.dirname}/values.test.ts`);
    const missing = () => check({ model: cms.FileInPath("none.pb") }, file);
    expect(missing).toThrow(
      expect.objectContaining({
        category: "FileInPathError",
        message: expect.stringContaining(`Looked in: ${import.meta.dirname}`),
      }),
    );
    expect(missing).toThrow("(line of model)");
  });

  it("tells how a parameter must be read", () => {
    const values = new ParameterSet(check({ src }));
    expect(() => values.getUntrackedParameter("src" as never)).toThrow(
      "parameter 'src' is cms.string; read it with getParameter('src').",
    );
    expect(() => values.getParameter("mode" as never)).toThrow("read it with getUntrackedParameter('mode')");
  });
});
