import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { cmsrun, exceptionBlock, root, temporaryFolder } from "../run.js";
import { type Mistake, mistakes } from "./mistakes.js";

const folder = temporaryFolder();

function write(name: string, lines: string): { cwd: string; line: number } {
  const cwd = join(folder, name.replaceAll(/\W+/g, "-"));
  mkdirSync(cwd);
  const text = [
    'import { cms, VarParsing } from "#framework";',
    'const process = new cms.Process("TEST");',
    'process.source = cms.Source("EmptySource");',
    "process.maxEvents.input = 1;",
    "void VarParsing;",
    lines,
    "export default process;",
  ].join("\n");
  writeFileSync(join(cwd, "job_cfg.ts"), text);
  return { cwd, line: 1 + text.split("\n").findIndex((line) => line.includes("// <--")) };
}

describe("a config with a mistake", () => {
  it.each(mistakes)("$name", async ({ name, lines, category, message, code, contexts = [] }: Mistake) => {
    const { cwd, line } = write(name, lines);
    const outcome = await cmsrun(["job_cfg.ts"], { cwd });
    const block = exceptionBlock(outcome);
    expect(block).toContain(`An exception of category '${category}' occurred`);
    expect(block).toContain(message.replace("LINE", String(line)));
    expect(block).toContain(`job_cfg.ts:${line}`);
    for (const [index, context] of contexts.entries()) expect(block).toContain(`   [${index}] ${context}\n`);
    expect(outcome.code).toBe(code & 0xff);
    // Neither a stack of ours nor a second error.
    expect(outcome.stderr).not.toMatch(/^ +at /m);
    expect(outcome.stderr.match(/Begin Fatal Exception/g)).toHaveLength(1);
  });
});

describe("a config that is none", () => {
  it("is not there: 7001", async () => {
    const outcome = await cmsrun(["nowhere_cfg.ts"], { cwd: folder });
    expect(exceptionBlock(outcome)).toContain(
      "configuration file 'nowhere_cfg.ts' does not exist; check the path",
    );
    expect(outcome.code).toBe(7001 & 0xff);
  });

  it("is a folder: 7001", async () => {
    expect((await cmsrun(["."], { cwd: folder })).code).toBe(7001 & 0xff);
  });

  it("exports no process: 7002", async () => {
    writeFileSync(
      join(folder, "none_cfg.ts"),
      'import { cms } from "#framework";\nconst process = new cms.Process("TEST");\n',
    );
    const outcome = await cmsrun(["none_cfg.ts"], { cwd: folder });
    expect(exceptionBlock(outcome)).toContain("no 'process' in none_cfg.ts, please add one");
    expect(outcome.code).toBe(7002 & 0xff);
  });

  it("exports a service: 7002", async () => {
    const outcome = await cmsrun(["configs/test_service.ts"], { cwd: root });
    expect(exceptionBlock(outcome)).toContain(
      "but a service; it is run by: edmServe configs/test_service.ts",
    );
    expect(outcome.code).toBe(7002 & 0xff);
  });
});
