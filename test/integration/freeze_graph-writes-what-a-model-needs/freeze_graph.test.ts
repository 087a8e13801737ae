/** freeze_graph as a person uses it: what it writes and says, what it refuses, and that tfrun runs what it wrote. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { exceptionBlock, root, temporaryFolder } from "../run.js";

const folder = temporaryFolder();
const jetTagger = join(root, "data", "models", "jet_btag");

function tool(name: string, args: readonly string[]) {
  const program = join(root, "dist", `${name}.js`);
  const options = { cwd: folder, encoding: "utf8", timeout: 25_000 } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], options);
  return { code: status, stdout, stderr };
}

const freeze = (...args: string[]) => tool("freeze_graph", args);

describe("freeze_graph", () => {
  it("writes a SavedModel as a frozen graph that gives the same numbers", () => {
    const { code, stdout, stderr } = freeze(join(jetTagger, "saved_model"), "jet_btag.pb");
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^jet_btag\.pb: \d+ nodes, \d+ bytes\n {2}input /);
    expect(stdout).toMatch(/ {2}output .*: Identity:0\n {2}dropped .*\d+ saver/);
    const described = JSON.parse(tool("tfrun", ["jet_btag.pb", "--json"]).stdout) as { inputs: object };
    const [input] = Object.keys(described.inputs);
    const rows = Array.from({ length: sizeOf(described.inputs) }, (_, i) => Math.sin(i));
    const feed = { [input as string]: { dtype: "float32", shape: [1, rows.length], data: rows } };
    writeFileSync(join(folder, "inputs.json"), JSON.stringify(feed));
    const run = (model: string) => {
      const { stdout: text } = tool("tfrun", [
        model,
        "--inputs",
        "inputs.json",
        "--engine",
        "reference",
        "--json",
      ]);
      return Object.values((JSON.parse(text) as { outputs: object }).outputs);
    };
    expect(run("jet_btag.pb")).toEqual(run(join(jetTagger, "saved_model")));
  });

  it("writes text by name or by --as-text, and the outputs that are asked for", () => {
    expect(freeze(join(jetTagger, "graph.pb"), "graph.pb.txt").code).toBe(0);
    expect(freeze("graph.pb.txt", "again.graph", "--as-text").code).toBe(0);
    expect(readFileSync(join(folder, "again.graph"))).toEqual(readFileSync(join(folder, "graph.pb.txt")));
    expect(readFileSync(join(folder, "graph.pb.txt"), "utf8")).toMatch(/^node \{\n {2}name: "/);
  });

  it("refuses in one message, without a file", () => {
    const outcome = freeze(join(jetTagger, "saved_model"), "none.pb", "--outputs", "nothing_of_it");
    expect(outcome.code).not.toBe(0);
    expect(exceptionBlock(outcome)).toContain("there is no output 'nothing_of_it' in");
    expect(existsSync(join(folder, "none.pb"))).toBe(false);
    expect(freeze("one").stderr).toContain("freeze_graph: it takes a model and an output, not 1 names.");
    expect(freeze("a", "b", "--output", "c").stderr).toContain("Unknown argument: output");
  });

  it("explains itself", () => {
    const { code, stdout } = freeze("--help");
    expect(code).toBe(0);
    expect(stdout).toContain("freeze_graph model.meta model.pb --outputs tower/score");
  });
});

function sizeOf(inputs: object): number {
  const [{ shape }] = Object.values(inputs) as [{ shape: number[] }];
  return shape.at(-1) as number;
}
