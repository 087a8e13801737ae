/** cmsrun --check: the same mistake is found by TypeScript, as in an editor, and at run time; no event is run. */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { cmsrun, root, temporaryFolder } from "../run.js";

const folder = temporaryFolder();
let count = 0;

const producer = `/** Sums what it is told to. */
import { DEFINE_FWK_MODULE, double, type Event, inputTag, JetScores, type ParameterSet, stream } from "cmsrun";

const description = { threshold: double(0.5), scores: inputTag("scores") };

@DEFINE_FWK_MODULE("SumProducer")
export class SumProducer extends stream.EDProducer {
  static readonly description = description;
  readonly #scores;
  readonly #sum = this.produces(JetScores, "sum");

  constructor(pset: ParameterSet<typeof description>) {
    super();
    this.#scores = this.consumes(JetScores, pset.getParameter("scores"));
  }

  override produce(event: Event): void {
    throw new Error("an event was run: " + event.event + this.#scores + this.#sum);
  }
}

declare module "cmsrun" {
  interface EDProducers { SumProducer: typeof SumProducer }
}
`;

const config = `import { cms } from "cmsrun";

const process = new cms.Process("TEST");
process.source = cms.Source("EmptySource");
process.maxEvents = cms.untracked.PSet({ input: cms.untracked.int32(1) });
process.sum = cms.EDProducer("SumProducer", {
  threshold: cms.double(0.7),
  scores: cms.InputTag("sum", "sum", "OTHER"),
});
process.output = cms.OutputModule("PoolOutputModule", { fileName: cms.untracked.string("never.edm") });
process.p = cms.Path(process.sum);
process.e = cms.EndPath(process.output);

export default process;
`;

interface Mine {
  readonly config?: string;
  readonly producer?: string;
  /** The package's own; none by default. */
  readonly tsconfig?: object;
}

/** Its place. A package outside of this repository, with one plugin and one config. */
function packageWith(mine: Mine): string {
  const cwd = join(folder, String(count++));
  const files: Record<string, string | undefined> = {
    "package.json": JSON.stringify({ name: "mine", type: "module" }),
    "plugins/SumProducer.ts": mine.producer ?? producer,
    "configs/sum_cfg.ts": mine.config ?? config,
    "tsconfig.json": mine.tsconfig && JSON.stringify(mine.tsconfig),
  };
  for (const [name, text] of Object.entries(files)) {
    if (text === undefined) continue;
    mkdirSync(dirname(join(cwd, name)), { recursive: true });
    writeFileSync(join(cwd, name), text);
  }
  return cwd;
}

/** The blocks of the errors reported, without their times. */
async function check(mine: Mine): Promise<{ code: number | null; stdout: string; blocks: string[] }> {
  const cwd = packageWith(mine);
  const before = readdirSync(cwd);
  const { code, stdout, stderr } = await cmsrun(["--check", "configs/sum_cfg.ts"], { cwd });
  expect(readdirSync(cwd)).toEqual(before);
  const blocks = [
    ...stderr.matchAll(/----- Begin Fatal Exception .*\n([\s\S]*?)----- End Fatal Exception/g),
  ].map(([, block = ""]) => block);
  return { code, stdout, blocks };
}

const misspelt = config.replace("threshold:", "treshold:");
const runTimeError =
  "module 'sum' (SumProducer): unknown parameter 'treshold'; did you mean 'threshold'? (configs/sum_cfg.ts:7)";

