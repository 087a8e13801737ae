/** Real processes that save into one store at once, or are killed in the middle of it. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { ModelStore } from "#framework";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../run.js";

const program = fileURLToPath(new URL("saveModels.mjs", import.meta.url));
const folder = temporaryFolder();

interface Saving {
  readonly child: ChildProcess;
  readonly lines: Promise<string[]>;
}

function save(root: string, how: "own" | "same" | "half", count: number, startMs = 0): Saving {
  const child = spawn(process.execPath, [program, root, how, String(count), String(startMs)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.on("data", (bytes: Buffer) => {
    text += bytes.toString();
  });
  return { child, lines: once(child, "close").then(() => text.trim().split("\n")) };
}

/** The newest by its creation time, and whole, as are all others. */
function checkStore(store: ModelStore, count?: number): void {
  const models = store.list();
  for (const model of models) model.check();
  if (count !== undefined) expect(models).toHaveLength(count);
  if (models.length === 0) return;
  const newest = models.reduce((a, b) => (b.info.creationTimeUs >= a.info.creationTimeUs ? b : a));
  expect(String(store.get("shared").tag)).toBe(String(newest.tag));
}

describe("two processes that save under one name at once", () => {
  it("save all their models, 50 each, and somebody who reads meanwhile always finds one", async () => {
    const store = new ModelStore(join(folder, "own"));
    const startMs = Date.now() + 700;
    const both = [save(store.root, "own", 50, startMs), save(store.root, "own", 50, startMs)];
    let isOver = false;
    const done = Promise.all(both.map(({ lines }) => lines)).then((all) => {
      isOver = true;
      return all.flat();
    });
    let reads = 0;
    while (!isOver) {
      if (reads > 0 || store.list().length > 0) {
        store.get("shared").check();
        reads++;
      }
      await sleep(2);
    }
    const tags = await done;
    expect(new Set(tags).size).toBe(100);
    expect(store.list().map(({ tag }) => String(tag))).toEqual([...tags].sort());
    expect(reads).toBeGreaterThan(10);
    checkStore(store, 100);
    expect(readFileSync(join(store.root, "shared", "latest"), "utf8")).toBe(store.get("shared").tag.version);
    expect(readdirSync(join(store.root, ".incoming"))).toEqual([]);
  });

  it("save each of 50 tags once: one of them, and the other is told", async () => {
    const store = new ModelStore(join(folder, "same"));
    const startMs = Date.now() + 700;
    const both = [save(store.root, "same", 50, startMs), save(store.root, "same", 50, startMs)];
    const lines = (await Promise.all(both.map(({ lines }) => lines))).flat();
    expect(lines.filter((line) => line.startsWith("shared:v")).sort()).toEqual(
      Array.from({ length: 50 }, (_, i) => `shared:v${i}`).sort(),
    );
    expect(lines.filter((line) => line === "ModelExists")).toHaveLength(50);
    checkStore(store, 50);
  });
});

describe("a process that is killed", () => {
  it("leaves no half model, and what it left is removed by the next that saves", async () => {
    const store = new ModelStore(join(folder, "half"));
    const { child, lines } = save(store.root, "half", 1);
    await once(child.stdout as NodeJS.EventEmitter, "data");
    child.kill("SIGKILL");
    expect(await lines).toEqual(["half"]);
    expect(store.list()).toEqual([]);
    expect(() => store.get("half")).toThrow("there is no model 'half'");
    expect(readdirSync(join(store.root, ".incoming"))).toHaveLength(1);
    expect(await save(store.root, "own", 1).lines).toHaveLength(1);
    expect(readdirSync(join(store.root, ".incoming"))).toEqual([]);
    checkStore(store, 1);
  });

  it("at any moment leaves whole models only, and a latest that is one of them", async () => {
    const store = new ModelStore(join(folder, "killed"));
    let saved = 0;
    for (let round = 0; round < 5; round++) {
      const { child, lines } = save(store.root, "own", 10_000);
      await once(child.stdout as NodeJS.EventEmitter, "data");
      await sleep(3 + 11 * round);
      child.kill("SIGKILL");
      await lines;
      checkStore(store);
      expect(store.list().length).toBeGreaterThan(saved);
      saved = store.list().length;
    }
    await save(store.root, "own", 1).lines;
    expect(readdirSync(join(store.root, ".incoming"))).toEqual([]);
    checkStore(store, saved + 1);
  });
});
