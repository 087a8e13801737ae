import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { transient, type ProductType } from "../../../framework/data/ProductType.js";
import { ClusterEncoder } from "../../../framework/io/ClusterEncoder.js";
import { EventFileReader } from "../../../framework/io/EventFileReader.js";
import { EventFileWriter } from "../../../framework/io/EventFileWriter.js";
import {
  branch,
  eventIDs,
  everyKind,
  history,
  productTypes,
  randomNumbers,
  randomProduct,
  temporaryFolder,
  writeFile,
  type SampleEvent,
} from "./sample.js";

const folder = temporaryFolder();
const types = productTypes(folder, everyKind);
const { Every, Lists } = types as Record<"Every" | "Lists", ProductType<unknown>>;
const branches = [branch(Every, "every"), branch(Lists, "lists")];

function randomEvents(seed: number, count: number, first = 1): SampleEvent[] {
  const random = randomNumbers(seed);
  return eventIDs(count, first).map((id) => {
    const lists = random() < 0.3 ? undefined : randomProduct(Lists.fields ?? [], random);
    return { id, products: [randomProduct(Every.fields ?? [], random), lists] };
  });
}

const clusters = [randomEvents(1, 25), [], randomEvents(2, 7, 26)];
const whole = join(folder, "whole.edm");
writeFile(whole, branches, clusters);

function category(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return `${(error as { category?: string }).category}: ${(error as Error).message}`;
  }
  return "no error";
}

describe("EventFileReader", () => {
  it("reads back header, ids and products of every cluster", () => {
    const reader = new EventFileReader(whole);
    expect(reader.eventCount).toBe(32);
    expect(reader.recovered).toBe(false);
    expect(reader.header.processHistory).toStrictEqual(history);
    expect(reader.header.branches.map(({ description }) => description)).toStrictEqual(
      branches.map((b) => b.description),
    );
    for (const [c, events] of clusters.entries()) {
      const ids = reader.ids(c);
      expect([...ids.event]).toStrictEqual(events.map(({ id }) => BigInt(id.event)));
      expect([...ids.run]).toStrictEqual(events.map(({ id }) => id.run));
      expect([...ids.luminosityBlock]).toStrictEqual(events.map(({ id }) => id.luminosityBlock));
      for (const [b, { type }] of branches.entries()) {
        const column = reader.column(c, b, type);
        expect(events.map((_, i) => column.get(i))).toStrictEqual(events.map(({ products }) => products[b]));
        expect(events.map((_, i) => column.has(i))).toStrictEqual(
          events.map(({ products }) => products[b] !== undefined),
        );
      }
    }
    reader.close();
  });

  it("knows the types from the file alone, with the comments of their fields", () => {
    const reader = new EventFileReader(whole);
    for (const [index, { type }] of reader.header.branches.entries()) {
      expect(type.fields).toStrictEqual(branches[index]?.type.fields);
      expect(type.fields?.[0]?.description).toBe("a value [1]");
      expect(reader.column(0, index, type).get(0)).toStrictEqual(clusters[0]?.[0]?.products[index]);
    }
    reader.close();
  });

  it("lists the luminosity segments of each cluster in its index", () => {
    const reader = new EventFileReader(whole);
    const segments = reader.clusters.map((cluster) =>
      cluster.segments.map((s) => [s.run, s.luminosityBlock, s.count]),
    );
    expect(segments).toStrictEqual([
      [
        [1, 1, 9],
        [1, 2, 10],
        [1, 3, 6],
      ],
      [],
      [
        [1, 3, 4],
        [1, 4, 3],
      ],
    ]);
    reader.close();
  });

  it("keeps event numbers up to 2^53 and the extremes of run and lumi", () => {
    const path = join(folder, "ids.edm");
    const id = { run: 2 ** 32 - 1, luminosityBlock: 2 ** 32 - 1, event: Number.MAX_SAFE_INTEGER };
    writeFile(path, [], [[{ id, products: [] }]]);
    const reader = new EventFileReader(path);
    expect(reader.ids(0).event[0]).toBe(BigInt(Number.MAX_SAFE_INTEGER));
    expect(reader.clusters[0]?.segments).toStrictEqual([
      { run: id.run, luminosityBlock: id.luminosityBlock, count: 1 },
    ]);
    reader.close();
  });

  it("says what is wrong with a file that is no event file", () => {
    const path = join(folder, "other.edm");
    expect(category(() => new EventFileReader(path))).toBe(
      `FileOpenError: cannot open input file '${path}': it does not exist; check fileNames.`,
    );
    writeFileSync(path, "");
    expect(category(() => new EventFileReader(path))).toContain("FileReadError: file");
    expect(category(() => new EventFileReader(path))).toContain("the file has 0 bytes");
    writeFileSync(path, readFileSync(new URL(import.meta.url)));
    expect(category(() => new EventFileReader(path))).toContain("this is no event file (.edm)");
    expect(category(() => new EventFileReader(folder))).toMatch(
      /^FileReadError: .*EISDIR|^FileReadError: .*no event file/,
    );
  });

  it("refuses a type that the branch does not have and columns that do not exist", () => {
    const reader = new EventFileReader(whole);
    expect(category(() => reader.column(0, 0, Lists))).toMatch(
      /^LogicError: Every_every__TEST\. in file .*read as 'Lists'/,
    );
    expect(category(() => reader.column(0, 2, Lists))).toMatch(/^LogicError: .*no branch 2/);
    expect(category(() => reader.column(3, 0, Every))).toMatch(
      /^LogicError: .*3 clusters, none with index 3/,
    );
    reader.close();
  });

  it("names branch, field and file when a field changed its kind", () => {
    const changed = productTypes(folder, "message Every { double one = 1; }").Every as ProductType<unknown>;
    const reader = new EventFileReader(whole);
    const expected =
      /^FormatIncompatibility: Every_every__TEST\. in file '.*whole\.edm' field 'one' \(number 1\)/;
    expect(category(() => reader.column(0, 0, changed))).toMatch(expected);
    reader.close();
  });
});

