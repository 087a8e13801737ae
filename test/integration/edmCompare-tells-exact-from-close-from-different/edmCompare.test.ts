/** edmCompare as a person and as a program see it: what it prints, and how it exits. */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  branch,
  eventIDs,
  productTypes,
  type SampleEvent,
  temporaryFolder,
  writeFile,
} from "../../unit/io/sample.js";
import { exceptionBlock, root } from "../run.js";

const folder = temporaryFolder();
const { Jets } = productTypes(folder, "message Jets { repeated float pt = 1; uint32 n = 2; }");
if (!Jets) throw new Error("the product was not made");
const branches = [branch(Jets, "jets"), branch(Jets, "moreJets")];

function sample(change: (pt: number, event: number) => number = (pt) => pt): SampleEvent[] {
  return eventIDs(20).map((id) => {
    const jets = (factor: number) => ({ pt: Float32Array.of(change(factor * id.event, id.event), 2), n: 2 });
    return { id, products: [jets(1), jets(3)] };
  });
}

function file(name: string, events: SampleEvent[]): string {
  writeFile(join(folder, name), branches, [events.slice(0, 8), events.slice(8)]);
  return name;
}

file("a.edm", sample());
file("same.edm", sample());
file(
  "close.edm",
  sample((pt) => pt * 1.0001),
);
file("different.edm", sample((pt, event) => (event === 7 ? Number.NaN : pt)).slice(1));
writeFileSync(join(folder, "text.edm"), "this is no event file");
const flipped = readFileSync(join(folder, "a.edm"));
const middle = flipped.length >> 1;
flipped[middle] = (flipped[middle] ?? 0) ^ 1;
writeFileSync(join(folder, "flipped.edm"), flipped);

function edmCompare(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, "dist", "edmCompare.js"), ...args],
    { cwd: folder, encoding: "utf8", timeout: 20_000 },
  );
  return { code: status, stdout, stderr };
}

const expected = (name: string) => readFileSync(join(import.meta.dirname, name), "utf8");

describe("edmCompare", () => {
  it.each([
    ["same.edm", [], 0, "same.txt"],
    ["close.edm", ["--rtol", "1e-3"], 0, "close.txt"],
    ["different.edm", [], 1, "different.txt"],
  ] as const)("prints the table of %s with %j and exits with %i", (name, options, code, table) => {
    const outcome = edmCompare("a.edm", name, ...options);
    expect(outcome.stdout).toBe(expected(table));
    expect(outcome).toMatchObject({ code, stderr: "" });
  });

  it("calls what is outside of the tolerance different", () => {
    expect(edmCompare("a.edm", "close.edm").code).toBe(1);
    expect(edmCompare("a.edm", "close.edm", "--rtol", "1e-5").code).toBe(1);
    expect(edmCompare("a.edm", "close.edm", "--atol", "0.01").code).toBe(0);
  });

  it("compares only the products asked for", () => {
    const { code, stdout } = edmCompare("a.edm", "same.edm", "--products", "Jets_more*");
    expect(stdout).toContain("Jets_moreJets__TEST.");
    expect(stdout).not.toContain("Jets_jets__TEST.");
    expect(code).toBe(0);
  });

  it("prints one JSON document, with infinities as text", () => {
    const { code, stdout } = edmCompare("a.edm", "different.edm", "--json", "--products", "Jets_jets_*");
    expect(JSON.parse(stdout)).toEqual({
      a: "a.edm",
      b: "different.edm",
      same: false,
      eventCount: 19,
      eventsOnlyInA: { count: 1, first: ["1:1:1"] },
      eventsOnlyInB: { count: 0, first: [] },
      productsOnlyInA: [],
      productsOnlyInB: [],
      products: [
        {
          product: "Jets_jets__TEST.",
          status: "different",
          eventCount: 19,
          onlyInA: 0,
          onlyInB: 0,
          fields: [
            {
              field: "pt",
              status: "different",
              valueCount: 38,
              differentCount: 1,
              closeCount: 0,
              largestAbsolute: "Infinity",
              largestRelative: "Infinity",
              first: { event: "1:1:7", index: "0", a: "7", b: "NaN" },
            },
            {
              field: "n",
              status: "exact",
              valueCount: 19,
              differentCount: 0,
              closeCount: 0,
              largestAbsolute: 0,
              largestRelative: 0,
              first: null,
            },
          ],
        },
      ],
      processHistory: {
        same: true,
        a: [expect.objectContaining({ name: "TEST" })],
        b: [expect.objectContaining({ name: "TEST" })],
      },
    });
    expect(code).toBe(1);
  });

  it.each([
    [["a.edm", "missing.edm"], 84, "FileOpenError", "missing.edm"],
    [["text.edm", "a.edm"], 85, "FileReadError", "this is no event file"],
    [["a.edm", "flipped.edm"], 85, "FileReadError", "wrong checksum"],
    [["a.edm"], 88, "CommandLineProcessing", "it takes two event files, not 1"],
    [["a.edm", "same.edm", "--rtol=-1"], 88, "CommandLineProcessing", "--rtol takes one number from 0 on"],
    [
      ["a.edm", "same.edm", "--atol", "small"],
      88,
      "CommandLineProcessing",
      "--atol takes one number from 0 on",
    ],
    [["a.edm", "same.edm", "--rtoll", "1"], 88, "CommandLineProcessing", "rtoll"],
    [
      ["a.edm", "same.edm", "--products", "Muons*"],
      88,
      "CommandLineProcessing",
      "they have Jets_jets__TEST., Jets_moreJets__TEST.",
    ],
  ])("reports %j with code %i", (args, code, category, message) => {
    const outcome = edmCompare(...args);
    expect(exceptionBlock(outcome)).toContain(`An exception of category '${category}' occurred`);
    expect(exceptionBlock(outcome)).toContain(message);
    expect(outcome).toMatchObject({ code, stdout: "" });
  });

  it("teaches with --help, and knows its version", () => {
    const help = edmCompare("--help");
    expect(help.stdout).toContain("edmCompare before.edm after.edm --rtol 1e-5");
    expect(help).toMatchObject({ code: 0, stderr: "" });
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    expect(edmCompare("--version")).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
  });

  it("is silent when the reader of its output goes away", () => {
    const command = `"${process.execPath}" "${join(root, "dist", "edmCompare.js")}" a.edm same.edm | true`;
    const { stderr } = spawnSync("sh", ["-c", command], { cwd: folder, encoding: "utf8", timeout: 20_000 });
    expect(stderr).toBe("");
  });
});
