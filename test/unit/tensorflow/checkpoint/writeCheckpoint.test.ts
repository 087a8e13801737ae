/** The file `checkpoint` beside checkpoints that we write, and what a path may mean. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { Checkpoint } from "../../../../framework/tensorflow/checkpoint/Checkpoint.js";
import { writeCheckpoint } from "../../../../framework/tensorflow/checkpoint/writeCheckpoint.js";
import { Tensor } from "../../../../framework/tensorflow/Tensor.js";

const root = mkdtempSync(join(tmpdir(), "writeCheckpoint-"));
afterAll(() => rmSync(root, { recursive: true }));
let folders = 0;
const newFolder = () => join(root, String(folders++));
const x = new Tensor("float32", [2], [1, 2]);

it("the latest is the last that was written; those whose files are gone are forgotten", () => {
  const folder = newFolder();
  for (const step of [1, 2, 1, 3]) {
    writeCheckpoint(join(folder, `model-${step}`), { step: new Tensor("int32", [], [step]) });
    if (step === 2) writeCheckpoint(join(folder, "aside"), { x }, { stateFile: false });
  }
  rmSync(join(folder, "model-2.index"));
  writeCheckpoint(`${folder}/./model-4`, { step: new Tensor("int32", [], [4]) });
  expect(readFileSync(join(folder, "checkpoint"), "utf8")).toBe(
    'model_checkpoint_path: "model-4"\n' +
      ["model-1", "model-3", "model-4"].map((name) => `all_model_checkpoint_paths: "${name}"\n`).join(""),
  );
  expect(new Checkpoint(folder).read("step").data).toEqual(new Int32Array([4]));
});

it("a folder that was moved still finds its latest, though the state file has a whole path", () => {
  const folder = newFolder();
  writeCheckpoint(join(folder, "model"), { x });
  writeFileSync(
    join(folder, "checkpoint"),
    `model_checkpoint_path: "${folder}/model"\nlast_preserved_timestamp: 1.5\n`,
  );
  const moved = newFolder();
  renameSync(folder, moved);
  expect(new Checkpoint(moved).prefix).toBe(join(moved, "model"));
});

it("a folder without a state file has one checkpoint or is asked which", () => {
  const folder = newFolder();
  writeCheckpoint(join(folder, "a"), { x }, { stateFile: false });
  expect(new Checkpoint(folder).names).toEqual(["x"]);
  writeCheckpoint(join(folder, "b"), { x }, { stateFile: false });
  expect(() => new Checkpoint(folder)).toThrow(
    /has several and no file 'checkpoint'; name one of 'a', 'b'\.$/,
  );
});

it("an index that went is told from a checkpoint that never was", () => {
  const folder = newFolder();
  writeCheckpoint(join(folder, "model"), { x });
  rmSync(join(folder, "model.index"));
  expect(() => new Checkpoint(join(folder, "model.data-00000-of-00001"))).toThrow(
    /is part of it, but '.*model\.index'/,
  );
  expect(() => new Checkpoint(folder)).toThrow(
    /checkpoint' names the checkpoint 'model', but '.*model\.index' is/,
  );
  expect(() => new Checkpoint(join(folder, "other"))).toThrow(/is not there: '.*other\.index' is missing\.$/);
});

it("a file `checkpoint` of another kind stops the writing before it begins", () => {
  const folder = newFolder();
  mkdirSync(folder);
  writeFileSync(join(folder, "checkpoint"), "model_checkpoint_path: {");
  expect(() => writeCheckpoint(join(folder, "model"), { x })).toThrow(
    /cannot be read as a checkpoint state file/,
  );
  expect(existsSync(join(folder, "model.index"))).toBe(false);
  writeFileSync(join(folder, "file"), "");
  expect(() => writeCheckpoint(join(folder, "file", "model"), { x })).toThrow(
    /'.*model' cannot be written: /,
  );
});
