/** A user's package: its references are recorded, then something changes, and regress has to say what. */
import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root, temporaryFolder } from "../run.js";

const folder = temporaryFolder();
let count = 0;

/** A package of its own, with the given config recorded. */
function recorded(config = "scores_cfg", ...configArguments: string[]) {
  const cwd = join(folder, String(count++));
  cpSync(join(import.meta.dirname, "package"), cwd, { recursive: true });
  writeFileSync(join(cwd, "package.json"), JSON.stringify({ name: "mine", type: "module" }));
  const run = (program: string, ...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [join(root, "dist", `${program}.js`), ...args],
      { cwd, encoding: "utf8", timeout: 25_000 },
    );
    return { code: status, stdout, stderr };
  };
  const record = (...args: string[]) => run("cmsrun", "--record", ...args);
  const path = (name: string) => join(cwd, name);
  const reference = join(cwd, "data", "references", config);
  const description = () => JSON.parse(readFileSync(join(reference, "reference.json"), "utf8"));
  const outcome = record(`configs/${config}.ts`, ...configArguments);
  return {
    cwd,
    path,
    record,
    regress: (...args: string[]) => run("regress", ...args),
    reference,
    description,
    outcome,
  };
}

/** The cells of the table's rows, below its head. */
function rows(stdout: string): string[][] {
  const [, ...lines] = (stdout.split("\n\n", 1)[0] ?? "").trimEnd().split("\n");
  return lines.map((line) => line.split(/ {2,}/));
}

const head = "config      threads     events  products  result     first difference\n";

describe("cmsrun --record", () => {
  it("keeps the output and all that it was made from, and nothing of this machine", () => {
    const { outcome, cwd, reference, description } = recorded("scores_cfg", "maxEvents=10");
    expect(outcome.stdout).toContain(
      "Kept as reference: data/references/scores_cfg/ with output.edm (10 events, 2 products)",
    );
    expect(outcome.code).toBe(0);
    expect(readdirSync(join(cwd, "data", "references"))).toEqual(["scores_cfg"]);
    expect(readdirSync(reference).sort()).toEqual(["output.edm", "reference.json"]);
    expect(existsSync(join(cwd, "scores.edm"))).toBe(false);
    const sha256 = expect.stringMatching(/^[0-9a-f]{64}$/);
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    expect(description()).toEqual({
      config: "configs/scores_cfg.ts",
      arguments: ["maxEvents=10"],
      cmsrun: version,
      tolerances: { rtol: 0, atol: 0 },
      outputs: { output: "output.edm" },
      hashes: {
        configs: { "configs/scores_cfg.ts": sha256, "configs/source_cff.ts": sha256 },
        models: { "data/factor.txt": sha256 },
        inputs: {},
      },
    });
  });

  it("gives the same bytes again, and keeps edited tolerances", () => {
    const { path, record, reference, description } = recorded();
    const file = join(reference, "reference.json");
    const tolerances = { rtol: 0.01, atol: 0 };
    writeFileSync(file, JSON.stringify({ ...description(), tolerances }));
    const before = readFileSync(join(reference, "output.edm"));
    expect(record(path("configs/scores_cfg.ts")).code).toBe(0);
    expect(description().tolerances).toEqual(tolerances);
    expect(description().config).toBe("configs/scores_cfg.ts");
    expect(readFileSync(join(reference, "output.edm"))).toEqual(before);
  });

  it("leaves the old reference in place when the job fails", () => {
    const { path, record, regress, cwd } = recorded();
    writeFileSync(path("data/factor.txt"), "throw\n");
    expect(record("configs/scores_cfg.ts").code).toBe(66);
    expect(readdirSync(join(cwd, "data", "references"))).toEqual(["scores_cfg"]);
    writeFileSync(path("data/factor.txt"), "0.5\n");
    expect(regress().code).toBe(0);
  });

  it.each([
    [
      ["configs/no_output_cfg.ts"],
      73,
      "'configs/no_output_cfg.ts' writes no event file, so there is nothing to compare later",
    ],
    [["configs/scores_cfg.ts", "outputFile=/tmp/x.edm"], 88, "'/tmp/x.edm' is a path of this machine"],
    [["configs/none_cfg.ts"], 89, "configuration file 'configs/none_cfg.ts' does not exist"],
    [["other/scores_cfg.ts"], 88, "is the reference of 'configs/scores_cfg.ts' already"],
  ])("refuses %j with code %i", (args, code, message) => {
    const { cwd, record } = recorded();
    mkdirSync(join(cwd, "other"));
    cpSync(join(cwd, "configs", "no_output_cfg.ts"), join(cwd, "other", "scores_cfg.ts"));
    const outcome = record(...args);
    expect(outcome.stderr).toContain(message);
    expect(outcome.code).toBe(code);
    expect(readdirSync(join(cwd, "data", "references"))).toEqual(["scores_cfg"]);
  });
});

