/** Directories appear whole or not at all. */
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
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { createDirectory } from "../../../framework/base/createDirectory.js";

const folder = mkdtempSync(join(tmpdir(), "directory-"));
afterAll(() => rmSync(folder, { recursive: true }));

const writeWord = (directory: string) => writeFileSync(join(directory, "word"), "muon");

describe("createDirectory", () => {
  it("makes a directory, and those above it, in place of none or an empty one", () => {
    mkdirSync(join(folder, "empty"));
    for (const path of [join(folder, "above", "new"), join(folder, "empty"), `${join(folder, "slash")}/`]) {
      createDirectory(path, (directory) => {
        expect(existsSync(join(path, "word"))).toBe(false);
        writeWord(directory);
      });
      expect(readFileSync(join(path, "word"), "utf8")).toBe("muon");
    }
    expect(readdirSync(folder).sort()).toEqual(["above", "empty", "slash"]);
  });

  it("refuses what is there, a file or a directory", () => {
    mkdirSync(join(folder, "full"));
    writeWord(join(folder, "full"));
    for (const path of [join(folder, "full"), join(folder, "full", "word")])
      expect(() => createDirectory(path, writeWord)).toThrow(
        /exists already, and is not overwritten; remove it/,
      );
  });

  it("leaves nothing when filling it fails, or the file system refuses", () => {
    const before = readdirSync(folder);
    const fail = () => {
      throw new TypeError("wrong");
    };
    expect(() => createDirectory(join(folder, "deep", "er"), fail)).toThrow(TypeError);
    expect(() => createDirectory(join(folder, "full", "word", "below"), writeWord)).toThrow(
      /cannot be written/,
    );
    expect(readdirSync(folder)).toEqual(before);
  });
});
