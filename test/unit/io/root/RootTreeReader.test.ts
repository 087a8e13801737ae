import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openFile } from "jsroot/io";
import { TSelector, treeProcess } from "jsroot/tree";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type NumberBranch,
  type RootColumn,
  RootTreeReader,
} from "../../../../framework/io/root/RootTreeReader.js";
import { ensureJsrootBundle, failure, sample, sharedSamples, skipWithoutSharedSamples } from "./samples.js";

interface UprootNumbers {
  entryCount: number;
  branchCount: number;
  columns: Record<string, { kind: string; count: number; sum: number; entry: number; first: number[] }>;
}

/** Made by makeUprootNumbers.py. */
const uprootNumbers = JSON.parse(
  readFileSync(new URL("uprootNumbers.json", import.meta.url), "utf8"),
) as Record<string, UprootNumbers>;

const folder = mkdtempSync(join(tmpdir(), "root-tree-reader-"));
beforeAll(ensureJsrootBundle);
afterAll(() => rmSync(folder, { recursive: true }));

const numbers = (column: RootColumn) => Array.from(column.values as Iterable<number | bigint>, Number);

function columnOf(columns: Map<string, RootColumn>, name: string): RootColumn {
  const column = columns.get(name);
  if (!column) throw new Error(`no column ${name}`);
  return column;
}

/** One entry's values, as numbers. */
function entryOf({ values, offsets }: RootColumn, entry: number, length: number): number[] {
  const begin = offsets?.[entry] ?? entry * length;
  return Array.from(values.subarray(begin, offsets?.[entry + 1] ?? begin + length), Number);
}

function numberBranches(reader: RootTreeReader): NumberBranch[] {
  return [...reader.branches.values()].filter((branch) => branch.kind !== "unsupported");
}

async function readAll(path: string, tree?: string) {
  const reader = await RootTreeReader.open(path, tree);
  const branches = numberBranches(reader);
  const columns = await reader.readColumns(
    branches.map(({ name }) => name),
    0,
    reader.entryCount,
  );
  reader.close();
  return { branches, columns, entryCount: reader.entryCount, messages: reader.messages };
}

/** The same through jsroot's own event loop: every branch, as one list of values per entry. */
async function readWithTreeProcess(path: string, treeName: string, names: readonly string[]) {
  const file = await openFile(path);
  const selector = new TSelector();
  for (const name of names) selector.addBranch(name, name);
  const entries = new Map<string, number[][]>(names.map((name) => [name, []]));
  selector.Process = () => {
    for (const [name, lists] of entries) {
      const value = selector.tgtobj[name];
      lists.push(typeof value === "object" ? Array.from(value, Number) : [Number(value)]);
    }
  };
  await treeProcess(await file.readObject(treeName), selector);
  return entries;
}

async function expectSameAsTreeProcess(path: string, treeName: string) {
  const { branches, columns, entryCount } = await readAll(path, treeName);
  const countersFirst = [...branches].sort(
    (a, b) => Number(a.counter !== undefined) - Number(b.counter !== undefined),
  );
  const expected = await readWithTreeProcess(
    path,
    treeName,
    countersFirst.map(({ name }) => name),
  );
  for (const { name, length } of branches) {
    const column = columnOf(columns, name);
    const entries = Array.from({ length: entryCount }, (_, entry) => entryOf(column, entry, length));
    // As text: toEqual takes seconds over so many small arrays.
    expect(JSON.stringify(entries) === JSON.stringify(expected.get(name)), name).toBe(true);
  }
}

