import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  installCmsrun,
  node,
  npx,
  repository,
  temporaryFolder,
} from "../a-plugin-lives-in-a-users-own-package/userPackage.js";

const { root, remove } = temporaryFolder();
const here = (path: string) => join(root, path);
const written = () =>
  ["configs", "plugins", "test"]
    .flatMap((folder) =>
      existsSync(here(folder)) ? readdirSync(here(folder), { recursive: true }).map(String) : [],
    )
    .sort();

const tools = { Producer: "mkedprod", Filter: "mkedfltr", Analyzer: "mkedanlzr" };
const kinds = ["stream", "global", "one", "limited"];

beforeAll(() => installCmsrun(root), 60_000);
afterAll(remove);

describe("in an empty folder", () => {
  it("makes a package, and tells what comes next", async () => {
    const { exitCode, stdout, stderr } = await npx(root, "mkedprod", ["MyTFScores"]);
    expect(exitCode, stderr).toBe(0);
    expect(stdout).toBe(`Wrote into the new package ${root}:
  plugins/MyTFScores/MyTFScores.ts
  configs/my_tf_scores_cfg.ts
  test/MyTFScores.test.ts
  package.json
  tsconfig.json
Next:
  npx cmsrun configs/my_tf_scores_cfg.ts
  npx vitest run test/MyTFScores.test.ts
  npx tsc --noEmit
`);
  }, 60_000);

  it("writes every kind of module, in a subsystem too", async () => {
    for (const [what, tool] of Object.entries(tools)) {
      for (const kind of kinds) {
        const name = `${kind[0]?.toUpperCase()}${kind.slice(1)}${what}`;
        const { exitCode, stderr } = await npx(root, tool, [name, "--kind", kind, "--subsystem", "Jets"]);
        expect(exitCode, stderr).toBe(0);
        expect(existsSync(here(`plugins/Jets/${name}.ts`))).toBe(true);
      }
    }
  }, 60_000);

  it("gives a label of its own where the name means something else in a config", async () => {
    expect(await npx(root, "mkedprod", ["Output"])).toMatchObject({ exitCode: 0 });
    expect(readFileSync(here("configs/output_cfg.ts"), "utf8")).toContain(
      'process.outputModule = cms.EDProducer("Output"',
    );
  }, 60_000);

  it("writes what compiles under strict settings", async () => {
    expect(await npx(root, "tsc", ["--noEmit"])).toMatchObject({ exitCode: 0, stdout: "" });
  }, 60_000);

  it("writes what passes its tests, which run every config", async () => {
    const { exitCode, stdout, stderr } = await npx(root, "vitest", ["run"]);
    expect(exitCode, stdout + stderr).toBe(0);
    expect(stdout).toMatch(/Tests +28 passed/);
  }, 120_000);

  it("writes configs that do something one can see", async () => {
    const run = (config: string) => npx(root, "cmsrun", [`configs/${config}_cfg.ts`, "maxEvents=5"]);
    expect((await run("one_analyzer")).stderr).toMatch(/^Event \d+: \d+ jets, hardest pt \d+\.\d GeV$/m);
    expect((await run("stream_filter")).stderr).toContain("TrigReport Events total = 5");
    expect((await run("stream_producer")).stdout).toContain("Processed 5 events");
    expect(
      readdirSync(root)
        .filter((name) => name.endsWith(".edm"))
        .sort(),
    ).toEqual(["stream_filter_numEvent5.edm", "stream_producer_numEvent5.edm"]);
  }, 60_000);
});

