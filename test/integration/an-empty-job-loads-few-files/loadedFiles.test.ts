/** What a job loads before it reads its config: each file costs start-up, and so does each kilobyte. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const dist = fileURLToPath(new URL("../../../dist", import.meta.url));
const staticImport = /(?:^|[;}\n])(?:import|export)(?:[\w$*{},\s]*?from)?"([^"]+)"/g;

/** The files of dist/ that are loaded with `entry`, and the packages that they ask for. */
function loadedWith(entry: string) {
  const files = new Map<string, string>();
  const packages = new Set<string>();
  const waiting = [entry];
  for (const name of waiting) {
    if (files.has(name)) continue;
    const text = readFileSync(join(dist, name), "utf8");
    files.set(name, text);
    for (const [, target = ""] of text.matchAll(staticImport)) {
      if (target.startsWith("./")) waiting.push(target.slice(2));
      else packages.add(target);
    }
  }
  return { files, packages };
}

describe.each(["cmsrun.js", "index.js", "threadEntry.js"])("%s", (entry) => {
  const { files, packages } = loadedWith(entry);

  it("is cut into few files", () => {
    expect(files.size).toBeGreaterThan(4);
    expect(files.size).toBeLessThanOrEqual(20);
  });

  it("asks for nothing but node", () => {
    expect([...packages].filter((name) => !name.startsWith("node:"))).toEqual([]);
    expect([...packages]).not.toContain("node:child_process");
    expect([...packages]).not.toContain("node:http");
  });

  it("stays below 660 kB", () => {
    const sizeBytes = [...files.values()].reduce((sum, text) => sum + text.length, 0);
    expect(sizeBytes).toBeGreaterThan(300_000);
    expect(sizeBytes).toBeLessThan(660_000);
  });
});
