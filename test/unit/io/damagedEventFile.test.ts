import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Exception } from "../../../framework/base/errors.js";
import type { ProductType } from "../../../framework/data/ProductType.js";
import { EventFileReader } from "../../../framework/io/EventFileReader.js";
import { clusterSize, trailerSize } from "../../../framework/io/eventFileFormat.js";
import { branch, eventIDs, productTypes, randomNumbers, temporaryFolder, writeFile } from "./sample.js";

const folder = temporaryFolder();
const { Jets } = productTypes(folder, "message Jets { repeated float pt = 1; string tag = 2; }") as {
  Jets: ProductType<unknown>;
};
const branches = [branch(Jets, "good"), branch(Jets, "other")];
const events = eventIDs(12).map((id) => {
  const jets = {
    pt: Float32Array.from({ length: id.event % 4 }, (_, i) => i + id.event),
    tag: `event ${id.event}`,
  };
  return { id, products: [jets, id.event % 3 === 0 ? undefined : jets] };
});
const path = join(folder, "good.edm");
writeFile(path, branches, [events.slice(0, 5), events.slice(5, 5), events.slice(5)]);
const good = readFileSync(path);
const expected = contents(new EventFileReader(path));
const bounds = recordBounds();

/** Everything that can be read, or only what the named parts hold. */
function contents(reader: EventFileReader, parts: readonly (number | "ids")[] = ["ids", 0, 1]): unknown[] {
  try {
    return reader.clusters.flatMap(({ eventCount }, cluster) => {
      return parts.map((part) => {
        if (part === "ids") return reader.ids(cluster);
        const column = reader.column(cluster, part, Jets);
        return Array.from({ length: eventCount }, (_, i) => column.get(i));
      });
    });
  } finally {
    reader.close();
  }
}

/** Where each record of the good file starts. */
function recordBounds(): { name: string; start: number; end: number }[] {
  const reader = new EventFileReader(path);
  reader.close();
  const first = reader.clusters[0]?.offset as number;
  const found = [{ name: "header", start: 0, end: first }];
  for (const [c, { offset, headSize, columnSizes }] of reader.clusters.entries()) {
    let start = offset;
    for (const [i, size] of [headSize, ...columnSizes].entries()) {
      const part = ["head", "ids", "column 0", "column 1"][i];
      found.push({ name: `${part} of cluster ${c}`, start, end: start + size });
      start += size;
    }
  }
  const last = reader.clusters.at(-1);
  const footer = last ? last.offset + clusterSize(last) : first;
  found.push({ name: "footer", start: footer, end: good.length - trailerSize });
  found.push({ name: "trailer", start: good.length - trailerSize, end: good.length });
  return found;
}

const damaged = join(folder, "damaged.edm");

/** What reading these bytes as a file gives: contents or the error. */
function failure(
  bytes: Uint8Array,
  parts?: readonly (number | "ids")[],
  recover = false,
): Exception | unknown[] {
  writeFileSync(damaged, bytes);
  return readDamaged(parts, recover);
}

function readDamaged(parts?: readonly (number | "ids")[], recover = false): Exception | unknown[] {
  try {
    return contents(new EventFileReader(damaged, { recover }), parts);
  } catch (error) {
    return error as Exception;
  }
}

function flipped(bit: number): Uint8Array {
  const bytes = Uint8Array.from(good);
  bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
  return bytes;
}

/** Calls `check` with each bit flipped in turn in the file `damaged`. */
function forEachFlippedBit(step: number, check: (bit: number) => void): void {
  writeFileSync(damaged, good);
  const descriptor = openSync(damaged, "r+");
  for (let bit = 0; bit < 8 * good.length; bit += step) {
    const byte = bit >> 3;
    writeSync(descriptor, flipped(bit), byte, 1, byte);
    check(bit);
    writeSync(descriptor, good, byte, 1, byte);
  }
  closeSync(descriptor);
}