describe("what is there already", () => {
  const refused = async (tool: string, args: string[]) => {
    const before = written();
    const { exitCode, stderr } = await npx(root, tool, args);
    expect(exitCode).toBe(7000 & 0xff);
    expect(written()).toEqual(before);
    return stderr;
  };

  it("is not overwritten, and nothing is half written", async () => {
    const config = here("configs/my_tf_scores_cfg.ts");
    writeFileSync(config, "// mine\n");
    rmSync(here("plugins/MyTFScores"), { recursive: true });
    expect(await refused("mkedprod", ["MyTFScores"])).toContain(
      "configs/my_tf_scores_cfg.ts, test/MyTFScores.test.ts exist already",
    );
    expect(readFileSync(config, "utf8")).toBe("// mine\n");
  }, 60_000);

  it("is replaced with --force, but for package.json and tsconfig.json", async () => {
    const packageJson = `{ "name": "mine", "type": "module" }`;
    writeFileSync(here("package.json"), packageJson);
    expect(await npx(root, "mkedprod", ["MyTFScores", "--force"])).toMatchObject({ exitCode: 0 });
    expect(readFileSync(here("configs/my_tf_scores_cfg.ts"), "utf8")).toContain("MyTFScores");
    expect(readFileSync(here("package.json"), "utf8")).toBe(packageJson);
  }, 60_000);

  it("decides which names are free", async () => {
    expect(await refused("mkedprod", ["my_jet-scores"])).toContain(
      "'my_jet-scores' is not PascalCase; try: mkedprod MyJetScores",
    );
    expect(await refused("mkedfltr", ["JetCollection"])).toContain(
      "'JetCollection' is a name of the framework; try: mkedfltr MyJetCollection",
    );
    expect(await refused("mkedanlzr", ["MyPlugin"])).toContain("there is a plugin 'MyPlugin' already");
    expect(await refused("mkedprod", ["OneFilter"])).toContain(
      `there is a plugin 'OneFilter' already: ${here("plugins/Jets/OneFilter.ts")}`,
    );
    expect(await refused("mkedprod", ["A", "B"])).toContain("it takes one NAME, not 2");
    expect(await refused("mkedprod", ["A", "--kind", "legacy"])).toContain(
      'Choices: "stream", "global", "one", "limited"',
    );
    expect(await refused("mkedprod", ["A", "--subsystem", "../elsewhere"])).toContain(
      "'../elsewhere' is not",
    );
  }, 60_000);

  it("is the package around a subfolder", async () => {
    mkdirSync(here("deep/er"), { recursive: true });
    const { stdout } = await node(here("deep/er"), here("node_modules/cmsrun/dist/mkedanlzr.js"), [
      "FromBelow",
    ]);
    expect(stdout).toContain(`Wrote into the package ${root}:`);
    expect(stdout).toContain(`Next:\n  cd ${root}\n`);
    expect(existsSync(here("plugins/FromBelow/FromBelow.ts"))).toBe(true);
  }, 60_000);
});

describe("in cmsrun's own repository", () => {
  const copy = temporaryFolder();
  const inCopy = (path: string) => join(copy.root, path);
  afterAll(copy.remove);

  it("follows the repository's ways: #framework, test/unit/plugins, its lint and types", async () => {
    for (const name of [
      "package.json",
      "tsconfig.json",
      "vitest.config.ts",
      "biome.json",
      "framework",
      "plugins",
      "dist",
      "data",
      "scripts",
    ]) {
      cpSync(join(repository, name), inCopy(name), { recursive: true });
    }
    symlinkSync(join(repository, "node_modules"), inCopy("node_modules"));
    for (const [what, tool] of Object.entries(tools)) {
      const { exitCode, stderr } = await node(copy.root, inCopy(`dist/${tool}.js`), [
        `Own${what}`,
        "--subsystem",
        "Examples",
      ]);
      expect(exitCode, stderr).toBe(0);
    }
    const bin = (name: string) => inCopy(`node_modules/${name}`);
    const lint = await node(copy.root, bin("@biomejs/biome/bin/biome"), [
      "lint",
      "--error-on-warnings",
      "plugins/Examples",
      "configs",
      "test",
    ]);
    expect(lint.exitCode, lint.stdout + lint.stderr).toBe(0);
    const types = await node(copy.root, bin("typescript/bin/tsc"), ["--noEmit"]);
    expect(
      types.stdout.split("\n").filter((line) => /^(plugins\/Examples|configs\/own|test)/.test(line)),
    ).toEqual([]);
    const tests = await node(copy.root, bin("vitest/vitest.mjs"), ["run"]);
    expect(tests.exitCode, tests.stdout + tests.stderr).toBe(0);
    expect(tests.stdout).toMatch(/Tests +6 passed/);
  }, 120_000);
});
