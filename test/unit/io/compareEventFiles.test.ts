import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { ProductType } from "../../../framework/data/ProductType.js";
import {
  compareEventFiles,
  type CompareOptions,
  type ComparisonResult,
} from "../../../framework/io/compareEventFiles.js";
import { EventFileReader } from "../../../framework/io/EventFileReader.js";
import type { FileBranch } from "../../../framework/io/eventFileFormat.js";
import { formatComparison } from "../../../framework/io/formatComparison.js";
import { branch, eventIDs, productTypes, temporaryFolder, writeFile, type SampleEvent } from "./sample.js";

const folder = temporaryFolder();
const { Jets } = productTypes(
  folder,
  `message Hit { double x = 1; }
  message Jets { repeated float pt = 1; int32 n = 2; repeated Hit hit = 3; string tag = 4; uint64 id = 5; bytes raw = 6; }`,
) as {
  Jets: ProductType<unknown>;
};

interface JetProduct {
  pt: Float32Array;
  n: number;
  hit: { x: number }[];
  tag: string;
  id: bigint;
  raw: Uint8Array;
}

function sample(count = 30): (SampleEvent & { products: (JetProduct | undefined)[] })[] {
  return eventIDs(count).map((id) => {
    const pt = Float32Array.from({ length: 3 }, (_, i) => id.event + i / 4);
    const hit = [{ x: id.event / 3 }, { x: Number.NaN }];
    const jets = { pt, n: id.event, hit, tag: "t", id: BigInt(id.event), raw: Uint8Array.of(id.event) };
    return { id, products: [jets] };
  });
}

function jetsOf(events: ReturnType<typeof sample>, index: number): JetProduct {
  return events[index]?.products[0] as JetProduct;
}

let fileCount = 0;

function open(clusters: SampleEvent[][], branches: FileBranch[] = [branch(Jets, "jets")]): EventFileReader {
  const path = join(folder, `${fileCount++}.edm`);
  writeFile(path, branches, clusters);
  return new EventFileReader(path);
}

function compare(a: EventFileReader, b: EventFileReader, options?: CompareOptions): ComparisonResult {
  try {
    return compareEventFiles(a, b, options);
  } finally {
    a.close();
    b.close();
  }
}

/** The comparison of the sample with a changed copy of it. */
function compareChanged(
  change: (events: ReturnType<typeof sample>) => void,
  options?: CompareOptions,
): ComparisonResult {
  const changed = sample();
  change(changed);
  return compare(open([sample()]), open([changed]), options);
}

function field(result: ComparisonResult, name: string) {
  return result.products[0]?.fields.find((each) => each.field === name);
}