describe("a flipped bit", () => {
  it("is detected wherever it is, or reading does not touch it", () => {
    const undetected: number[] = [];
    const unnamed: string[] = [];
    forEachFlippedBit(1, (bit) => {
      const result = readDamaged();
      if (!(result instanceof Exception)) undetected.push(bit);
      else if (result.category !== "FileReadError" || !/byte \d+/.test(result.message))
        unnamed.push(result.message);
    });
    expect(undetected).toStrictEqual([]);
    expect(unnamed).toStrictEqual([]);
  }, 60_000);

  it("is also detected when the file is opened for recovery, never taken for the end of a killed job", () => {
    const undetected: number[] = [];
    forEachFlippedBit(5, (bit) => {
      if (!(readDamaged(undefined, true) instanceof Exception)) undetected.push(bit);
    });
    expect(undetected).toStrictEqual([]);
  }, 60_000);

  it("in one column leaves the others readable", () => {
    for (const { name, start, end } of bounds.filter(({ name }) => name.startsWith("column 1"))) {
      const bytes = flipped(8 * Math.floor((start + end) / 2));
      expect(failure(bytes, ["ids", 0])).toStrictEqual(failure(good, ["ids", 0]));
      const error = failure(bytes) as Exception;
      const cluster = name.replace("column 1 of ", "");
      expect(error.message).toBe(
        `file '${damaged}', byte ${start}: the column of Jets_other__TEST. in ${cluster} cannot be ` +
          "read: its contents have a wrong checksum; copy the file again or write it anew.",
      );
    }
  });
});

describe("a truncated file", () => {
  const cuts = new Set(bounds.map(({ start }) => start));
  const random = randomNumbers(17);
  for (let i = 0; i < 200; i++) cuts.add(Math.floor(random() * good.length));
  for (const { start, end } of bounds)
    for (const cut of [start + 1, start + 8, start + 12, start + 13, end - 1]) cuts.add(cut);

  it("is refused with the remedy when opened normally, at any length", () => {
    for (const cut of cuts) {
      const error = failure(good.subarray(0, cut)) as Exception;
      expect(error, `cut at ${cut}`).toBeInstanceOf(Exception);
      expect(error.returnCode).toBe(8021);
      expect(error.message).toContain(damaged);
    }
    const cut = bounds.at(-1)?.start as number;
    expect((failure(good.subarray(0, cut)) as Exception).message).toContain("open it for recovery");
  });

  it("yields all clusters before the cut when opened for recovery", () => {
    const headerEnd = bounds[0]?.end as number;
    const clusterEnds = bounds.filter(({ name }) => name.startsWith("column 1")).map(({ end }) => end);
    for (const cut of cuts) {
      const result = failure(good.subarray(0, cut), undefined, true);
      const complete = clusterEnds.filter((end) => end <= cut).length;
      if (cut < headerEnd) expect((result as Exception).category).toBe("FileReadError");
      else expect(result, `cut at ${cut}`).toStrictEqual(expected.slice(0, 3 * complete));
    }
  });

  it("is still refused for recovery when something before the cut is damaged", () => {
    const cut = bounds.find(({ name }) => name === "footer")?.start as number;
    for (let bit = 0; bit < 8 * cut; bit += 101) {
      const error = failure(flipped(bit).subarray(0, cut), undefined, true) as Exception;
      expect(error, `bit ${bit}`).toBeInstanceOf(Exception);
      expect(error.category).toBe("FileReadError");
    }
  });

  it("is refused when other bytes follow its trailer or a piece is missing inside", () => {
    const longer = Uint8Array.from([...good, ...good.subarray(0, 40)]);
    expect(failure(longer, undefined, true)).toBeInstanceOf(Exception);
    const { start, end } = bounds[4] as { start: number; end: number };
    const without = Buffer.concat([good.subarray(0, start), good.subarray(end)]);
    expect(failure(without)).toBeInstanceOf(Exception);
    expect(failure(without, undefined, true)).toBeInstanceOf(Exception);
  });
});