describe("columns", () => {
  it.each(Object.entries(uprootNumbers))(
    "of %s are what uproot reads",
    async (file, { entryCount, branchCount, columns }) => {
      const reader = await RootTreeReader.open(sample(`${file}.root`));
      expect([reader.entryCount, reader.branches.size]).toEqual([entryCount, branchCount]);
      const read = await reader.readColumns(Object.keys(columns), 0, entryCount);
      for (const [name, expected] of Object.entries(columns)) {
        const column = columnOf(read, name);
        expect(reader.branches.get(name)?.kind, name).toBe(expected.kind);
        expect(column.values.length, name).toBe(expected.count);
        expect(
          numbers(column).reduce((sum, value) => sum + value, 0),
          name,
        ).toBeCloseTo(expected.sum, 6);
        expect(entryOf(column, expected.entry, 1), name).toEqual(expected.first);
      }
      reader.close();
    },
  );

  it("come in typed arrays of the leaf's type, jagged ones with offsets, without leaving a word on the console", async () => {
    const reader = await RootTreeReader.open(sample("nano_dy.root"));
    const columns = await reader.readColumns(["event", "HLT_IsoMu24", "MET_pt", "Jet_pt"], 0, 40);
    expect(columnOf(columns, "event").values).toBeInstanceOf(BigUint64Array);
    expect(columnOf(columns, "HLT_IsoMu24").values).toBeInstanceOf(Uint8Array);
    expect(columnOf(columns, "MET_pt").offsets).toBeUndefined();
    expect(columnOf(columns, "Jet_pt").offsets).toBeInstanceOf(Uint32Array);
    expect(columnOf(columns, "Jet_pt").offsets?.length).toBe(41);
    expect(reader.branches.get("Jet_pt")).toMatchObject({ kind: "float32", counter: "nJet", length: 1 });
    expect(reader.messages).toEqual([]);
    reader.close();
  });

  it.each(["nano_dy", "jets_heldout"])(
    "of %s are what jsroot's treeProcess reads, every branch",
    async (file) => {
      await expectSameAsTreeProcess(sample(`${file}.root`), "Events");
    },
  );

  it("of any range are the same part of the whole, across the border of baskets and backwards", async () => {
    const names = ["event", "nJet", "Jet_pt", "Jet_hadronFlavour"];
    const reader = await RootTreeReader.open(sample("jets_heldout.root"));
    const whole = await reader.readColumns(names, 0, reader.entryCount);
    const ranges = [
      [0, 1],
      [490, 20],
      [0, 1000],
      [495, 300],
      [480, 40],
      [999, 1],
      [3, 0],
      [1000, 0],
      [120, 7],
    ] as const;
    for (const [first, count] of ranges) {
      const part = await reader.readColumns(names, first, count);
      for (const name of names) {
        const [all, some] = [columnOf(whole, name), columnOf(part, name)];
        expect(some.offsets?.[0] ?? 0).toBe(0);
        const expected = Array.from({ length: count }, (_, i) => entryOf(all, first + i, 1));
        expect(
          Array.from({ length: count }, (_, i) => entryOf(some, i, 1)),
          `${name} ${first}+${count}`,
        ).toEqual(expected);
        expect(some.values.length).toBe(expected.flat().length);
      }
    }
    reader.close();
  });

  it("of a file with the header of those above 2 GB are the same", async () => {
    const file = readFileSync(sample("nano_dy.root"));
    const header = Buffer.from(file.subarray(0, 45));
    file.writeUInt32BE(header.readUInt32BE(4) + 1_000_000, 4);
    file.writeBigUInt64BE(BigInt(header.readUInt32BE(12)), 12);
    file.writeBigUInt64BE(BigInt(header.readUInt32BE(16)), 20);
    header.copy(file, 28, 20, 37);
    file.writeBigUInt64BE(BigInt(header.readUInt32BE(37)), 45);
    header.copy(file, 53, 41, 45);
    writeFileSync(join(folder, "large.root"), file);
    const { columns } = await readAll(join(folder, "large.root"));
    expect(columnOf(columns, "Jet_pt")).toEqual(
      columnOf((await readAll(sample("nano_dy.root"))).columns, "Jet_pt"),
    );
  });

  it("are the caller's: changing them does not change the next read", async () => {
    const reader = await RootTreeReader.open(sample("nano_dy.root"));
    const first = columnOf(await reader.readColumns(["MET_pt"], 0, 2), "MET_pt");
    first.values.fill(0 as never);
    expect(numbers(columnOf(await reader.readColumns(["MET_pt"], 0, 1), "MET_pt"))).toEqual([
      25.948482513427734,
    ]);
    reader.close();
  });
});