describe("compareEventFiles", () => {
  it("finds equal what is equal, NaN included, whatever the clusters and the order of events", () => {
    const events = sample();
    const a = open([events.slice(0, 7), [], events.slice(7)]);
    const b = open([events.slice(20), events.slice(0, 20).reverse()]);
    const result = compare(a, b);
    expect(result.same).toBe(true);
    expect(result.eventCount).toBe(30);
    expect(result.products[0]).toMatchObject({
      product: "Jets_jets__TEST.",
      status: "exact",
      eventCount: 30,
    });
    expect(field(result, "pt")).toMatchObject({ status: "exact", valueCount: 90, differentCount: 0 });
    expect(field(result, "hit.x")).toMatchObject({ status: "exact", valueCount: 60 });
  });

  it("counts the values that differ and shows the first in A's order", () => {
    const result = compareChanged((events) => {
      jetsOf(events, 12).pt[2] = 100;
      jetsOf(events, 4).pt[1] = 6;
      jetsOf(events, 4).hit[1] = { x: 1 };
    });
    expect(result.same).toBe(false);
    const pt = field(result, "pt");
    expect(pt).toMatchObject({
      status: "different",
      differentCount: 2,
      closeCount: 0,
      largestAbsolute: 86.5,
    });
    expect(pt?.largestRelative).toBeCloseTo(0.865, 12);
    expect(pt?.first).toStrictEqual({ event: "1:1:5", index: "1", a: "5.25", b: "6" });
    expect(field(result, "hit.x")?.first).toStrictEqual({ event: "1:1:5", index: "1", a: "NaN", b: "1" });
    expect(field(result, "hit.x")?.largestAbsolute).toBe(Number.POSITIVE_INFINITY);
  });

  it.each([
    [{}, "different"],
    [{ rtol: 1e-3 }, "close"],
    [{ rtol: 1e-5 }, "different"],
    [{ atol: 0.011 }, "close"],
    [{ atol: 0.009 }, "different"],
  ] as const)("with tolerance %o calls 20 against 20.01 %s", (options, status) => {
    const result = compareChanged((events) => {
      jetsOf(events, 19).pt[0] = 20.01;
    }, options);
    expect(result.same).toBe(status !== "different");
    expect(field(result, "pt")?.status).toBe(status);
    expect(result.products[0]?.status).toBe(status);
  });

  it("tolerates nothing in integers, strings and bytes", () => {
    const result = compareChanged(
      (events) => {
        Object.assign(jetsOf(events, 3), { n: 5, tag: "u", id: 5n, raw: Uint8Array.of(9) });
      },
      { rtol: 0.5, atol: 10 },
    );
    expect(field(result, "n")?.first).toStrictEqual({ event: "1:1:4", index: "", a: "4", b: "5" });
    expect(field(result, "tag")?.first).toStrictEqual({ event: "1:1:4", index: "", a: "t", b: "u" });
    expect(field(result, "id")).toMatchObject({ differentCount: 1, largestAbsolute: 1 });
    expect(field(result, "raw")?.first).toStrictEqual({ event: "1:1:4", index: "", a: "0x04", b: "0x09" });
  });

  it("counts the missing items of a shorter list", () => {
    const result = compareChanged((events) => {
      jetsOf(events, 0).pt = new Float32Array([1]);
      jetsOf(events, 0).hit = [];
    });
    expect(field(result, "pt")).toMatchObject({ differentCount: 2 });
    expect(field(result, "pt")?.first).toStrictEqual({ event: "1:1:1", index: "1", a: "1.25", b: "absent" });
    expect(field(result, "hit")?.first).toStrictEqual({
      event: "1:1:1",
      index: "0",
      a: "a message",
      b: "absent",
    });
  });

  it("reports events that only one file has, duplicates one by one", () => {
    const events = sample();
    const twice = [...events.slice(0, 5), ...events.slice(0, 3)];
    const result = compare(open([twice]), open([events.slice(1, 4), events.slice(1, 8)]));
    expect(result.eventCount).toBe(6);
    expect(result.eventsOnlyInA).toStrictEqual({ count: 2, first: ["1:1:1", "1:1:1"] });
    expect(result.eventsOnlyInB).toStrictEqual({ count: 4, first: ["1:1:4", "1:1:6", "1:1:7", "1:1:8"] });
    expect(result.same).toBe(false);
  });

  it("reports products that only one file has, in all events or in some", () => {
    const events = sample(4);
    const more = events.map(({ id, products }) => ({ id, products: [products[0], products[0]] }));
    const a = open([more], [branch(Jets, "jets"), branch(Jets, "extra")]);
    const b = open([events.map((event, i) => (i === 2 ? { ...event, products: [undefined] } : event))]);
    const result = compare(a, b);
    expect(result.productsOnlyInA).toStrictEqual(["Jets_extra__TEST."]);
    expect(result.productsOnlyInB).toStrictEqual([]);
    expect(result.products[0]).toMatchObject({ status: "different", eventCount: 3, onlyInA: 1, onlyInB: 0 });
    expect(result.products[0]?.fields.every(({ status }) => status === "exact")).toBe(true);
  });

  it.each([
    [["Jets_jets__TEST."], 1, []],
    [["*_jets_*"], 1, []],
    [["Jets_j?ts__TEST"], 1, []],
    [["*extra*"], 0, ["Jets_extra__TEST."]],
    [["jets"], 0, []],
  ])("compares only the products that match %s", (products, compared, onlyInA) => {
    const events = sample(2).map(({ id, products: [jets] }) => ({ id, products: [jets, jets] }));
    const result = compare(open([events], [branch(Jets, "jets"), branch(Jets, "extra")]), open([sample(2)]), {
      products,
    });
    expect(result.products).toHaveLength(compared);
    expect(result.productsOnlyInA).toStrictEqual(onlyInA);
  });

  it("matches fields by number and compares a float with the double it became", () => {
    const source = "message Jets { repeated double momentum = 1; int32 n = 2; }";
    const { Jets: Later } = productTypes(folder, source) as { Jets: ProductType<unknown> };
    const later = sample().map(({ id, products }) => {
      const { pt, n } = products[0] as JetProduct;
      return { id, products: [{ momentum: Float64Array.from(pt), n }] };
    });
    const result = compare(open([sample()]), open([later], [branch(Later, "jets")]));
    expect(field(result, "pt")).toMatchObject({ status: "exact", valueCount: 90 });
    expect(field(result, "tag")).toMatchObject({ status: "different", differentCount: 30 });
  });

  it("reports another process history and fails for it when asked", () => {
    const path = join(folder, "history.edm");
    const processHistory = [{ name: "HLT", parameterSetId: "00", release: "cmsrun_0_2_0" }];
    const other = () => new EventFileReader(path);
    writeFile(path, [branch(Jets, "jets")], [sample()], processHistory);
    expect(compare(open([sample()]), other())).toMatchObject({ same: true, processHistory: { same: false } });
    expect(compare(open([sample()]), other(), { processHistory: true }).same).toBe(false);
  });
});

describe("formatComparison", () => {
  it("prints a table and the verdict", () => {
    const result = compareChanged(
      (events) => {
        jetsOf(events, 4).pt[1] = 6;
        jetsOf(events, 9).hit[0] = { x: 3.3333 };
        events.pop();
      },
      { rtol: 1e-4 },
    );
    expect(formatComparison(result)).toMatchInlineSnapshot(`
      "product / field   status     values     different  largest abs  largest rel  first difference
      Jets_jets__TEST.  different  29 events
        pt              different  87         1          0.750        0.125        1:1:5[1]: 5.25 / 6
        n               exact      29         0
        hit.x           close      58         0          0.0000333    0.0000100
        tag             exact      29         0
        id              exact      29         0
        raw             exact      29         0

      events compared: 29
      events only in A: 1 (1:4:30)
      the files are DIFFERENT
      "
    `);
    expect(formatComparison(compareChanged(() => {}))).toContain("the files have the same contents\n");
  });
});
