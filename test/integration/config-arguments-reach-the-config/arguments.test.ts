import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { cmsrun, exceptionBlock, type Outcome, temporaryFolder } from "../run.js";

const folder = temporaryFolder();
/** Prints its arguments as it finds them. */
const echo = `import { argv } from "node:process";
import { cms } from "#framework";
console.log(JSON.stringify(argv.slice(1)));
const process = new cms.Process("TEST");
process.source = cms.Source("EmptySource");
process.maxEvents = cms.untracked.PSet({ input: cms.untracked.int32(0) });
process.options.dumpOptions = true;
export default process;
`;
for (const name of ["job_cfg.ts", "job_cfg.notpy", "job_cfg", "-job_cfg.ts"])
  writeFileSync(join(folder, name), echo);
writeFileSync(
  join(folder, "options_cfg.ts"),
  `import { cms, VarParsing } from "#framework";
const options = new VarParsing("analysis");
options.register("verbose", false, VarParsing.multiplicity.singleton, VarParsing.varType.bool, "tell more");
options.parseArguments();
console.log(JSON.stringify([options.maxEvents, options.inputFiles, options.outputFile, options.verbose]));
const process = new cms.Process("TEST");
process.source = cms.Source("EmptySource");
process.maxEvents.input = 0;
export default process;
`,
);

const run = (...args: string[]) => cmsrun(args, { cwd: folder });
/** The first line the config printed, as a value. */
const printed = ({ stdout }: Outcome): unknown => JSON.parse(stdout.split("\n")[0] ?? "");
const firstLines = ({ stdout, stderr }: Outcome) => `${stdout}${stderr}`;

describe("cmsrun's command line", () => {
  it.each<[string, string[], string[]]>([
    [
      "all that follows the config, dashes included",
      ["job_cfg.ts", "--foo=1", "bar", "-n", "3", "--", "-x"],
      ["job_cfg.ts", "--foo=1", "bar", "-n", "3", "--", "-x"],
    ],
    [
      "the same after options of cmsrun",
      ["-n", "1", "job_cfg.ts", "--foo=1", "bar", "-n", "3"],
      ["job_cfg.ts", "--foo=1", "bar", "-n", "3"],
    ],
    [
      "--help and --version of the config",
      ["-n", "1", "job_cfg.ts", "--help", "--version", "-h"],
      ["job_cfg.ts", "--help", "--version", "-h"],
    ],
    [
      "numbers and quotes as they are",
      ["-n", "1", "job_cfg.ts", "007", "x='a b'", ""],
      ["job_cfg.ts", "007", "x='a b'", ""],
    ],
    [
      "a config named with a dash after --",
      ["-n", "1", "--", "-job_cfg.ts", "a=1", "-b"],
      ["-job_cfg.ts", "a=1", "-b"],
    ],
    ["a config with another suffix", ["job_cfg.notpy", "a=1"], ["job_cfg.notpy", "a=1"]],
    ["a config without suffix", ["job_cfg", "a=1"], ["job_cfg", "a=1"]],
  ])("hands down %s", async (_, args, expected) => {
    const outcome = await run(...args);
    expect(outcome.stderr).not.toContain("Fatal");
    expect(printed(outcome)).toEqual(expected);
    expect(outcome.code).toBe(0);
  });

  it.each([
    [["-n", "2"], "Number of Threads = 2"],
    [["-n2"], "Number of Threads = 2"],
    [["--numThreads=2", "--streams=4"], "Number of Streams = 4"],
  ])("overrides the config's threads and streams: %j", async (options, text) => {
    const outcome = await run(...options, "job_cfg.ts");
    expect(firstLines(outcome)).toContain(text);
    expect(outcome.code).toBe(0);
  });

  it("runs a config given as a string, without arguments, and leaves no file", async () => {
    const outcome = await run("-c", echo);
    expect(outcome.code).toBe(0);
    expect((printed(outcome) as string[]).length).toBe(1);
    expect(readdirSync(folder).filter((name) => name.includes("command"))).toEqual([]);
  });

  it.each<[string, string[], string, number]>([
    [
      "no config",
      [],
      "cmsrun: No configuration file given.\nFor more information about command line options, type: cmsrun --help",
      7001,
    ],
    ["options and no config", ["-n", "1"], "cmsrun: No configuration file given.", 7001],
    [
      "a bad option",
      ["--numThread=1", "job_cfg.ts"],
      "cmsrun: Error while trying to process command line arguments:",
      7000,
    ],
    ["a bad value", ["-n", "two", "job_cfg.ts"], "cmsrun: --numThreads takes a whole number", 7000],
    [
      "a negative value",
      ["--numThreads=-1", "job_cfg.ts"],
      "cmsrun: --numThreads takes a whole number, not '-1'.",
      7000,
    ],
    [
      "an option without its value",
      ["-n"],
      "cmsrun: Error while trying to process command line arguments:",
      7000,
    ],
    [
      "an option given twice",
      ["-n", "1", "-n", "2", "job_cfg.ts"],
      "cmsrun: --numThreads is given more than once",
      7000,
    ],
    [
      "a string and a file",
      ["-c", echo, "job_cfg.ts"],
      "cannot use '-c [command line input]' with 'config_file'",
      7000,
    ],
  ])("refuses %s", async (_, args, message, code) => {
    const outcome = await run(...args);
    expect(exceptionBlock(outcome)).toContain(message);
    expect(exceptionBlock(outcome)).toContain("type: cmsrun --help");
    expect(outcome.code).toBe(code & 0xff);
  });

  it.each([["--help"], ["-h"], ["-n", "1", "--help"]])("prints its options: %s", async (...args) => {
    const { code, stdout, stderr } = await run(...args);
    expect(stdout).toMatch(
      /cmsrun \[options\] config \[config arguments\].*-n, --numThreads.*-c, --command/s,
    );
    expect([code, stderr]).toEqual([0, ""]);
  });

  it("prints its version, and what an exit code means", async () => {
    expect((await run("--version")).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect((await run("--explain", "65")).stdout).toBe("8001 (shell 65): OtherCMS\n");
    expect((await run("--explain", "8009")).stdout).toBe("8009 (shell 73): Configuration\n");
  });
});

describe("VarParsing in a config", () => {
  it("reads what follows the config", async () => {
    const outcome = await run(
      "options_cfg.ts",
      "maxEvents=0x10",
      "inputFiles=a,b",
      "inputFiles=c",
      "verbose=yes",
    );
    expect(printed(outcome)).toEqual([16, ["a", "b", "c"], "output_numEvent16.edm", true]);
    expect(outcome.code).toBe(0);
  });

  it("prints the options and ends the job with code 0", async () => {
    const { code, stdout, stderr } = await run("options_cfg.ts", "help");
    expect(stdout).toMatch(/maxEvents +int +number of events to process.*verbose +bool +tell more/s);
    expect([code, stderr]).toEqual([0, ""]);
  });

  it("refuses what is not registered", async () => {
    const outcome = await run("options_cfg.ts", "verbos=yes");
    expect(exceptionBlock(outcome)).toContain(
      "VarParsing: option 'verbos' is not registered; did you mean 'verbose'? (options_cfg.ts:4)",
    );
    expect(outcome.code).toBe(7002 & 0xff);
  });
});
