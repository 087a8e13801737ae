/** Compiled code on disk: what is not exactly what was written for the key is never used. */
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { CodeCache, DamagedConstant } from "../../../../framework/aot/engine/CodeCache.js";
import { compileGraph } from "../../../../framework/aot/compile.js";
import type { CompiledCode } from "../../../../framework/aot/Unit.js";
import { constantGraphNodes, graphOf } from "../../tensorflow/buildGraph.js";

const folder = mkdtempSync(join(tmpdir(), "codecache-"));
afterAll(() => rmSync(folder, { recursive: true }));

const feeds = [
  { name: "input:0", dtype: "float32", shape: [2, 10] },
  { name: "scale:0", dtype: "float32", shape: [] },
] as const;
const code = compileGraph(graphOf(...constantGraphNodes), feeds, ["output:0"], "wasm");
const directory = join(folder, "cache");

function written(): CodeCache {
  rmSync(directory, { recursive: true, force: true });
  const cache = new CodeCache(directory);
  cache.write("key", code);
  return cache;
}

function filesOf(path: string): string[] {
  return readdirSync(path).flatMap((name) => {
    const own = join(path, name);
    return statSync(own).isDirectory() ? filesOf(own) : [own];
  });
}

function same(read: CompiledCode | undefined): boolean {
  return (
    read !== undefined &&
    JSON.stringify(read.layout) === JSON.stringify(code.layout) &&
    Buffer.compare(read.code, code.code) === 0 &&
    read.constants.every((bytes, i) => Buffer.compare(bytes, code.constants[i] as Uint8Array) === 0)
  );
}

describe("the code cache", () => {
  beforeEach(() => rmSync(directory, { recursive: true, force: true }));

  it("gives back what was written, and leaves no other files", () => {
    const cache = written();
    expect(same(cache.read("key"))).toBe(true);
    cache.write("key", code);
    expect(same(new CodeCache(directory).read("key"))).toBe(true);
    expect(filesOf(directory).filter((path) => /\.\d+\.\d+$/.test(path))).toEqual([]);
  });

  it("gives nothing for a key that was not written, and makes no folder to find out", () => {
    expect(new CodeCache(directory).read("key")).toBeUndefined();
    expect(readdirSync(folder)).not.toContain("cache");
  });

  it("does not use what has any byte changed", () => {
    for (const path of written() && filesOf(directory)) {
      const bytes = readFileSync(path);
      for (let at = 0; at < bytes.length; at += Math.max(1, Math.floor(bytes.length / 150))) {
        const damaged = Buffer.from(bytes);
        damaged[at] = (damaged[at] as number) ^ 1;
        writeFileSync(path, damaged);
        const read = new CodeCache(directory).read("key");
        expect(read === undefined || same(read), `${path}, byte ${at}`).toBe(true);
      }
      writeFileSync(path, bytes);
      expect(same(new CodeCache(directory).read("key"))).toBe(true);
    }
  });

  it("does not use what was cut, emptied, or is another file", () => {
    for (const path of written() && filesOf(directory)) {
      const bytes = readFileSync(path);
      const foreign = ["", "{}", "null", "[]", '["",""]', "[1,2]", "\0\0"].map((text) => Buffer.from(text));
      for (const wrong of [bytes.subarray(0, bytes.length / 2), bytes.subarray(0, -1), ...foreign]) {
        writeFileSync(path, wrong);
        expect(new CodeCache(directory).read("key"), path).toBeUndefined();
      }
      writeFileSync(path, Buffer.concat([bytes, Buffer.from([0])]));
      expect(new CodeCache(directory).read("key"), path).toBeUndefined();
      rmSync(path);
      expect(new CodeCache(directory).read("key"), path).toBeUndefined();
      new CodeCache(directory).write("key", code);
      expect(same(new CodeCache(directory).read("key"))).toBe(true);
    }
  });

  it("reads a constant when it is asked for, and says when it is damaged", () => {
    const cache = written();
    const [hash] = code.layout.constants.map((block) => block.hash) as [string];
    const path = join(directory, "constants", hash);
    const entry = cache.open("key");
    expect(entry?.constants(0)).toEqual(code.constants[0]);
    writeFileSync(path, "something else");
    expect(() => entry?.constants(0)).toThrow(DamagedConstant);
    rmSync(path);
    expect(() => cache.open("key")?.constants(0)).toThrow(DamagedConstant);
    expect(cache.read("key")).toBeUndefined();
    // It knows what it has written, but looks whether it is there.
    cache.write("key", code);
    expect(same(cache.read("key"))).toBe(true);
  });

  it("does not use the code of another key under this one's name", () => {
    const cache = written();
    renameSync(join(directory, "key.json"), join(directory, "other.json"));
    renameSync(join(directory, "key.code"), join(directory, "other.code"));
    expect(cache.read("other")).toBeUndefined();
  });

  it("is no error where nothing can be written", () => {
    writeFileSync(directory, "a file");
    const cache = new CodeCache(directory);
    cache.write("key", code);
    expect(cache.read("key")).toBeUndefined();
  });

  it("may be written and read by two processes at once", async () => {
    const entry = fileURLToPath(new URL("./codeCacheProcess.ts", import.meta.url));
    const outfile = join(folder, "process.mjs");
    const options = { bundle: true, platform: "node", format: "esm", logLevel: "silent" } as const;
    await build({ entryPoints: [entry], outfile, ...options });
    const run = () => promisify(execFile)(process.execPath, [outfile, directory]);
    const outputs = await Promise.all([run(), run(), run()]);
    for (const { stdout } of outputs) expect(JSON.parse(stdout)).toEqual({ wrong: 0, rounds: 150 });
  });
});
