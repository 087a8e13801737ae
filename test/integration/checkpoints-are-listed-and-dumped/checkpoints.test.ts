/** lsCheckpoint and dumpModelParams as a person and as a program see them. */
import { spawnSync } from "node:child_process";
import { cpSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadNpz, Tensor, writeCheckpoint } from "#framework";
import { exceptionBlock, root, temporaryFolder } from "../run.js";

const folder = temporaryFolder();
const savedModel = join(root, "test", "unit", "tensorflow", "savedModels", "functions");

function run(tool: string, ...args: string[]) {
  const program = join(root, "dist", `${tool}.js`);
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
    cwd: folder,
    encoding: "utf8",
    timeout: 25_000,
  });
  return { code: status, stdout, stderr };
}

const w = new Tensor("float32", [2, 3], [1, 2, 3, 4, 5, 6]);
const training = {
  w,
  "w/Adam": w,
  "w/Adam_1": w,
  beta1_power: new Tensor("float32", []),
  global_step: new Tensor("int64", []),
};
writeCheckpoint(join(folder, "training", "model-10"), training);

describe("lsCheckpoint", () => {
  it("lists the latest checkpoint of a folder", () => {
    expect(run("lsCheckpoint", "training")).toEqual({
      code: 0,
      stdout: [
        "beta1_power  float32[]      4",
        "global_step  int64[]        8",
        "w            float32[2,3]  24",
        "w/Adam       float32[2,3]  24",
        "w/Adam_1     float32[2,3]  24",
        "5 tensors, 20 elements, 84 bytes",
        "",
      ].join("\n"),
      stderr: "",
    });
  });

  it("lists a SavedModel's variables by their names, and where they are stored", () => {
    const { stdout } = run("lsCheckpoint", savedModel);
    expect(stdout).toMatch(/^b_1 +float32\[3\] +12 +b\/\.ATTRIBUTES\/VARIABLE_VALUE$/m);
    const { tensors, elements, bytes } = JSON.parse(run("lsCheckpoint", savedModel, "--json").stdout);
    expect(tensors[0]).toEqual({
      name: "b",
      key: "same_name/.ATTRIBUTES/VARIABLE_VALUE",
      dtype: "float32",
      shape: [3],
      bytes: 12,
    });
    expect([tensors.length, elements, bytes]).toEqual([5, 24, 96]);
  });

  it.each([
    [[], "CommandLineProcessing", "lsCheckpoint: it takes one file, not 0."],
    [["nothing"], "InvalidSession", "checkpoint 'nothing' is not there: 'nothing.index' is missing."],
    [["nothing.npz"], "FileOpenError", "'nothing.npz' cannot be read: ENOENT"],
  ])("%j ends in one message", (args, category, message) => {
    const { code, stdout, stderr } = run("lsCheckpoint", ...args);
    expect(code).not.toBe(0);
    expect(stderr).toContain(`category '${category}'`);
    expect(exceptionBlock({ code, stdout, stderr })).toContain(message);
  });
});

describe("dumpModelParams", () => {
  it("leaves out what only training needs", () => {
    expect(run("dumpModelParams", "training", "model.npz")).toEqual({
      code: 0,
      stdout: "model.npz: 1 variable by their names; left out: beta1_power, global_step, w/Adam, w/Adam_1\n",
      stderr: "",
    });
    expect(loadNpz(join(folder, "model.npz"))).toEqual(new Map([["w", w]]));
  });

  it("writes a checkpoint, the same bytes each time", () => {
    for (const name of ["a", "b"]) expect(run("dumpModelParams", "model.npz", `${name}/model`).code).toBe(0);
    expect(readdirSync(join(folder, "a")).sort()).toEqual(["model.data-00000-of-00001", "model.index"]);
    const [a, b] = ["a", "b"].map((name) => readFileSync(join(folder, name, "model.index")));
    expect(a).toEqual(b);
  });

  it.each<[string, (copy: string) => void, string]>([
    [
      "a shard that is too short",
      (copy) => truncateSync(`${copy}.data-00000-of-00001`, 10),
      "is too short: 10 bytes",
    ],
    [
      "a shard that is missing",
      (copy) => rmSync(`${copy}.data-00000-of-00001`),
      "-00000-of-00001' is missing.",
    ],
    ["an index that is missing", (copy) => rmSync(`${copy}.index`), "names the checkpoint 'model-10', but '"],
    [
      "an index that is too short",
      (copy) => truncateSync(`${copy}.index`, 30),
      ".index': the index is damaged: it is too short",
    ],
    [
      "a flipped bit",
      (copy) => flip(`${copy}.data-00000-of-00001`, 15),
      "'w': its checksum is wrong: the file is damaged.",
    ],
    [
      "a meta graph that is none",
      (copy) => writeFileSync(`${copy}.meta`, "no"),
      "model-10.meta' is no meta graph: ",
    ],
  ])("refuses %s and writes nothing", (what, damage, message) => {
    cpSync(join(folder, "training"), join(folder, what), { recursive: true });
    damage(join(folder, what, "model-10"));
    const { code, stdout, stderr } = run("dumpModelParams", what, `${what}.npz`);
    expect(code).not.toBe(0);
    expect(exceptionBlock({ code, stdout, stderr })).toContain(message);
    expect(readdirSync(folder).filter((name) => name.startsWith(`${what}.npz`))).toEqual([]);
  });
});

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] as number) ^ 1;
  writeFileSync(path, bytes);
}