describe("an error", () => {
  it("about a missing file names it", async () => {
    const error = await failure(RootTreeReader.open(join(folder, "absent.root")));
    expect(error.category).toBe("FileOpenError");
    expect(error.message).toContain(
      `'${join(folder, "absent.root")}' could not be opened: there is no such file`,
    );
    expect((await failure(RootTreeReader.open(folder))).message).toContain("it is no regular file");
  });

  it("about a file that is not ROOT shows how it begins", async () => {
    const error = await failure(RootTreeReader.open(sample("make_pythia.py")));
    expect(error.category).toBe("FileReadError");
    expect(error.message).toMatch(/make_pythia\.py' is no ROOT file: it begins with /);
    writeFileSync(join(folder, "empty.root"), "");
    expect((await failure(RootTreeReader.open(join(folder, "empty.root")))).message).toContain(
      "it has 0 bytes",
    );
  });

  it("about a missing tree lists the file's keys", async () => {
    const error = await failure(RootTreeReader.open(sample("nano_dy.root"), "events2"));
    expect(error.category).toBe("FileReadError");
    expect(error.message).toContain(
      "has no tree 'events2'; did you mean 'Events'? Its keys: Events (TTree), Runs (TTree).",
    );
    const other = await failure(RootTreeReader.open(sample("nano_dy.root"), "Delphes"));
    expect(other.message).toContain("has no tree 'Delphes'. Its keys: Events (TTree), Runs (TTree).");
  });

  it("about a missing branch suggests the nearest", async () => {
    const reader = await RootTreeReader.open(sample("nano_dy.root"));
    const error = await failure(reader.readColumns(["Jet_ptt"], 0, 1));
    expect(error.category).toBe("ProductNotFound");
    expect(error.message).toMatch(
      /tree 'Events' of '.*nano_dy\.root' has no branch 'Jet_ptt'; did you mean 'Jet_pt'\?/,
    );
    reader.close();
  });

  it("about entries outside the tree, or a closed reader, is a bug of the caller", async () => {
    const reader = await RootTreeReader.open(sample("nano_dy.root"));
    const error = await failure(reader.readColumns(["MET_pt"], 39, 2));
    expect([error.category, error.message]).toEqual([
      "LogicError",
      expect.stringContaining("2 entries from 39 were asked of"),
    ]);
    reader.close();
    expect((await failure(reader.readColumns(["MET_pt"], 0, 1))).category).toBe("LogicError");
  });
});

describe.skipIf(skipWithoutSharedSamples("ROOT files of every codec, RNTuple, LZMA NanoAOD"))(
  "files of other kinds",
  () => {
    const shared = (name: string) => join(sharedSamples as string, name);

    it("of every codec hold the same events", async () => {
      const listeners = () => [
        process.listenerCount("uncaughtException"),
        process.listenerCount("unhandledRejection"),
      ];
      const before = listeners();
      const reference = await readAll(shared("uproot-HZZ-uncompressed.root"), "events");
      expect([reference.entryCount, reference.branches.length]).toEqual([2421, 51]);
      // By uproot 5.7.7.
      expect(numbers(columnOf(reference.columns, "Jet_Px")).reduce((a, b) => a + b, 0)).toBeCloseTo(
        3434.9179122354835,
        6,
      );
      for (const codec of ["zlib", "lz4", "zstd", "lzma"]) {
        const other = await readAll(shared(`uproot-HZZ-${codec}.root`), "events");
        expect(other.columns, codec).toEqual(reference.columns);
        expect(other.messages).toEqual([]);
      }
      expect(listeners()).toEqual(before);
    }, 30_000);

    it("of old ROOT versions are what treeProcess reads", async () => {
      await expectSameAsTreeProcess(shared("uproot-HZZ-uncompressed.root"), "events");
    }, 30_000);

    it("with RNTuples are refused, with a way to convert them", async () => {
      const error = await failure(RootTreeReader.open(shared("nano_dy_rntuple.root")));
      expect(error.category).toBe("FileReadError");
      expect(error.message).toMatch(
        /'Events' of '.*' is an RNTuple, which is refused: jagged fields .* Convert it to a TTree/,
      );
    });

    it("with objects list them and refuse them only when asked for", async () => {
      const reader = await RootTreeReader.open(shared("pfnano.root"), "MetaData");
      const [branch] = reader.branches.values();
      expect(branch?.kind).toBe("unsupported");
      const error = await failure(reader.readColumns([branch?.name ?? ""], 0, 1));
      expect(error.category).toBe("FormatIncompatibility");
      expect(error.message).toMatch(
        /of tree 'MetaData' of '.*pfnano\.root' holds objects \(TBranchElement, TLeafElement\)/,
      );
      reader.close();
    });
  },
);

it("the bundle lies where the reader looks for it", () => {
  expect(existsSync(new URL("../../../../dist/jsroot.js", import.meta.url))).toBe(true);
});

describe("a directory handed to another thread", () => {
  it("reads the same columns, counters included, without the tree's description", async () => {
    const path = sample("nano_tt_v15.root");
    const names = ["event", "Jet_pt"];
    const first = await RootTreeReader.open(path);
    const directory = first.directoryOf(names);
    const second = await RootTreeReader.openWith(path, structuredClone(directory));
    expect(directory.buffer).toBeInstanceOf(SharedArrayBuffer);
    const counter = (first.branches.get("Jet_pt") as NumberBranch).counter as string;
    expect([...second.branches.keys()].sort()).toEqual([...names, counter].sort());
    expect(await second.readColumns(names, 50, 70)).toEqual(await first.readColumns(names, 50, 70));
    await expect(second.readColumns(["Jet_eta"], 0, 1)).rejects.toThrow(/no branch 'Jet_eta'/);
    first.close();
    second.close();
  });
});
