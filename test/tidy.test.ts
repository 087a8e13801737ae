/** The house rules that a machine can check: layers import one way, files say what they are for, nothing is left unnamed. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Lowest first: a file imports from its own folder or one before it. */
const layers = [
  "base",
  "parameters",
  "data",
  "io",
  "tensorflow",
  "aot",
  "predict",
  "services",
  "eventsetup",
  "modules",
  "config",
  "engine",
  "serving",
  "batch",
  "testing",
  "cli",
];

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true })
    .map((name) => join(folder, String(name)))
    .filter(
      (path) =>
        path.endsWith(".ts") && !path.endsWith(".generated.ts") && statSync(join(root, path)).isFile(),
    );
}

function imports(path: string): string[] {
  const text = readFileSync(join(root, path), "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
  return [...text.matchAll(/(?:from\s+|import\(\s*|^import\s+)"([^"]+)"/gm)].map(
    (match) => match[1] as string,
  );
}

const layerOf = (path: string) =>
  path.split("/")[1] === "index.ts" ? "index" : (path.split("/")[1] as string);
const framework = sources("framework");

describe("layers", () => {
  it("are all listed", () => {
    const found = [...new Set(framework.map(layerOf))].filter((layer) => layer !== "index");
    expect(found.filter((layer) => !layers.includes(layer))).toEqual([]);
  });

  it("import one way", () => {
    const upward = framework.flatMap((path) =>
      imports(path)
        .filter((name) => name.startsWith("."))
        .map((name) => relative(root, join(root, dirname(path), name)))
        // The command line hands the framework itself to configs, whole.
        .filter(
          (target) =>
            layerOf(path) !== "index" && !(layerOf(path) === "cli" && layerOf(target) === "index.js"),
        )
        .filter(
          (target) =>
            layers.indexOf(layerOf(target)) > layers.indexOf(layerOf(path)) || layerOf(target) === "index.js",
        )
        .map((target) => `${path} imports ${target}`),
    );
    expect(upward).toEqual([]);
  });

  it("import one way between the folders of serving/, too", () => {
    const folders = ["batching", "runner", "service", "kserve", "repository", "store", "server", "sonic"];
    const placeOf = (path: string) => folders.indexOf(path.split("/")[2] as string);
    const upward = framework
      .filter((path) => layerOf(path) === "serving")
      .flatMap((path) =>
        imports(path)
          .filter((name) => name.startsWith("."))
          .map((name) => relative(root, join(root, dirname(path), name)))
          .filter((target) => layerOf(target) === "serving" && placeOf(target) > placeOf(path))
          .map((target) => `${path} imports ${target}`),
      );
    expect(upward).toEqual([]);
  });

  it("leave plugins and configs with #framework, compiled models, their neighbours and node", () => {
    const allowed = /^(#framework|#testing|tfaot-model-|node:|\.)/;
    const foreign = [...sources("plugins"), ...sources("configs")].flatMap((path) =>
      imports(path)
        .filter((name) => !allowed.test(name))
        .map((name) => `${path} imports ${name}`),
    );
    expect(foreign).toEqual([]);
  });

  it("keep a test on the sources or on the built framework, never on both", () => {
    const both = sources("test").filter((path) => {
      const names = imports(path);
      return names.includes("#framework") && names.some((name) => name.includes("/framework/"));
    });
    expect(both).toEqual([]);
  });
});

describe("files", () => {
  const own = [...framework, ...sources("plugins"), ...sources("configs")];

  it("open with what they are for", () => {
    const silent = own.filter(
      (path) => !/^(#!.*\n)?\s*(\/\*\*|\/\/)/.test(readFileSync(join(root, path), "utf8")),
    );
    expect(silent).toEqual([]);
  });

  it("have a place: no utils, helpers or common", () => {
    expect(own.filter((path) => /(^|\/)(utils?|helpers?|common)(\/|\.ts$)/i.test(path))).toEqual([]);
  });

  it("name no barrel but framework/index.ts", () => {
    expect(framework.filter((path) => path.endsWith("/index.ts") && path !== "framework/index.ts")).toEqual(
      [],
    );
  });

  it("define the plugin that they are named after", () => {
    const misnamed = sources("plugins").filter((path) => {
      const names = [...readFileSync(join(root, path), "utf8").matchAll(/@DEFINE_FWK_\w+\("(\w+)"\)/g)].map(
        (match) => match[1],
      );
      return names.length > 0 && !names.every((name) => path.endsWith(`/${name}.ts`));
    });
    expect(misnamed).toEqual([]);
  });

  it("are run by a test when they are configs", () => {
    const tests = sources("test")
      .map((path) => readFileSync(join(root, path), "utf8"))
      .join("\n");
    const untested = sources("configs").filter(
      (path) => path.endsWith("_cfg.ts") && !tests.includes(path.split("/").at(-1) as string),
    );
    expect(untested).toEqual([]);
  });
});
