import { createHash } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { EventFileReader, JetScores } from "#framework";
import { describe, expect, it } from "vitest";
import { cmsrun, exceptionBlock, root, tagged, temporaryFolder } from "../run.js";

interface Reference {
  readonly files: {
    readonly [name: string]: { events: number; nJet: number[]; scores: number[]; auc?: number };
  };
}
const reference = JSON.parse(
  readFileSync(join(root, "data/models/jet_btag/reference.json"), "utf8"),
) as Reference;
const folder = temporaryFolder();
const sha256 = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex");

/** All scores of a file, in its order. */
function scoresIn(path: string): { nJet: number[]; scores: number[] } {
  const reader = new EventFileReader(path);
  const branch = reader.header.branches.findIndex(({ type }) => type.name === "JetScores");
  const all = [...reader.clusters.entries()].flatMap(([cluster, { eventCount }]) => {
    const column = reader.column(cluster, branch, JetScores);
    return Array.from({ length: eventCount }, (_, event) => (column.get(event) as JetScores).score.slice());
  });
  reader.close();
  return { nJet: all.map(({ length }) => length), scores: all.flatMap((score) => [...score]) };
}

describe("my_plugin_cfg.ts", () => {
  const files = ["nano_tt_v15.root", "nano_dy.root", "jets_heldout.root"];

  it("leaves the same bytes with any number of threads and streams and with both policies", async () => {
    const hashes = new Set<string>();
    for (const modelPolicy of ["globalCache", "perInstance"]) {
      for (const [threads, streams] of [
        [1, 1],
        [1, 2],
        [1, 4],
        [2, 2],
        [2, 4],
      ]) {
        const output = join(folder, `my-${modelPolicy}-${threads}-${streams}.edm`);
        const args = [
          "configs/my_plugin_cfg.ts",
          `threads=${threads}`,
          `streams=${streams}`,
          `modelPolicy=${modelPolicy}`,
          `outputFile=${output}`,
        ];
        const outcome = await cmsrun(args);
        expect(outcome.code).toBe(0);
        expect(outcome.stderr).toMatch(/^Run 1, Event 69374552: 13 jets, scores 0\.\d{4}/m);
        expect(outcome.stdout).toMatch(/^Processed 200 events in .* on .*: [\d.]+ events\/s$/m);
        hashes.add(sha256(output));
      }
    }
    expect(hashes.size).toBe(1);
  });

  it.each(files)("scores the jets of %s as TensorFlow does, within 1e-6", async (file) => {
    const output = join(folder, `${file}.edm`);
    const outcome = await cmsrun([
      "configs/my_plugin_cfg.ts",
      "threads=2",
      `inputFiles=data/samples/${file}`,
      `outputFile=${output}`,
    ]);
    expect(outcome.code).toBe(0);
    const expected = reference.files[file];
    const { nJet, scores } = scoresIn(output);
    expect(nJet).toEqual(expected?.nJet);
    const differences = scores.map((score, i) => Math.abs(score - (expected?.scores[i] as number)));
    expect(Math.max(...differences)).toBeLessThan(1e-6);
  });
});

it("jet_btag_auc_cfg.ts finds in the event loop the area under the ROC curve that training found", async () => {
  const found: number[] = [];
  for (const threads of [1, 2]) {
    const outcome = await cmsrun(["-n", String(threads), "configs/jet_btag_auc_cfg.ts"]);
    expect(outcome.code).toBe(0);
    const [line = ""] = tagged(outcome, "ROC");
    expect(line).toMatch(/^AUC 0\.\d{9} on 3588 jets, 865 of them b jets$/);
    found.push(Number(line.split(" ")[1]));
  }
  expect(found[0]).toBeCloseTo(reference.files["jets_heldout.root"]?.auc as number, 6);
  expect(found[1]).toBe(found[0]);
});

it("two processes in a row, with a filter, two outputs and changing runs, leave the same bytes at any thread count", async () => {
  const config = join(import.meta.dirname, "chain_cfg.ts");
  const input = join(root, "data/samples/jets_heldout.root");
  const hashes: string[][] = [];
  const summaries: string[] = [];
  for (const [threads, streams] of [
    [1, 1],
    [1, 4],
    [2, 2],
    [2, 4],
  ]) {
    const first = join(folder, `first-${threads}-${streams}`);
    const second = join(folder, `second-${threads}-${streams}`);
    const job = async (cwd: string, args: readonly string[]) => {
      mkdirSync(cwd);
      const outcome = await cmsrun(["-n", String(threads), "--streams", String(streams), config, ...args], {
        cwd,
      });
      expect(exceptionBlock(outcome)).toBe("");
      expect(outcome.code).toBe(0);
      summaries.push(
        outcome.stderr
          .split("\n")
          .filter((line) => line.startsWith("TrigReport"))
          .join("\n"),
      );
      return [sha256(join(cwd, "all.edm")), sha256(join(cwd, "some.edm"))];
    };
    const both = await job(first, [`inputFiles=${input},${input}`]);
    const again = await job(second, ["process=SECOND", `inputFiles=${first}/all.edm,${first}/all.edm`]);
    hashes.push([...both, ...again]);
  }
  expect(new Set(hashes.map(String)).size).toBe(1);
  expect(new Set(summaries.filter((_, i) => i % 2 === 0)).size).toBe(1);
  expect(new Set(summaries.filter((_, i) => i % 2 === 1)).size).toBe(1);
  expect(summaries[1]).toContain("TrigReport Events total = 4000 passed = 4000 failed = 0");
  const reader = new EventFileReader(join(folder, "second-2-4", "all.edm"));
  expect(reader.header.processHistory.map(({ name }) => name)).toEqual(["NANO", "FIRST", "SECOND"]);
  expect(new Set(reader.clusters.flatMap(({ segments }) => segments.map(({ run }) => run)))).toEqual(
    new Set([1, 2]),
  );
  reader.close();
});