describe("regress", () => {
  it("finds an unchanged package the same on 1 and 2 threads", () => {
    const { code, stdout } = recorded().regress();
    expect(stdout).toBe(
      `${head}scores_cfg        1         60         2  exact\nscores_cfg        2         60         2  exact\n` +
        "\nscores_cfg: the files are the same bytes, whatever the number of threads\n",
    );
    expect(code).toBe(0);
  });

  it("runs with the recorded arguments, and prints JSON lines", () => {
    const { regress } = recorded("scores_cfg", "maxEvents=10");
    const { code, stdout } = regress("--json", "configs/scores_cfg.ts");
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    const same = {
      config: "scores_cfg",
      events: 10,
      products: 2,
      result: "exact",
      firstDifference: "",
      sameBytes: true,
      changes: [],
    };
    expect(lines).toEqual([
      { ...same, threads: 1 },
      { ...same, threads: 2 },
    ]);
    expect(code).toBe(0);
  });

  it("says that a config or a fragment of it changed, though what it writes is the same", () => {
    const { path, regress } = recorded();
    appendFileSync(path("configs/scores_cfg.ts"), "// a remark\n");
    appendFileSync(path("configs/source_cff.ts"), "// a remark\n");
    const { code, stdout } = regress("--threads", "1");
    expect(rows(stdout)).toEqual([["scores_cfg", "1", "60", "2", "exact"]]);
    expect(stdout).toContain("scores_cfg: config configs/scores_cfg.ts changed since it was recorded\n");
    expect(stdout).toContain("scores_cfg: config configs/source_cff.ts changed since it was recorded\n");
    expect(code).toBe(0);
  });

  it("shows the first difference of a changed model, and how to accept it", () => {
    const { path, regress, record } = recorded("scores_cfg", "maxEvents=10");
    writeFileSync(path("data/factor.txt"), "0.25\n");
    const { code, stdout } = regress();
    expect(stdout.replaceAll(/ +\n/g, "\n")).toBe(
      readFileSync(join(import.meta.dirname, "changed-model.txt"), "utf8"),
    );
    expect(code).toBe(1);
    expect(record("configs/scores_cfg.ts", "maxEvents=10").code).toBe(0);
    expect(regress().code).toBe(0);
  });

  it("calls a change within the reference's tolerance close", () => {
    const { path, regress, reference, description } = recorded();
    writeFileSync(
      join(reference, "reference.json"),
      JSON.stringify({ ...description(), tolerances: { rtol: 1e-3, atol: 0 } }),
    );
    writeFileSync(path("data/factor.txt"), "0.5001\n");
    const { code, stdout } = regress("--threads", "1");
    expect(rows(stdout)).toEqual([["scores_cfg", "1", "60", "2", "close"]]);
    expect(stdout).toContain("model data/factor.txt changed");
    expect(code).toBe(0);
  });

  it("notices a module whose product depends on the number of threads", () => {
    const { regress } = recorded("counts_cfg");
    const { code, stdout } = regress();
    expect(rows(stdout).map((row) => row[4])).toEqual(["exact", "different"]);
    expect(stdout).toContain("counts_cfg: the files DEPEND on the number of threads");
    expect(code).toBe(1);
  });

  it("notices events and outputs that are missing", () => {
    const { path, regress } = recorded();
    const config = readFileSync(path("configs/scores_cfg.ts"), "utf8");
    writeFileSync(path("configs/scores_cfg.ts"), config.replace('("maxEvents", 60)', '("maxEvents", 58)'));
    expect(rows(regress("--threads", "1").stdout)).toEqual([
      ["scores_cfg", "1", "58", "2", "different", "2 events are missing, the first 1:1:59"],
    ]);
    writeFileSync(path("configs/scores_cfg.ts"), config.replaceAll("process.output", "process.written"));
    const { code, stdout } = regress("--threads", "1");
    expect(rows(stdout)).toEqual([["scores_cfg", "1", "0", "0", "different", "output 'output' is missing"]]);
    expect(code).toBe(1);
  });

  it("goes on with the next config when one fails", () => {
    const { path, record, regress } = recorded();
    record("configs/counts_cfg.ts");
    writeFileSync(path("data/factor.txt"), "throw\n");
    const { code, stdout } = regress("--threads", "1");
    expect(rows(stdout)).toEqual([
      ["counts_cfg", "1", "60", "2", "exact"],
      ["scores_cfg", "1", "failed", "StdException: no factor"],
    ]);
    expect(stdout).toContain("Calling method for module FactorProducer/'scores'");
    expect(stdout).not.toContain("--record");
    expect(code).toBe(1);
  });

  it("ends a job that does not end", () => {
    const { path, regress } = recorded();
    writeFileSync(path("data/factor.txt"), "hang\n");
    const { code, stdout } = regress("--threads", "1", "--timeout", "3");
    expect(rows(stdout)).toEqual([
      [
        "scores_cfg",
        "1",
        "failed",
        "UnexpectedJobTermination: the job did not end within 3 s; allow more with --timeout.",
      ],
    ]);
    expect(code).toBe(1);
  });

  it("reports a damaged reference", () => {
    const { reference, regress } = recorded();
    truncateSync(join(reference, "output.edm"), 300);
    const damaged = regress("--threads", "1");
    expect(rows(damaged.stdout)[0]?.slice(0, 3)).toEqual(["scores_cfg", "1", "failed"]);
    expect(damaged.stdout).toContain("category 'FileReadError'");
    expect(damaged.code).toBe(1);
    writeFileSync(join(reference, "reference.json"), '{"config": 5}');
    const { code, stdout } = regress("--threads", "1");
    expect(stdout).toContain(
      "reference.json' cannot be used: 'config' is missing or of the wrong form; record it again",
    );
    expect(code).toBe(1);
  });

  it("refuses names that have no reference, and a package without any", () => {
    const { regress, reference } = recorded();
    const unknown = regress("score_cfg");
    expect(unknown.stderr).toContain("there is no reference 'score_cfg'; did you mean 'scores_cfg'?");
    expect(unknown.code).toBe(88);
    expect(regress("--threads", "0").code).toBe(88);
    rmSync(reference, { recursive: true });
    const none = regress();
    expect(none.stderr).toMatch(
      /there is no reference in .*data\/references; make one: cmsrun --record CONFIG/,
    );
    expect(none.code).toBe(88);
  });
});