describe("EventFileWriter", () => {
  it("writes the same bytes for the same events", () => {
    const again = join(folder, "again.edm");
    writeFile(again, branches, clusters);
    expect(readFileSync(again).equals(readFileSync(whole))).toBe(true);
    expect(readFileSync(again).includes(folder)).toBe(false);
  });

  it("gives the file its name only when it is closed", () => {
    const path = join(folder, "named.edm");
    const writer = new EventFileWriter(path, { processHistory: history, branches: [] });
    expect(writer.partialPath).toBe(`${path}.${process.pid}.partial`);
    writer.append(new ClusterEncoder([]).encode(eventIDs(3), () => undefined));
    expect([existsSync(path), existsSync(writer.partialPath)]).toStrictEqual([false, true]);
    writer.close();
    expect([existsSync(path), existsSync(writer.partialPath)]).toStrictEqual([true, false]);
    expect(writer.eventCount).toBe(3);
    expect(writer.byteCount).toBe(readFileSync(path).length);
    expect(category(() => writer.append(new ClusterEncoder([]).encode([], () => undefined)))).toContain(
      "LogicError",
    );
  });

  it("leaves an abandoned file under its partial name, from which the clusters are recovered", () => {
    const path = join(folder, "abandoned.edm");
    const writer = new EventFileWriter(path, { processHistory: history, branches });
    const events = randomEvents(5, 4);
    const encoder = new ClusterEncoder(branches);
    writer.append(
      encoder.encode(
        events.map(({ id }) => id),
        (b, e) => events[e]?.products[b],
      ),
    );
    writer.abandon();
    writer.abandon();
    expect(readdirSync(folder).filter((name) => name.startsWith("abandoned"))).toHaveLength(1);
    const reader = new EventFileReader(writer.partialPath);
    expect([reader.recovered, reader.eventCount]).toStrictEqual([true, 4]);
    expect(reader.column(0, 0, Every).get(3)).toStrictEqual(events[3]?.products[0]);
    reader.close();
  });

  it("refuses transient products, clusters of other branches and folders that do not exist", () => {
    const memoryOnly = [branch(transient("Cache"))];
    const header = { processHistory: history, branches: memoryOnly };
    expect(category(() => new EventFileWriter(join(folder, "t.edm"), header))).toContain(
      "LogicError: Cache_label__TEST.",
    );
    expect(category(() => new ClusterEncoder(memoryOnly))).toContain("is transient");
    const nowhere = join(folder, "nowhere", "x.edm");
    const failure = category(() => new EventFileWriter(nowhere, { processHistory: history, branches: [] }));
    expect(failure).toMatch(
      /^FileOpenError: cannot create output file .*nowhere.*make sure its folder exists/,
    );
    const writer = new EventFileWriter(join(folder, "b.edm"), { processHistory: history, branches });
    const foreign = new ClusterEncoder([]).encode([], () => undefined);
    expect(category(() => writer.append(foreign))).toContain("has 2 branches, a cluster for it 0");
    writer.abandon();
  });

  it.runIf(existsSync("/dev/full"))("reports a full disk as FileWriteError, with the remedy", () => {
    const path = join(folder, "full.edm");
    symlinkSync("/dev/full", `${path}.${process.pid}.partial`);
    const failure = category(() => new EventFileWriter(path, { processHistory: history, branches }));
    expect(failure).toMatch(
      /^FileWriteError: cannot write output file '.*full\.edm': ENOSPC.*free some space/,
    );
    expect(existsSync(path)).toBe(false);
  });
});
