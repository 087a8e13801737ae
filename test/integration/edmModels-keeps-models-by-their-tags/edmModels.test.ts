/** edmModels as a person and as a program see it, in one store, in the order of a model's life. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { ModelStore, models } from "#framework";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { exceptionBlock, root, temporaryFolder } from "../run.js";

const folder = temporaryFolder();
const store = new ModelStore(join(folder, "store"));
const program = join(root, "dist", "edmModels.js");

function edmModels(args: string, env: Record<string, string> = { CMSRUN_MODEL_STORE: store.root }) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args.split(" ")], {
    cwd: folder,
    encoding: "utf8",
    timeout: 25_000,
    input: "",
    env: { ...process.env, CMSRUN_MODEL_STORE: "", ...env },
  });
  return { code: status, stdout, stderr };
}

const savedModel = join(root, "data", "models", "jet_btag", "saved_model");
beforeAll(async () => {
  const signatures = { __call__: { batchable: true } };
  await models.tensorflow.save(savedModel, "jet:v1", {
    store,
    signatures,
    labels: { owner: "me", stage: "test" },
  });
  await models.tensorflow.save(savedModel, "jet:v2", { store });
  const labels = { note: "two\nlines" };
  await models.tensorflow.save(savedModel, "other:v1", { store, labels, customObjects: { cut: 0.5 } });
});

describe("edmModels", () => {
  it("teaches with --help, and refuses what it does not do", () => {
    const { stdout, code } = edmModels("--help");
    expect(code).toBe(0);
    for (const text of ["list [NAME]", "export TAG [PATH]", "NAME:latest", "CMSRUN_MODEL_STORE", "Examples:"])
      expect(stdout).toContain(text);
    for (const [args, why] of [
      ["lits", "unknown command 'lits'; did you mean 'list'?"],
      [
        "frobnicate",
        "unknown command 'frobnicate'; there is list, get, path, check, export, import, delete.",
      ],
      ["list a b", "list takes one name, not 2."],
      ["get", "get takes one model, NAME or NAME:VERSION, not 0."],
      ["get jet -o xml", 'Given: "xml"'],
      ["import", "import takes the file or folder of a model."],
      ["list --lables", "Unknown argument: lables"],
      ["list --store=", "--store is empty; give the folder of a store."],
    ] as const) {
      const outcome = edmModels(args);
      expect([args, outcome.code]).toEqual([args, 7000 & 0xff]);
      expect(exceptionBlock(outcome)).toContain(why);
    }
    expect(exceptionBlock(edmModels("containerize jet"))).toContain("there are no containers here");
    expect(exceptionBlock(edmModels("push jet"))).toContain(
      "edmModels push: there is no cloud behind this store",
    );
  });

  it("lists models for persons and programs", () => {
    const lines = edmModels("list").stdout.split("\n");
    expect(lines[0]).toMatch(/^TAG +METHODS +SIZE +CREATED \(UTC\) +LABELS$/);
    expect(lines[1]).toMatch(
      /^jet:v1 +__call__ +[\d.]+ kB +20\d\d-\d\d-\d\d \d\d:\d\d:\d\d +owner=me stage=test$/,
    );
    expect(lines[3]).toContain('"note=two\\nlines"');
    expect(lines.slice(2).map((line) => line.split(" ")[0])).toEqual(["jet:v2", "other:v1", ""]);
    const rows = JSON.parse(edmModels("list jet -o json").stdout);
    expect(rows.map(({ tag }: { tag: string }) => tag)).toEqual(["jet:v1", "jet:v2"]);
    expect(rows[0]).toMatchObject({
      module: "bentoml.tensorflow",
      labels: { owner: "me" },
      path: join(store.root, "jet", "v1"),
    });
    expect(edmModels("list -o path").stdout.split("\n")).toContain(join(store.root, "other", "v1"));
    expect(edmModels("list -o yaml other").stdout).toMatch(/^- tag: other:v1\n/);
    expect(edmModels(`list --store ${join(folder, "none")}`).stdout).toBe(
      `There is no model in ${join(folder, "none")}.\n`,
    );
    expect(edmModels("list jets").code).toBe(8001 & 0xff);
  });

  it("gives one model", () => {
    expect(JSON.parse(edmModels("get jet:v1 -o json").stdout)).toMatchObject({
      name: "jet",
      version: "v1",
      signatures: { __call__: { batchable: true, batch_dim: [0, 0] } },
      custom_objects: [],
    });
    expect(edmModels("get other").stdout).toContain("custom_objects:\n  - cut.json\n");
    expect(edmModels("path jet").stdout).toBe(`${join(store.root, "jet", "v2")}\n`);
    expect(exceptionBlock(edmModels("path jet:v"))).toContain(
      "'jet:v' is not one model: 2 versions begin so",
    );
  });

  it("exports a model, and imports it into another store", () => {
    const archive = join(folder, "jet-v1.tar.gz");
    expect(edmModels("export jet:v1 .")).toEqual({ code: 0, stdout: `${archive}\n`, stderr: "" });
    const other = { CMSRUN_MODEL_STORE: join(folder, "other") };
    expect(edmModels(`import ${archive}`, other)).toEqual({ code: 0, stdout: "jet:v1\n", stderr: "" });
    expect(exceptionBlock(edmModels(`import ${archive}`, other))).toContain("model 'jet:v1' already exists");
    expect(edmModels("get jet:v1", other).stdout).toBe(edmModels("get jet:v1").stdout);
  });

  it("keeps models in the home directory unless told otherwise", () => {
    expect(edmModels("list", { HOME: join(folder, "home") }).stdout).toBe(
      `There is no model in ${join(folder, "home", ".cmsrun", "models")}.\n`,
    );
    vi.stubEnv("CMSRUN_MODEL_STORE", "");
    expect(new ModelStore().root).toBe(join(homedir(), ".cmsrun", "models"));
    vi.stubEnv("CMSRUN_MODEL_STORE", store.root);
    expect(models.list("other").map(({ path }) => path)).toEqual([join(store.root, "other", "v1")]);
    vi.unstubAllEnvs();
  });

  it("runs in tfrun", () => {
    const { stdout, stderr } = spawnSync(process.execPath, [join(root, "dist", "tfrun.js"), "model:jet"], {
      encoding: "utf8",
      env: { ...process.env, CMSRUN_MODEL_STORE: store.root },
    });
    expect([stdout.includes("float32[?,5]") || stdout.includes("input"), stderr]).toEqual([true, ""]);
  });

  it("finds a model that was changed", () => {
    const { stdout } = edmModels("check");
    expect(stdout).toMatch(
      /^jet:v1: ok, sha256 ([0-9a-f]{64})\njet:v2: ok, sha256 \1\nother:v1: ok, sha256 /,
    );
    const file = join(store.root, "other", "v1", "fingerprint.pb");
    const bytes = readFileSync(file);
    bytes[0] = (bytes[0] as number) ^ 1;
    writeFileSync(file, bytes);
    const outcome = edmModels("check other jet:v1");
    expect(outcome.code).toBe(1);
    expect(outcome.stdout).toMatch(/^other:v1: damaged\njet:v1: ok/);
    expect(outcome.stderr).toContain("model 'other:v1' is damaged: its files have sha256");
  });

  it("deletes models when it is told twice", () => {
    expect(exceptionBlock(edmModels("delete jet:v1"))).toContain("there is no terminal; give -y.");
    expect(exceptionBlock(edmModels("delete jet:v1 nobody -y"))).toContain("there is no model 'nobody'");
    expect(store.list()).toHaveLength(3);
    expect(edmModels("delete jet other:v1 -y")).toEqual({
      code: 0,
      stdout: "jet:v1\njet:v2\nother:v1\n",
      stderr: "",
    });
    expect(store.list()).toEqual([]);
    expect(existsSync(join(store.root, "jet"))).toBe(false);
    rmSync(store.root, { recursive: true });
  });
});
