/** From a SavedModel to a plugin that scores with it: compiled, installed by npm, type-checked, run on two threads. */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { exceptionBlock, root, tagged, temporaryFolder } from "../run.js";

const folder = temporaryFolder();
const here = (path: string) => join(folder, path);
const savedModel = join(root, "data/models/jet_btag/saved_model");
const config = (batchSizes: string) =>
  `model: { name: jet_btag, version: "1.0.0", saved_model: ${savedModel} }\ncompilation: { batch_sizes: ${batchSizes} }\n`;

function run(program: string, args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
    cwd: folder,
    encoding: "utf8",
    timeout: 60_000,
  });
  return { code: status, stdout, stderr };
}
const tool = (name: string, ...args: string[]) => run(join(root, "dist", `${name}.js`), args);
const compile = (...args: string[]) => tool("cms_tfaot_compile", ...args);
const json = (value: object) => `${JSON.stringify(value, undefined, 2)}\n`;

beforeAll(() => {
  cpSync(fileURLToPath(new URL("package", import.meta.url)), folder, { recursive: true });
  mkdirSync(here("node_modules"));
  symlinkSync(root, here("node_modules/cmsrun"));
  writeFileSync(here("package.json"), json({ name: "user", version: "1.0.0", type: "module" }));
  writeFileSync(here("aot_config.yaml"), config("[1, 2, 4]"));
});

describe("cms_tfaot_compile --dev", () => {
  it("writes a package and says what comes next", () => {
    const { code, stdout, stderr } = compile("-c", "aot_config.yaml", "-o", "tfaot/jet_btag", "--dev");
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(stdout).toContain(
      `saved model at '${savedModel}'\ncompiling for batch size 1\ncompiling for batch size 2\n` +
        `compiling for batch size 4\n${"-".repeat(80)}\n` +
        "successfully AOT compiled model 'jet_btag' for batch sizes: 1,2,4\n",
    );
    expect(stdout).toContain("> npm install ./tfaot/jet_btag");
    expect(existsSync(here("tfaot/jet_btag/lib/jet_btag_bs4.wasm"))).toBe(true);
  });

  it("npm installs it", () => {
    const other = here("other");
    mkdirSync(other);
    writeFileSync(join(other, "package.json"), json({ name: "other", version: "1.0.0", type: "module" }));
    const args = ["install", "--offline", "--no-audit", "--no-fund", "../tfaot/jet_btag"];
    const { status, stderr } = spawnSync("npm", args, { cwd: other, encoding: "utf8", timeout: 60_000 });
    expect(status, stderr).toBe(0);
    const script =
      'const m = await import("tfaot-model-jet-btag/model"); console.log(m.jet_btag.inputs[0].dtype)';
    const printed = spawnSync(process.execPath, ["--input-type=module", "-e", script], { cwd: other });
    expect(printed.stdout.toString()).toBe("float32\n");
  }, 90_000);
});

describe("a plugin that imports the model", () => {
  beforeAll(() => {
    // What npm install does; here it would also take cmsrun's link away, which no package.json names.
    symlinkSync("../tfaot/jet_btag", here("node_modules/tfaot-model-jet-btag"));
  });

  it("type-checks", () => {
    const compilerOptions = {
      target: "ES2022",
      lib: ["ES2023"],
      types: [],
      module: "preserve",
      moduleResolution: "bundler",
      noEmit: true,
      strict: true,
      experimentalDecorators: true,
      useDefineForClassFields: true,
      verbatimModuleSyntax: true,
      skipLibCheck: true,
    };
    writeFileSync(here("tsconfig.json"), json({ compilerOptions, include: ["plugins", "configs"] }));
    const { code, stdout } = run(join(root, "node_modules/typescript/bin/tsc"), ["-p", "tsconfig.json"]);
    expect(stdout).toBe("");
    expect(code).toBe(0);
  }, 60_000);

  it("scores any number of jets as the reference engine does, on any number of threads", () => {
    const outcomes = [1, 2].map((threads) => tool("cmsrun", "-n", String(threads), "configs/scores_cfg.ts"));
    const [one, two] = outcomes.map((outcome) => {
      expect(outcome.code, outcome.stderr).toBe(0);
      return tagged(outcome, "Scores").sort();
    });
    expect(one).toHaveLength(14);
    expect(two).toEqual(one);
    for (const line of one ?? []) {
      const [, number, same, scores] = /^(\d+) (\w+) (.*)$/.exec(line) ?? [];
      expect(same, line).toBe("true");
      const found = JSON.parse(scores as string) as number[];
      expect(found).toHaveLength(Number(number) % 7);
      const expected = reference(Number(number));
      for (const [i, score] of found.entries()) expect(score).toBeCloseTo(expected[i] as number, 5);
    }
  }, 60_000);

  it("may not have it as global cache", () => {
    const outcome = tool("cmsrun", "configs/cached_cfg.ts");
    expect(outcome.code).not.toBe(0);
    expect(exceptionBlock({ ...outcome })).toMatch(
      /'scorer'.*cache\.model is a tfaot\.Model.*a member of the plugin/s,
    );
  });

  it("is told when the model is older than its sources", () => {
    writeFileSync(here("aot_config.yaml"), config("[2, 4]"));
    const outcome = tool("cmsrun", "configs/scores_cfg.ts");
    expect(outcome.code).not.toBe(0);
    expect(exceptionBlock({ ...outcome })).toContain(
      "compiled model 'jet_btag' no longer fits 'aot_config.yaml', which has changed since; compile again: " +
        "cms_tfaot_compile --aot-config aot_config.yaml --output-directory tfaot/jet_btag --dev",
    );
    const again = compile("-c", "aot_config.yaml", "-o", "tfaot/jet_btag", "--dev");
    expect(again.stderr).toBe(
      "WARNING: batch_sizes lacks 1: a single example will run as a padded batch of 2\n",
    );
  });
});

