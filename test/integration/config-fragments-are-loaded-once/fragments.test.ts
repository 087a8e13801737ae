import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { cmsrun, exceptionBlock, temporaryFolder } from "../run.js";

const folder = temporaryFolder();
mkdirSync(join(folder, "jets/python"), { recursive: true });

const files: { readonly [name: string]: string } = {
  "jets/python/filter_cfi.ts": `import { cms } from "#framework";
export const f = cms.EDAnalyzer("JetScorePrinter");
export const _hidden = cms.EDAnalyzer("JetScorePrinter");
console.log("filter_cfi is run");`,
  // Finds its neighbour without a search path, and the object is the same as the one loaded.
  "jets/python/jets_cff.ts": `import { cms } from "#framework";
import { f } from "./filter_cfi.js";
export const inner = cms.Sequence(f);
export const p = cms.Path(inner);`,
  "loading_cff.ts": `export const note = "no component";`,
  "job_cfg.ts": `import { cms } from "#framework";
import * as filter from "./jets/python/filter_cfi.js";
const process = new cms.Process("TEST");
process.load("jets.python.jets_cff");
process.load("jets/python/filter_cfi");
process.load("./jets/python/filter_cfi.ts");
process.load("loading_cff");
process.load("configs/MessageLogger_cfi");
console.log("same", process.f === filter.f, "hidden" in process || "_hidden" in process, process.MessageLogger.cerr.FwkReport.reportEvery.value);
process.source = cms.Source("EmptySource");
process.maxEvents = cms.untracked.PSet({ input: cms.untracked.int32(0) });
process.schedule = cms.Schedule();
export default process;`,
  "other_cfi.ts": `import { cms } from "#framework";
export const f = cms.EDAnalyzer("JetScorePrinter");`,
  "conflict_cfg.ts": `import { cms } from "#framework";
const process = new cms.Process("TEST");
process.load("jets.python.filter_cfi");
process.load("jets.python.jets_cff");
process.load("other_cfi");
export default process;`,
  "broken_cff.ts": "\n\nexport const x = missing;",
  "broken_cfg.ts": `import { cms } from "#framework";
const process = new cms.Process("TEST");
process.load("broken_cff");
export default process;`,
};
for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);

it("whether imported or loaded, by a dotted name or a path", async () => {
  const { code, stdout, stderr } = await cmsrun(["job_cfg.ts"], { cwd: folder });
  expect(stderr).toBe("");
  expect(code).toBe(0);
  expect(stdout.split("\n").slice(0, 2)).toEqual(["filter_cfi is run", "same true false 100"]);
});

it("and refused with both files' names when one replaces what is in use", async () => {
  const outcome = await cmsrun(["conflict_cfg.ts"], { cwd: folder });
  const [existing, added] = [join(folder, "jets/python/filter_cfi.ts"), join(folder, "other_cfi.ts")];
  expect(exceptionBlock(outcome)).toContain(
    `loading ${added} would replace 'f', which is in use (object defined in ${added}, existing object defined in ${existing})`,
  );
  expect(exceptionBlock(outcome)).toContain("(conflict_cfg.ts:5)");
  expect(outcome.code).toBe(8009 & 0xff);
});

it("and an error in one names its own line", async () => {
  const outcome = await cmsrun(["broken_cfg.ts"], { cwd: folder });
  expect(exceptionBlock(outcome)).toContain("ReferenceError: missing is not defined (broken_cff.ts:3)");
  expect(outcome.code).toBe(7002 & 0xff);
});
