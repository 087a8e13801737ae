/** cmsml_open_tf_graph and `tfrun --profile` as people call them: what they write and print, and how they fail. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { exceptionBlock, root, temporaryFolder } from "../run.js";

const folder = temporaryFolder();
const tagger = join(root, "data", "models", "jet_btag");
const graph = join(tagger, "graph.pb");

function run(tool: string, ...args: string[]) {
  const program = join(root, "dist", `${tool}.js`);
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
    cwd: folder,
    encoding: "utf8",
    timeout: 25_000,
  });
  return { code: status, stdout, stderr };
}

describe("cmsml_open_tf_graph", () => {
  it("writes one page that loads nothing", () => {
    const { code, stdout } = run("cmsml_open_tf_graph", graph);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^page 'graph\.pb\.html': \d+ nodes\n$/)]);
    const page = readFileSync(join(folder, "graph.pb.html"), "utf8");
    expect(page).toMatch(/^<!doctype html>/);
    expect(page).not.toMatch(/<(link|img|iframe)|<script[^>]*src=|@import|url\((?!#)/);
    expect(page.match(/<\/script>/g)).toHaveLength(2);
    expect(page).toContain("Chris Pettitt");
    // The same model gives the same page.
    run("cmsml_open_tf_graph", graph, "-o", "again.html");
    expect(readFileSync(join(folder, "again.html"), "utf8")).toBe(page);
  });

  it("writes an event file, and a page too only when one is asked for", () => {
    const { code, stdout } = run("cmsml_open_tf_graph", graph, "-l", "logs");
    expect([code, stdout]).toEqual([0, expect.stringContaining("tensorboard --logdir 'logs'")]);
    expect(readdirSync(join(folder, "logs"))).toEqual([
      expect.stringMatching(/^events\.out\.tfevents\.\d{10}\./),
    ]);
    expect(run("cmsml_open_tf_graph", graph, "-l", "logs", "-o", "both.html").stdout).toContain(
      "page 'both.html'",
    );
    expect(readdirSync(folder)).toContain("both.html");
  });

  it("takes a model of any name when told what it is", () => {
    writeFileSync(join(folder, "model.dat"), readFileSync(graph));
    expect(run("cmsml_open_tf_graph", "model.dat", "-b", "-o", "b.html").code).toBe(0);
    expect(exceptionBlock(run("cmsml_open_tf_graph", "model.dat", "-t"))).toContain("model.dat");
  });

  const mistakes: readonly (readonly [what: string, args: readonly string[], message: RegExp])[] = [
    ["no model", [], /it takes one model, not 0/],
    ["a model that is not there", ["none.pb"], /none\.pb': no such file/],
    [
      "a page that cannot be written",
      [graph, "-o", "no/such/folder/page.html"],
      /'no\/such\/folder\/page\.html' cannot be written/,
    ],
    ["logs where a file is", [graph, "-l", join(tagger, "README.md")], /cannot be written into/],
    ["inputs that are not there", [graph, "--inputs", "none.json"], /the inputs cannot be read/],
    ["an option that is none", [graph, "--opne"], /opne/],
    ["text and binary at once", [graph, "-t", "-b"], /exclude each other/],
    ["a signature of a frozen graph", [graph, "--signature", "x"], /no signatures/],
  ];
  it.each(mistakes)("refuses %s in one message and writes nothing", (_, args, message) => {
    const before = readdirSync(folder);
    const outcome = run("cmsml_open_tf_graph", ...args);
    expect(outcome.code).not.toBe(0);
    expect(exceptionBlock(outcome)).toMatch(message);
    expect(outcome.stderr).not.toMatch(/\n\s+at /);
    expect(readdirSync(folder)).toEqual(before);
  });

  it("leaves an older page alone when it cannot write", () => {
    mkdirSync(join(folder, "taken.html"));
    expect(exceptionBlock(run("cmsml_open_tf_graph", graph, "-o", "taken.html"))).toContain(
      "'taken.html' cannot be written",
    );
    expect(readdirSync(folder).filter((name) => name.startsWith("taken.html"))).toEqual(["taken.html"]);
  });

  it("teaches its use", () => {
    const { stdout } = run("cmsml_open_tf_graph", "--help");
    for (const option of [
      "--output",
      "--open",
      "--inputs",
      "--profile",
      "--tensorboard-logdir",
      "--signature",
    ])
      expect(stdout).toContain(option);
  });
});

describe("tfrun --profile", () => {
  it("prints nodes by their time, then ops, with working memory and constants", () => {
    const { code, stdout } = run("tfrun", graph, "--profile", "--engine", "reference", "--time", "20");
    expect(code).toBe(0);
    expect(stdout).toMatch(/engine reference, medians of 20 runs\n[\d.]+ µs a run, .*FLOP/);
    expect(stdout).toMatch(/B of working memory, .*B of constants/);
    expect(stdout).toMatch(/µs +% +node +op +kind +runs +output +bytes +FLOP +GFLOP\/s\n/);
    const table = stdout.split("\n\n")[1]?.split("\n").slice(1) ?? [];
    const times = table.map((line) => Number.parseFloat(line));
    expect(times.length).toBeGreaterThan(5);
    expect(times).toEqual([...times].sort((a, b) => b - a));
    expect(
      table.some((line) => /dense1\/MatMul +MatMul +reference +1 +float32\[1,32\] +128 B +320 /.test(line)),
    ).toBe(true);
  });

  it("gives all of it as JSON", () => {
    const { code, stdout } = run("tfrun", join(tagger, "saved_model"), "--profile", "--time", "5", "--json");
    expect(code).toBe(0);
    const profile = JSON.parse(stdout) as {
      engine: string;
      nodes: { op: string; us: number; flops: number }[];
      ops: { op: string }[];
    };
    expect(profile).toMatchObject({ engine: "compiled", runs: 5 });
    expect(profile.nodes.filter(({ op }) => op === "MatMul")).toHaveLength(3);
    expect(profile.ops.map(({ op }) => op)).toContain("MatMul");
    expect(Object.keys(profile)).toEqual(
      expect.arrayContaining(["totalUs", "arenaBytes", "constantBytes", "notes"]),
    );
  });

  it("says which engines it can look into", () => {
    const outcome = run("tfrun", graph, "--profile", "--engine", "nothing");
    expect(exceptionBlock(outcome)).toContain("unknown engine 'nothing'");
  });
});