it("the production flow builds the tool of a recipe, ready to be installed", () => {
  const data = here("data/cms-data/RecoBTag-Example");
  mkdirSync(data, { recursive: true });
  writeFileSync(join(data, "aot_config.yaml"), config("[1]"));
  writeFileSync(
    here("models.yaml"),
    "models:\n  - { name: tfaot-model-jet-btag, aotConfig: aot_config.yaml, data: cms-data/RecoBTag-Example }\n",
  );
  const { code, stdout, stderr } = compile(
    "--recipes",
    "models.yaml",
    "--data-directory",
    "data",
    "-o",
    "tools",
  );
  expect(code, stderr).toBe(0);
  expect(stdout).toContain("built 1 of 1 models into 'tools'\n");
  const { exports } = JSON.parse(readFileSync(here("tools/tfaot-model-jet-btag/package.json"), "utf8")) as {
    exports: Record<string, { default: string }>;
  };
  expect(existsSync(here(join("tools/tfaot-model-jet-btag", exports["./model"]?.default ?? "")))).toBe(true);
});

describe("cmsml's tools", () => {
  it("the check compiles, and says so", () => {
    const { code, stdout } = tool("cmsml_check_aot_compatibility", savedModel);
    expect(stdout).toMatch(/^\+-+\+-+\+\n\| Operation +\| cpu \|\n\+=+\+=+\+\n/);
    expect(stdout).toMatch(/\ncpu: all ops compatible\n$/);
    expect(code).toBe(0);
    expect(tool("cmsml_check_aot_compatibility", "--table").stdout).toMatch(/\| MatMul +\| yes \|/);
    expect(exceptionBlock(tool("cmsml_check_aot_compatibility"))).toContain(
      "either '--model-path PATH' or '--table' must be set",
    );
  });

  it("the compiler of graphs saves static signatures and compiles them", () => {
    const compiled = tool(
      "cmsml_compile_tf_graph",
      savedModel,
      "static",
      "-b",
      "1,2",
      "-c",
      "net_bs{}",
      "Net{}",
    );
    expect(compiled.code, compiled.stderr).toBe(0);
    expect(compiled.stdout).toBe(
      "saved model at 'static'\ncompiling for batch size 1\ncompiling for batch size 2\n",
    );
    expect(existsSync(here("static/aot/net_bs2.wasm"))).toBe(true);
    const described = tool("tfrun", "static", "--signature", "serving_default_bs2");
    expect(described.stdout).toMatch(/input +float32 \[2,5\]/);
  });
});

/** The jets of plugins/JetScorer.ts, scored by tfrun. */
function reference(number: number): number[] {
  const count = number % 7;
  if (count === 0) return [];
  const data = Array.from({ length: count }, (_, jet) => [20 + number, jet / 4, 1, jet, 3]).flat();
  writeFileSync(here("inputs.json"), json({ input: { dtype: "float32", shape: [count, 5], data } }));
  const args = [savedModel, "--inputs", "inputs.json", "--engine", "reference", "--json"];
  const { outputs } = JSON.parse(tool("tfrun", ...args).stdout) as {
    outputs: Record<string, { data: number[] }>;
  };
  return outputs.output?.data ?? [];
}
