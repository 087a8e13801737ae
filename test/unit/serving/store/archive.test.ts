import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import { Header } from "tar";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { filesIn } from "../../../../framework/base/contentHash.js";
import type { Model } from "../../../../framework/serving/store/Model.js";
import { ModelStore } from "../../../../framework/serving/store/ModelStore.js";
import { saveModel } from "../../../../framework/serving/store/saveModel.js";
import { exportModel, importModel } from "../../../../framework/serving/store/transferModel.js";
import { freeze } from "../../../../framework/tensorflow/ConcreteFunction.js";
import { createSession } from "../../../../framework/tensorflow/Session.js";
import { Tensor } from "../../../../framework/tensorflow/Tensor.js";

const here = fileURLToPath(new URL(".", import.meta.url));
const root = join(here, "..", "..", "..", "..");
const folder = mkdtempSync(join(tmpdir(), "cmsrun-archive-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const store = new ModelStore(join(folder, "store"));
let stores = 0;
const newStore = () => new ModelStore(join(folder, `store${stores++}`));
const contentsOf = (path: string) =>
  Object.fromEntries(filesIn(path).map((name) => [name, readFileSync(join(path, name)).toString("base64")]));

let model: Model;
let archive: string;
beforeAll(async () => {
  model = await saveModel(join(root, "data", "models", "jet_btag", "saved_model"), "jet:v1", {
    store,
    labels: { owner: "me" },
    customObjects: { cuts: [0.1, 0.5] },
  });
  mkdirSync(join(model.path, "assets"));
  archive = await exportModel(store, "jet", folder);
});

describe("a model as one file", () => {
  it.each(["a.tar.gz", "a.tgz", "a.tar", "some/folder/a.tar"])(
    "%s comes back byte for byte",
    async (name) => {
      const file = await exportModel(store, "jet:v1", join(folder, name));
      expect(file).toBe(join(folder, name));
      const other = newStore();
      const imported = await importModel(other, file);
      expect(String(imported.tag)).toBe("jet:v1");
      expect(contentsOf(imported.path)).toEqual(contentsOf(model.path));
      expect(existsSync(join(imported.path, "assets"))).toBe(true);
      expect(String(other.get("jet").tag)).toBe("jet:v1");
      imported.check();
    },
  );

  it("is NAME-VERSION.tar.gz in a folder, and has the same bytes each time", async () => {
    expect(archive).toBe(join(folder, "jet-v1.tar.gz"));
    const bytes = readFileSync(archive);
    await exportModel(newStoreWith(model), "jet", archive);
    expect(readFileSync(archive).equals(bytes)).toBe(true);
    expect(readdirSync(folder).filter((name) => name.startsWith("."))).toEqual([]);
  });

  it("is read by tar, with model.yaml at its root", () => {
    const { stdout } = spawnSync("tar", ["tzf", archive], { encoding: "utf8" });
    expect(stdout.split("\n")).toContain("./model.yaml");
  });

  it("may be a folder", async () => {
    expect(contentsOf((await importModel(newStore(), model.path)).path)).toEqual(contentsOf(model.path));
  });

  it.each([
    ["a.zip", "not as '.zip'"],
    ["a.bentomodel", "not as '.bentomodel'"],
    ["a", "not as ''"],
  ])("is not written as %s", async (name, why) => {
    await expect(exportModel(store, "jet", join(folder, name))).rejects.toThrow(why);
    expect(existsSync(join(folder, name))).toBe(false);
  });
});

function newStoreWith({ path, tag }: Model): ModelStore {
  const other = newStore();
  cpSync(path, join(other.root, tag.name, String(tag.version)), { recursive: true });
  return other;
}

describe("a model of BentoML's", () => {
  const sample = join(here, "bentoml", "row_times_five.tar.gz");

  it("is imported and run", async () => {
    const imported = await importModel(newStore(), sample);
    const { tag, labels, metadata, signatures, info } = imported;
    expect({ tag: String(tag), labels, metadata, signatures, context: info.context }).toEqual({
      tag: "row_times_five:sample",
      labels: { owner: "test", stage: "sample" },
      metadata: { weights: [1, 2, 3, 4, 5], note: "float64", nested: { a: true } },
      signatures: { __call__: { batchable: true, batchDim: [0, 0] } },
      context: expect.objectContaining({
        bentoml_version: "1.1.11",
        framework_versions: { tensorflow: "2.15.1" },
      }),
    });
    expect(Object.keys(imported.customObjects)).toEqual(["custom_objects.pkl"]);
    imported.check();
    const session = createSession(freeze(imported.concreteFunction()), { engine: "reference" });
    const [output] = session.run({ inputs: new Tensor("float64", [1, 5], [1, 1, 1, 1, 1]) }, ["output_0"]);
    expect([...(output?.data ?? [])]).toEqual([15]);
  });

  it("keeps its model.yaml but for the hash", async () => {
    const unpacked = join(folder, "unpacked");
    mkdirSync(unpacked);
    spawnSync("tar", ["xzf", sample, "-C", unpacked]);
    const imported = await importModel(newStore(), unpacked);
    const text = readFileSync(join(imported.path, "model.yaml"), "utf8");
    expect(text.replace(/^content_hash: sha256:[0-9a-f]{64}\n/m, "")).toBe(
      readFileSync(join(unpacked, "model.yaml"), "utf8"),
    );
  });

  it("is refused as XZ, with the command that helps", async () => {
    for (const [name, shown] of [
      ["model.bentomodel", join(folder, "model.bentomodel")],
      ["it's.xz", `'${join(folder, "it'\\''s.xz")}'`],
    ] as const) {
      writeFileSync(join(folder, name), Buffer.from("fd377a585a000004e6d6b446", "hex"));
      await expect(importModel(newStore(), join(folder, name))).rejects.toThrow(
        `xz -dc ${shown} > model.tar makes one that is`,
      );
    }
  });

  it("may say neither what saved it nor how it is called", async () => {
    const unpacked = join(folder, "of_bentoml_1_4");
    mkdirSync(unpacked);
    spawnSync("tar", ["xzf", sample, "-C", unpacked]);
    const file = join(unpacked, "model.yaml");
    const text = readFileSync(file, "utf8");
    const bare = text
      .replace("module: bentoml.tensorflow", "module: ''")
      .replace(/^signatures:\n( .*\n)+/m, "signatures: {}\n");
    writeFileSync(file, bare);
    const model = await importModel(newStore(), unpacked);
    expect(model.signatures).toEqual({ __call__: { batchable: false, batchDim: [0, 0] } });
    expect(
      model
        .toRunner({ inference: { engine: "reference" } })
        .initLocal()
        .run([[1, 2, 3, 4, 5]]),
    ).toEqual([[55]]);
    expect(model.concreteFunction().variables.size).toBe(1);
  });
});

interface Entry {
  readonly path: string;
  readonly type?: "File" | "Directory" | "SymbolicLink" | "Link" | "CharacterDevice";
  readonly linkpath?: string;
  readonly data?: string;
  readonly size?: number;
}

/** A tar archive of whatever entries, as nobody's tool would write them. */
function tarOf(entries: readonly Entry[]): Buffer {
  const parts = entries.flatMap(({ path, type = "File", linkpath, data = "", size }) => {
    const header = new Header({
      path,
      type,
      ...(linkpath ? { linkpath } : {}),
      size: size ?? data.length,
      mode: 0o644,
    });
    const block = Buffer.alloc(512);
    header.encode(block, 0);
    return [block, Buffer.from(data.padEnd(512 * Math.ceil(data.length / 512), "\0"))];
  });
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}

describe("what is no exported model", () => {
  const yaml =
    "name: evil\nversion: v1\nmodule: bentoml.tensorflow\napi_version: v1\ncreation_time: '2026-01-01T00:00:00+00:00'\n";
  const good: Entry[] = [
    { path: "model.yaml", data: yaml },
    { path: "saved_model.pb", data: "x" },
  ];
  const withEntry = (entry: Entry) => tarOf([...good, entry]);
  const replaced = (from: string, to: string) =>
    tarOf([{ path: "model.yaml", data: yaml.replace(from, to) }, good[1] as Entry]);

  it("would be one without its fault", async () => {
    const file = join(folder, "good.tar");
    writeFileSync(file, tarOf([...good, { path: "./assets/", type: "Directory" }]));
    const imported = await importModel(newStore(), file);
    expect(filesIn(imported.path)).toEqual(["model.yaml", "saved_model.pb"]);
  });

  it.each<[string, () => Buffer, string]>([
    [
      "a path that leads out",
      () => withEntry({ path: "../evil", data: "x" }),
      '"../evil", which is no plain relative path',
    ],
    [
      "one that does so inside",
      () => withEntry({ path: "assets/../../evil", data: "x" }),
      "which is no plain relative path",
    ],
    [
      "an absolute path",
      () => withEntry({ path: "/tmp/evil", data: "x" }),
      '"/tmp/evil", which is no plain relative path',
    ],
    [
      "a path of Windows",
      () => withEntry({ path: "a\\..\\evil", data: "x" }),
      "which is no plain relative path",
    ],
    [
      "a symbolic link",
      () => withEntry({ path: "link", type: "SymbolicLink", linkpath: "/etc/passwd" }),
      "is of type SymbolicLink; only files and folders are taken",
    ],
    [
      "a hard link",
      () => withEntry({ path: "link", type: "Link", linkpath: "model.yaml" }),
      "is of type Link",
    ],
    ["a device", () => withEntry({ path: "null", type: "CharacterDevice" }), "is of type CharacterDevice"],
    [
      "a file that is in it twice",
      () => withEntry({ path: "./model.yaml", data: "x" }),
      "'model.yaml' is in it twice",
    ],
    [
      "too many bytes",
      () => withEntry({ path: "big", size: 2 ** 33 }),
      "it has more than 1000000 bytes, unpacked",
    ],
    [
      "too many files",
      () => tarOf(Array.from({ length: 102 }, (_, i) => ({ path: `f${i}`, data: "x" }))),
      "it has more than 100 files",
    ],
    [
      "a bomb",
      () => gzipSync(withEntry({ path: "zeros", data: "0".repeat(2_000_000) })),
      "it has more than 1000000 bytes, unpacked",
    ],
    ["nothing", () => tarOf([]), "cannot be imported"],
    ["no bytes", () => Buffer.alloc(0), "cannot be imported"],
    ["no archive", () => Buffer.from("hello ".repeat(200)), "cannot be imported"],
    ["a truncated archive", () => readFileSync(archive).subarray(0, 5000), "cannot be imported"],
    ["a truncated tar", () => gunzipSync(readFileSync(archive)).subarray(0, 3000), "cannot be imported"],
    ["a changed file", () => changed(gunzipSync(readFileSync(archive))), "it is damaged"],
    ["no model.yaml", () => tarOf(good.slice(1)), "there is no model.yaml at its root"],
    [
      "a folder around it",
      () => tarOf(good.map(({ path, data }) => ({ path: `m/${path}`, data: data ?? "" }))),
      "there is no model.yaml at its root",
    ],
    [
      "no SavedModel",
      () => tarOf(good.slice(0, 1)),
      "without saved_model.pb; only SavedModels are kept here",
    ],
    ["a zip file", () => Buffer.from("504b030414000000", "hex"), "it is a zip file; unzip it"],
    ["a bad tag", () => replaced("evil", "../evil"), "its name '../evil' is none"],
    ["a version latest", () => replaced("version: v1", "version: latest"), "'latest'"],
    ["no version", () => replaced("version: v1\n", ""), "'version' is missing"],
    [
      "a number as version",
      () => replaced("version: v1", "version: 1"),
      "'version' is no text; put it in quotes",
    ],
    ["another api", () => replaced("api_version: v1", "api_version: v2"), "its api_version is 'v2'"],
    ["no time", () => replaced("2026-01-01T00:00:00+00:00", "today"), "'creation_time' is no time"],
    ["no yaml", () => replaced("name: evil", "name: ["), "is no model.yaml"],
    ["a list", () => tarOf([{ path: "model.yaml", data: "- 1\n" }, good[1] as Entry]), "it has no keys"],
    ["a label that is a number", () => replaced("module", "labels: {a: 1}\nmodule"), "label 'a' is number 1"],
    [
      "another key of a signature",
      () => replaced("module", "signatures: {f: {batchdim: 1}}\nmodule"),
      "did you mean 'batchDim'?",
    ],
    ["no hash", () => replaced("module", "content_hash: abc\nmodule"), "'content_hash' is not of the form"],
  ])("is refused: %s", async (_, bytes, why) => {
    const file = join(folder, "bad.tar");
    writeFileSync(file, bytes());
    const empty = newStore();
    const error = await importModel(empty, file, { maxSizeBytes: 1_000_000, maxFiles: 100 }).then(
      () => new Error("imported"),
      (thrown: Error) => thrown,
    );
    expect(error.message).toContain(why);
    expect((error as { category?: string }).category).toMatch(/^Invalid(Model|Tag)$/);
    expect([empty.list(), readdirSync(join(empty.root, ".incoming"))]).toEqual([[], []]);
    expect([existsSync(join(empty.root, "evil")), existsSync(join(folder, "evil"))]).toEqual([false, false]);
  });

  it("is refused by name where there is none, or the tag is taken", async () => {
    await expect(importModel(store, join(folder, "none.tar"))).rejects.toThrow(
      "there is no such file or folder",
    );
    await expect(importModel(store, archive)).rejects.toThrow(
      "model 'jet:v1' already exists and is never overwritten",
    );
    const plain = join(folder, "plain");
    mkdirSync(plain);
    copyFileSync(archive, join(plain, "a"));
    await expect(importModel(newStore(), plain)).rejects.toThrow("there is no model.yaml in it");
  });
});

/** One bit of the weights. */
function changed(tar: Buffer): Buffer {
  const at = tar.indexOf("variables.data");
  const copy = Buffer.from(tar);
  copy[at + 1024] = (copy[at + 1024] as number) ^ 1;
  return copy;
}
