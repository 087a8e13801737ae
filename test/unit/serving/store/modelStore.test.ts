/** The store's own cases, in the manner of BentoML's test_store.py. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { setLogSink } from "../../../../framework/base/log.js";
import { incomingPath } from "../../../../framework/serving/store/incoming.js";
import { ModelStore } from "../../../../framework/serving/store/ModelStore.js";
import { isoTime } from "../../../../framework/serving/store/newVersion.js";
import { Tag } from "../../../../framework/serving/store/Tag.js";

let root: string;
let store: ModelStore;
const warnings: string[] = [];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "cmsrun-store-"));
  store = new ModelStore(root);
  warnings.length = 0;
  setLogSink(({ text }) => warnings.push(text));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const yamlOf = (tag: Tag, timeUs: number) =>
  `name: ${tag.name}\nversion: "${tag.version}"\nmodule: bentoml.tensorflow\napi_version: v1\n` +
  `creation_time: '${isoTime(timeUs)}'\n`;

/** A model made at `time`, in microseconds. */
function add(text: string, time: number, fill: (folder: string) => void = () => undefined) {
  const tag = Tag.parse(text);
  return store.register(tag, time, (folder) => {
    writeFileSync(join(folder, "model.yaml"), yamlOf(tag, time));
    fill(folder);
  });
}

const tags = (models: readonly { tag: Tag }[]) => models.map(({ tag }) => String(tag));
const refused = (action: () => unknown) => {
  try {
    action();
  } catch (error) {
    const { category, message } = error as { category: string; message: string };
    return `${category}: ${message.replaceAll(root, "ROOT")}`;
  }
  return "not refused";
};

describe("an empty store", () => {
  it("lists nothing, and makes no folder to find that out", () => {
    const none = new ModelStore(join(root, "none"));
    expect(none.list()).toEqual([]);
    expect(refused(() => none.get("a"))).toBe(
      "ModelNotFound: there is no model 'a' in 'ROOT/none'; there is none.",
    );
    expect(existsSync(none.root)).toBe(false);
  });
});

it("a file is no store", async () => {
  writeFileSync(join(root, "file"), "");
  store = new ModelStore(join(root, "file"));
  const why = "FileOpenError: the model store 'ROOT/file' is a file; it must be a folder.";
  expect([
    refused(() => store.list()),
    refused(() => store.get("a")),
    refused(() => store.delete("a")),
  ]).toEqual([why, why, why]);
  await expect(add("test:a", 1)).rejects.toThrow(expect.objectContaining({ category: "FileWriteError" }));
});

describe("register", () => {
  it("gives the model, under its name and version", async () => {
    const model = await add("test:version1", 1);
    expect([String(model.tag), model.path]).toEqual(["test:version1", join(root, "test", "version1")]);
    expect(readFileSync(join(root, "test", "latest"), "utf8")).toBe("version1");
    expect(readdirSync(join(root, ".incoming"))).toEqual([]);
  });

  it("never overwrites", async () => {
    await add("test:version1", 1);
    await expect(add("test:version1", 2)).rejects.toThrow(
      expect.objectContaining({
        category: "ModelExists",
        message:
          "model 'test:version1' already exists and is never overwritten; delete it, or save under another version.",
      }),
    );
    expect(store.get("test").creationTime.getTime()).toBe(0);
  });

  it("leaves nothing of a model that could not be made", async () => {
    const fails = add("test:version1", 1, () => {
      throw new Error("no");
    });
    await expect(fails).rejects.toThrow("no");
    await expect(store.register(new Tag("test", "v"), 1, () => undefined)).rejects.toThrow(
      "no model.yaml in it",
    );
    expect([store.list(), readdirSync(root), readdirSync(join(root, ".incoming"))]).toEqual([
      [],
      [".incoming"],
      [],
    ]);
  });

  it("moves latest to newer models only", async () => {
    await add("test:a", 100);
    await add("test:older", 50);
    expect(String(store.get("test").tag)).toBe("test:a");
    await add("test:b", 200);
    expect(String(store.get("test:latest").tag)).toBe("test:b");
    await add("test:c", 200);
    expect(readFileSync(join(root, "test", "latest"), "utf8")).toBe("c");
  });

  it("removes what a killed process of this machine left, and leaves the work of living ones", async () => {
    const incoming = join(root, ".incoming");
    const [host] = basename(incomingPath(root)).split("-");
    const left = [`${host}-999999999-0-0`, `${host}-${process.pid}-0-999`, "elsewhere-999999999-0-0"];
    for (const name of left) mkdirSync(join(incoming, name), { recursive: true });
    await add("test:a", 1);
    expect(readdirSync(incoming).sort()).toEqual(left.slice(1).sort());
  });
});