describe("cmsrun --check", () => {
  it("accepts the main config", async () => {
    const { code, stdout, stderr } = await cmsrun([
      "--check",
      "configs/my_plugin_cfg.ts",
      "outputFile=never.edm",
    ]);
    expect(stderr).not.toContain("Exception");
    expect(stdout).toMatch(
      /^OK: configs\/my_plugin_cfg\.ts: types \(TypeScript [\d.]+\), parameters, products and schedule of 3 modules and NanoAODSource\n$/,
    );
    expect(code).toBe(0);
    expect(existsSync(join(root, "never.edm"))).toBe(false);
  });

  it("accepts a user's own config and plugin", async () => {
    const { code, stdout, blocks } = await check({});
    expect(blocks).toEqual([]);
    expect(stdout).toMatch(/^OK: configs\/sum_cfg\.ts: types \(TypeScript /);
    expect(code).toBe(0);
  });

  it("finds a misspelt parameter at run time and by types", async () => {
    const { code, blocks } = await check({ config: misspelt });
    expect(blocks[0]).toContain("An exception of category 'Configuration' occurred");
    expect(blocks[0]).toContain(runTimeError);
    expect(blocks[1]).toContain("[0] Checking the types of configs/sum_cfg.ts");
    expect(blocks[1]).toMatch(/^configs\/sum_cfg\.ts:7: .*'treshold'[\s\S]*\(TS\d+\)/m);
    expect(code).toBe(73);
  });

  it("finds at run time what was hidden from the types", async () => {
    const { code, blocks } = await check({
      config: misspelt.replace("cms.EDProducer(", "(cms as any).EDProducer("),
    });
    expect(blocks).toEqual([expect.stringContaining(runTimeError)]);
    expect(code).toBe(73);
  });

  it("finds by types what is no error at run time", async () => {
    const { code, blocks } = await check({ config: `${config}const answer: number = "42";\n` });
    expect(blocks).toEqual([
      expect.stringMatching(
        /^configs\/sum_cfg\.ts:15: Type 'string' is not assignable to type 'number'\. \(TS2322\)$/m,
      ),
    ]);
    expect(code).toBe(73);
  });

  it("checks the plugins that the config uses", async () => {
    const wrong = producer.replace('pset.getParameter("scores")', 'pset.getParameter("score")');
    const { blocks } = await check({ producer: wrong, config: config.replaceAll("sum", "total") });
    expect(blocks.join("")).toMatch(/^plugins\/SumProducer\.ts:14: .*"score"[\s\S]*\(TS2345\)$/m);
    const unused = config
      .replace(/process\.sum = [\s\S]*?\}\);/, "")
      .replace("cms.Path(process.sum)", "cms.Path()");
    expect(await check({ producer: wrong, config: unused })).toMatchObject({ code: 0, blocks: [] });
  });

  it("checks as strictly as the package's own tsconfig.json", async () => {
    const unused = `${config}const answer = 42;\n`;
    const compilerOptions = {
      module: "nodenext",
      target: "ES2022",
      strict: true,
      experimentalDecorators: true,
      rootDir: "plugins",
      outDir: "built",
      noUnusedLocals: true,
    };
    expect((await check({ config: unused })).code).toBe(0);
    const { code, blocks } = await check({ config: unused, tsconfig: { compilerOptions } });
    expect(blocks).toEqual([
      expect.stringContaining(
        "configs/sum_cfg.ts:15: 'answer' is declared but its value is never read. (TS6133)",
      ),
    ]);
    expect(code).toBe(73);
  });

  it.each([
    [
      "an unknown plugin",
      config.replace('EDProducer("SumProducer"', 'EDProducer("SumProducre"'),
      65,
      "unknown plugin 'SumProducre'; did you mean 'SumProducer'?",
    ],
    ["a module that waits for itself", config.replace(', "OTHER"', ""), 81, "sum"],
    [
      "an input that is not there",
      config.replace(
        'cms.Source("EmptySource")',
        'cms.Source("PoolSource", { fileNames: cms.untracked.vstring("none.edm") })',
      ),
      84,
      "input file 'none.edm' is not there",
    ],
    [
      "a config that does not load",
      config.replace("new cms.Process", "new cms.Proces"),
      90,
      "cms.Proces is not a constructor",
    ],
    ["a config that is no program", `${config}}`, 90, 'configs/sum_cfg.ts:15: Unexpected "}"'],
  ])("ends with the job's own code for %s", async (_what, text, code, message) => {
    const outcome = await check({ config: text });
    expect(outcome.blocks[0]).toContain(message);
    expect(outcome.code).toBe(code);
  });

  it("says how to get TypeScript where there is none", async () => {
    const cwd = packageWith({ config: misspelt });
    const installed = join(cwd, "node_modules", "cmsrun");
    for (const name of ["dist", "plugins", "package.json"])
      cpSync(join(root, name), join(installed, name), { recursive: true });
    for (const name of ["esbuild", "@esbuild", "@bokuweb"])
      symlinkSync(join(root, "node_modules", name), join(cwd, "node_modules", name));
    const run = () => {
      const args = [join(installed, "dist", "cmsrun.js"), "--check", "configs/sum_cfg.ts"];
      const { status, stdout, stderr } = spawnSync(process.execPath, args, {
        cwd,
        encoding: "utf8",
        timeout: 25_000,
      });
      return { code: status, stdout, stderr };
    };
    const wrong = run();
    expect(wrong.stderr).toContain(runTimeError);
    expect(wrong.code).toBe(73);
    writeFileSync(join(cwd, "configs", "sum_cfg.ts"), config);
    const { code, stdout } = run();
    expect(stdout).toBe(
      "Types were not checked: there is no TypeScript here; to add it: npm install --save-dev typescript\n" +
        "OK: configs/sum_cfg.ts: parameters, products and schedule of 2 modules and EmptySource\n",
    );
    expect(code).toBe(0);
  });
});
