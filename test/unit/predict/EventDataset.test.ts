/** Columns of event files as tensors: from ROOT and from .edm, an event, a row or a number of rows at a time. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { JetCollection } from "../../../framework/data/products.generated.js";
import type { EventID } from "../../../framework/data/EventID.js";
import { ClusterEncoder } from "../../../framework/io/ClusterEncoder.js";
import { EventFileWriter } from "../../../framework/io/EventFileWriter.js";
import { EventDataset, type EventDatasetOptions } from "../../../framework/predict/EventDataset.js";
import type { Tensor } from "../../../framework/tensorflow/Tensor.js";

const root = join(import.meta.dirname, "..", "..", "..");
const jets = join(root, "data", "samples", "jets_heldout.root");
const tensors = {
  features: { product: "Jet", columns: ["pt", "eta", "nConstituents"] },
  truth: { product: "Jet", column: "hadronFlavour", dtype: "int32" as const },
};

async function elementsOf(
  options?: EventDatasetOptions,
  file: string | string[] = jets,
): Promise<Tensor[][]> {
  const elements: Tensor[][] = [];
  for await (const element of new EventDataset(file, tensors, options)) elements.push(element);
  return elements;
}

/** Everything in one: what each way of cutting must give again. */
async function allRows(options?: EventDatasetOptions): Promise<number[][]> {
  const elements = await elementsOf(options);
  return [0, 1].map((i) => elements.flatMap((element) => Array.from((element[i] as Tensor).data, Number)));
}

describe("a ROOT file", () => {
  it("gives an event's rows at a time", async () => {
    const events = await elementsOf({ maxEvents: 5 });
    expect(events).toHaveLength(5);
    for (const [features, truth] of events as [Tensor, Tensor][]) {
      expect(features.shape).toEqual([truth.shape[0], 3]);
      expect([features.dtype, truth.dtype]).toEqual(["float32", "int32"]);
    }
  });

  it("gives the same rows however they are cut", async () => {
    const maxEvents = 40;
    const whole = await allRows({ maxEvents });
    expect(whole[1]?.length).toBeGreaterThan(40);
    expect(whole[0]?.length).toBe(3 * (whole[1]?.length ?? 0));
    for (const each of ["row", 1, 7, 32, 10000] as const)
      expect(await allRows({ maxEvents, each })).toEqual(whole);
  });

  it("gives as many rows as are asked for, the last element what is left", async () => {
    const sizes = (await elementsOf({ each: 16, maxEvents: 20 })).map(([features]) => features?.shape[0]);
    expect(sizes.slice(0, -1).every((size) => size === 16)).toBe(true);
    expect(sizes.at(-1)).toBeLessThanOrEqual(16);
    const [row] = await elementsOf({ each: "row" });
    expect(row?.map(({ shape }) => shape)).toEqual([[3], []]);
  });

  it("goes from file to file", async () => {
    const once = await elementsOf({ each: "event" });
    const twice = await elementsOf({ each: "event" }, [jets, jets]);
    expect(twice.length).toBe(2 * once.length);
  });
});

describe("an event file", () => {
  const folder = mkdtempSync(join(tmpdir(), "event-dataset-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "jets.edm");

  it("gives the columns of its products", async () => {
    const branch = (process: string) => ({
      description: { type: "JetCollection", label: "Jet", instance: "", process },
      type: JetCollection,
    });
    const events = [2, 0, 1].map((count, event) => ({
      id: { run: 1, luminosityBlock: 1, event: BigInt(event + 1) },
      pt: Float32Array.from({ length: count }, (_, jet) => 10 * event + jet),
    }));
    const branches = [branch("GEN"), branch("RECO")];
    const writer = new EventFileWriter(path, { processHistory: [], branches });
    const encoder = new ClusterEncoder(branches);
    const made = events.map(({ pt }) => ({
      pt,
      eta: pt.map((value) => -value),
      phi: pt,
      mass: pt,
      nConstituents: new Uint32Array(pt.length).fill(3),
    }));
    const ids = events.map(({ id }) => id as unknown as EventID);
    writer.append(encoder.encode(ids, (column, event) => (column === 1 ? made[event] : undefined)));
    writer.close();
    const dataset = new EventDataset(path, { x: { product: "Jet", columns: ["pt", "eta"] } });
    const rows: number[][] = [];
    for await (const { x } of dataset.named()) rows.push([...(x as Tensor<"float32">).data]);
    expect(rows).toEqual([[0, -0, 1, -1], [], [20, -20]]);
  });

  it("says what it has where something is misspelt", async () => {
    const first = async (columns: object) => {
      const dataset = new EventDataset(path, { x: columns as never });
      for await (const _ of dataset) return;
    };
    await expect(first({ product: "Jets", column: "pt" })).rejects.toThrow(
      "has no product 'Jets'; did you mean 'Jet'?",
    );
    await expect(first({ product: "Jet", column: "pT" })).rejects.toThrow(
      "has no column 'pT'; did you mean 'pt'?",
    );
    await expect(first({ product: "Jet::HLT", column: "pt" })).rejects.toThrow("has no product 'Jet::HLT'");
    await expect(first({ product: "Jet", column: "eta", dtype: "uint8" })).rejects.toThrow(
      "tensor 'x' is uint8",
    );
  });
});

describe("wrong options", () => {
  it.each<[object, EventDatasetOptions, string]>([
    [{ x: { product: "Jet" } }, {}, "needs either 'column' or a list of 'columns'"],
    [{ x: { product: "Jet", column: "pt", columns: ["pt"] } }, {}, "needs either"],
    [{}, {}, "it has no tensors"],
    [tensors, { each: 0 }, "'each' is 0"],
    [tensors, { each: "jet" as never }, "'each' is \"jet\""],
  ])("%j %j are refused", (wanted, options, message) => {
    expect(() => new EventDataset(jets, wanted as never, options)).toThrow(message);
  });
});