describe("get", () => {
  beforeEach(async () => {
    for (const [i, tag] of ["test:abc1", "test:abc2", "test:b", "other:1", "test:ab"].entries())
      await add(tag, i + 1);
  });

  it.each([
    ["test:abc1", "test:abc1"],
    ["test:b", "test:b"],
    ["test:ab", "test:ab"],
    ["test:abc2", "test:abc2"],
    ["test", "test:ab"],
    ["test:latest", "test:ab"],
    ["other", "other:1"],
  ])("%s is %s", (given, found) => {
    expect(String(store.get(given).tag)).toBe(found);
    expect(String(store.get(Tag.parse(given)).tag)).toBe(found);
  });

  it("takes the beginning of a version that only one has", async () => {
    await add("test:xyz", 9);
    expect(String(store.get("test:x").tag)).toBe("test:xyz");
    expect(refused(() => store.get("test:a"))).toBe(
      "ModelNotFound: 'test:a' is not one model: 3 versions begin so: 'test:abc2', 'test:abc1', 'test:ab'.",
    );
    expect(refused(() => store.get("test:q"))).toBe(
      "ModelNotFound: there is no version 'q' of model 'test' in 'ROOT'; there is 'test:xyz', 'test:b', 'test:abc2', 'test:abc1', 'test:ab'.",
    );
    expect(refused(() => store.get("tets"))).toBe(
      "ModelNotFound: there is no model 'tets' in 'ROOT'; did you mean 'test'.",
    );
  });

  it("renews a latest that is missing, or means what is not there", () => {
    const latest = join(root, "test", "latest");
    for (const spoil of [
      () => rmSync(latest),
      () => writeFileSync(latest, "gone"),
      () => writeFileSync(latest, "../../x"),
    ]) {
      spoil();
      expect(String(store.get("test").tag)).toBe("test:ab");
      expect(readFileSync(latest, "utf8")).toBe("ab");
    }
  });

  it("says that a folder is no model", () => {
    mkdirSync(join(root, "test", "half"));
    expect(refused(() => store.get("test:half"))).toBe(
      "InvalidModel: 'ROOT/test/half' is no model of a store: there is no model.yaml in it.",
    );
    expect(tags(store.list("test"))).not.toContain("test:half");
    expect(warnings).toHaveLength(1);
  });
});

describe("list", () => {
  beforeEach(async () => {
    for (const [i, tag] of ["b:1", "a:2", "a:1"].entries()) await add(tag, i + 1);
  });

  it.each([
    [undefined, ["a:1", "a:2", "b:1"]],
    ["a", ["a:1", "a:2"]],
    ["a:2", ["a:2"]],
    ["a:latest", ["a:1"]],
    ["a:3", []],
    ["c:1", []],
  ])("%s gives %j", (given, found) => {
    expect(tags(store.list(given))).toEqual(found);
  });

  it("refuses a name that no model has", () => {
    expect(refused(() => store.list("c"))).toMatch(/^ModelNotFound: there is no model 'c' in 'ROOT'/);
  });
});

describe("delete", () => {
  beforeEach(async () => {
    for (const [tag, time] of [
      ["test:a", 3],
      ["test:b", 2],
      ["test:c", 1],
    ] as const)
      await add(tag, time);
  });

  it("removes a model, and latest becomes the newest that is left", () => {
    expect(store.delete("test:a").map(String)).toEqual(["test:a"]);
    expect(String(store.get("test").tag)).toBe("test:b");
    expect(readFileSync(join(root, "test", "latest"), "utf8")).toBe("b");
    expect(store.delete("test:latest").map(String)).toEqual(["test:b"]);
    expect(readdirSync(join(root, ".incoming"))).toEqual([]);
  });

  it("removes the name with its last model", () => {
    expect(store.delete("test").map(String)).toEqual(["test:a", "test:b", "test:c"]);
    expect(existsSync(join(root, "test"))).toBe(false);
  });

  it("refuses what is not there, and part of a version", async () => {
    await add("test:long", 4);
    expect(refused(() => store.delete("test:lon"))).toMatch(/^ModelNotFound: there is no version 'lon'/);
    expect(refused(() => store.delete("none"))).toMatch(/^ModelNotFound/);
    expect(refused(() => store.delete("none:latest"))).toMatch(/^ModelNotFound/);
    expect(store.list()).toHaveLength(4);
  });
});

it("a folder of the store has a tag, others have none", async () => {
  const { path } = await add("test:a", 1);
  expect(
    [path, root, join(path, "variables"), "/tmp", join(root, ".incoming", "x")].map((p) => store.tagOf(p)),
  ).toEqual(["test:a", undefined, undefined, undefined, undefined]);
});
