/** What a C compiler said is believed again for the same file only, and a damaged note is no note. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { KnownCompilers } from "../../../../framework/aot/native/knownCompilers.js";
import { findNativeCompiler } from "../../../../framework/aot/native/nativeCompiler.js";

const folder = mkdtempSync(join(tmpdir(), "knowncompilers-"));
afterAll(() => rmSync(folder, { recursive: true }));
const notes = join(folder, "notes");
const compiler = join(folder, "a compiler");
const calls = join(folder, "calls");

/** A compiler for a CPU with these macros, which notes each time it is started. */
function install(...macros: string[]): void {
  const lines = macros.map((name) => `echo '#define ${name} 1'`).join("\n");
  writeFileSync(compiler, `#!/bin/sh\necho started >> '${calls}'\n${lines}\n`);
  chmodSync(compiler, 0o755);
}

const starts = () => (existsSync(calls) ? readFileSync(calls, "utf8").trim().split("\n").length : 0);
const find = (version = "1") => findNativeCompiler(compiler, new KnownCompilers(notes, version));

describe.skipIf(process.platform === "win32")("known compilers", () => {
  beforeEach(() => {
    rmSync(notes, { recursive: true, force: true });
    rmSync(calls, { force: true });
    install("__x86_64__", "__SSE4_1__");
  });

  it("are not asked again", () => {
    const found = find();
    expect(found).toMatchObject({ path: compiler, features: "x86-64 sse4.1", target: { lanes: 4 } });
    expect(starts()).toBe(1);
    expect(find()).toEqual(found);
    expect(starts()).toBe(1);
    expect(readdirSync(notes)).toHaveLength(1);
  });

  it("are asked again when the file is another, or we make something else of the answer", () => {
    find();
    utimesSync(compiler, 1e9, 1e9);
    find();
    expect(starts()).toBe(2);
    find("2");
    expect(starts()).toBe(3);
    install("__aarch64__");
    expect(find().features).toBe("aarch64");
    expect(starts()).toBe(4);
    rmSync(compiler);
    expect(() => find()).toThrow("no working C compiler");
  });

  it("are found in PATH, each folder in turn", () => {
    const [first, second] = [join(folder, "first"), join(folder, "second")];
    for (const place of [first, second]) mkdirSync(place);
    const before = process.env.PATH;
    try {
      process.env.PATH = `${first}:${second}:${before}`;
      mkdirSync(join(first, "ourcc"));
      writeFileSync(join(second, "ourcc"), readFileSync(compiler), { mode: 0o755 });
      for (let round = 0; round < 2; round++)
        expect(findNativeCompiler("ourcc", new KnownCompilers(notes, "1")).features).toBe("x86-64 sse4.1");
      expect(starts()).toBe(1);
    } finally {
      process.env.PATH = before;
    }
  });

  it("are asked where the note has any byte changed, is cut, or cannot be written", () => {
    const found = find();
    const path = join(notes, readdirSync(notes)[0] as string);
    const bytes = readFileSync(path);
    for (let at = 0; at < bytes.length; at += 7) {
      const damaged = Buffer.from(bytes);
      damaged[at] = (damaged[at] as number) ^ 1;
      for (const wrong of [damaged, bytes.subarray(0, at)]) {
        writeFileSync(path, wrong);
        expect(new KnownCompilers(notes, "1").get(compiler)).toBeUndefined();
      }
    }
    rmSync(notes, { recursive: true });
    writeFileSync(notes, "a file");
    expect(find()).toEqual(found);
    expect(find()).toEqual(found);
    expect(starts()).toBe(3);
  });
});
