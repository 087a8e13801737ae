/** Code for further batch sizes is made in another thread, while this one goes on serving the sizes that are ready. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encode, type TestNode } from "../../tensorflow/buildGraph.js";
import { denseNodes, rowsOf, width } from "../models/denseModel.js";

const folder = mkdtempSync(join(tmpdir(), "background-"));
const home = process.env.HOME;
let framework: typeof import("#framework");

beforeAll(async () => {
  // Where compiled code is kept: read when the framework is loaded.
  process.env.HOME = folder;
  framework = await import("#framework");
});
afterAll(() => {
  process.env.HOME = home;
  rmSync(folder, { recursive: true });
});

let files = 0;

function sessionOf(nodes: readonly TestNode[]) {
  const path = join(folder, `graph${files++}.pb`);
  writeFileSync(path, encode(nodes));
  return framework.createSession(framework.loadGraph(path), { engine: "compiled", engineTarget: "wasm" });
}

const batchOf = (rows: number) => new framework.Tensor("float32", [rows, width], rowsOf(rows));
const cached = () =>
  readdirSync(join(folder, ".cache", "cmsrun", "compiled")).filter((name) => name.endsWith(".json"));

describe("PreparedCall.warmUpInBackground", () => {
  it("serves what is ready meanwhile, and then every size, with the same bits", async () => {
    const session = sessionOf(denseNodes(4));
    const call = session.prepare(["x"], ["y"]);
    const [one] = call.run([batchOf(1)]);
    let isDone = false;
    const done = call.warmUpInBackground([32, 16, 1]).then(() => {
      isDone = true;
    });
    let served = 0;
    for (; !isDone; served++) {
      expect(call.run([batchOf(1)])).toEqual([one]);
      await setImmediate();
    }
    await done;
    expect(served).toBeGreaterThan(20);
    expect(call.explain()).toHaveLength(3);
    for (const rows of [16, 32]) expect(call.run([batchOf(rows)])[0]?.data.slice(0, 8)).toEqual(one?.data);
    expect(call.explain()).toHaveLength(3);
    // The thread has left its code on disk.
    expect(cached()).toHaveLength(3);
    session.close();
    const again = sessionOf(denseNodes(4)).prepare(["x"], ["y"]);
    await again.warmUpInBackground([32]);
    expect(again.explain()).toHaveLength(2);
    expect(cached()).toHaveLength(3);
  });

  it("ends early when the session is closed, and takes one model after another", async () => {
    const [first, second] = [sessionOf(denseNodes(5)), sessionOf(denseNodes(6))];
    const calls = [first, second].map((session) => session.prepare(["x"], ["y"]));
    const done = calls.map((call) => call.warmUpInBackground([3, 5, 7]));
    first.close();
    await Promise.all(done);
    expect(calls.map((call) => call.explain().length)).toEqual([0, 4]);
  });

  it("refuses what warmUp refuses, and is nothing to the reference engine", async () => {
    const call = sessionOf(denseNodes(4)).prepare(["x"], ["y"]);
    await expect(call.warmUpInBackground([2, 0])).rejects.toThrow("batch size 0 is no whole number");
    const graph = framework.loadGraph(join(folder, "graph0.pb"));
    const reference = framework.createSession(graph, { engine: "reference" }).prepare(["x"], ["y"]);
    await reference.warmUpInBackground([4]);
  });
});
