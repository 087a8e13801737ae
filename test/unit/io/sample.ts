/** What the tests of event files share: products of every kind, random values of fixed seeds, files in a folder. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import type { EventID } from "../../../framework/data/EventID.js";
import { ProductType } from "../../../framework/data/ProductType.js";
import { ClusterEncoder } from "../../../framework/io/ClusterEncoder.js";
import { EventFileWriter } from "../../../framework/io/EventFileWriter.js";
import type { FileBranch, FileHeader } from "../../../framework/io/eventFileFormat.js";
import { describeProducts } from "../../../scripts/generateProducts.mjs";

/** A folder that is removed after the tests of the file that asked for it. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "cmsrun-io-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** The product types of .proto source whose comments and syntax line are supplied here: `float x = 1;` is enough. */
export function productTypes(folder: string, source: string): Record<string, ProductType<unknown>> {
  const path = join(folder, "products.proto");
  const commented = source.replaceAll(/= (\d+);/g, "= $1; // a value [1]\n");
  writeFileSync(path, `syntax = "proto3";\npackage test;\n${commented}`);
  const { products, fileDescriptorSet } = describeProducts([path]);
  return Object.fromEntries(
    products.map(({ name, fields }) => [name, new ProductType(name, fields, fileDescriptorSet)]),
  );
}

/** Every kind that protobuf has, each alone, repeated and nested. */
export const everyKind = `
  enum Colour { RED = 0; BLUE = 1; }
  message Scalars {
    double d = 1; float f = 2; int32 i = 3; int64 l = 4; uint32 u = 5; uint64 ul = 6; sint32 s = 7; sint64 sl = 8;
    fixed32 x = 9; fixed64 xl = 10; sfixed32 sx = 11; sfixed64 sxl = 12; bool b = 13; string t = 14; bytes y = 15;
    Colour c = 16;
  }
  message Lists {
    repeated double d = 1; repeated float f = 2; repeated int32 i = 3; repeated int64 l = 4; repeated uint32 u = 5;
    repeated uint64 ul = 6; repeated sint32 s = 7; repeated sint64 sl = 8; repeated fixed32 x = 9;
    repeated fixed64 xl = 10; repeated sfixed32 sx = 11; repeated sfixed64 sxl = 12; repeated bool b = 13;
    repeated string t = 14; repeated bytes y = 15; repeated Colour c = 16;
  }
  message Every { Scalars one = 1; repeated Scalars many = 2; Lists lists = 3; repeated Lists manyLists = 4; }
`;

/** mulberry32: numbers in [0, 1) that depend on the seed only. */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const texts = ["", "a", "HLT_IsoMu24", "é", "日本", "🚀", "x".repeat(50)];

/** A random value of a product type's message: extremes, NaN, empty lists and non-ASCII text among them. */
export function randomProduct(
  fields: NonNullable<ProductType<unknown>["fields"]>,
  random: () => number,
): unknown {
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
  const bits = () => (random() * 4294967296) >>> 0;
  const wide = () => (BigInt(bits()) << 32n) | BigInt(bits());
  const scalar: Record<string, () => unknown> = {
    double: () => pick([0, -0, Number.NaN, Number.MAX_VALUE, -Infinity, random() * 1e10, 5e-324]),
    float: () => Math.fround(pick([0, -0, Number.NaN, Infinity, random() * 500, -random(), 1e-45])),
    bool: () => random() < 0.5,
    string: () => pick(texts),
    bytes: () => Uint8Array.from({ length: Math.floor(random() * 5) }, bits),
  };
  for (const kind of ["int32", "sint32", "sfixed32", "enum"]) scalar[kind] = () => bits() | 0;
  for (const kind of ["uint32", "fixed32"]) scalar[kind] = bits;
  for (const kind of ["int64", "sint64", "sfixed64"]) scalar[kind] = () => BigInt.asIntN(64, wide());
  for (const kind of ["uint64", "fixed64"]) scalar[kind] = wide;
  const arrays: Record<string, { from(values: never[]): unknown }> = {
    double: Float64Array,
    float: Float32Array,
    bool: Uint8Array,
    int32: Int32Array,
    sint32: Int32Array,
    sfixed32: Int32Array,
    enum: Int32Array,
    uint32: Uint32Array,
    fixed32: Uint32Array,
    int64: BigInt64Array,
    sint64: BigInt64Array,
    sfixed64: BigInt64Array,
    uint64: BigUint64Array,
    fixed64: BigUint64Array,
  };
  const values = fields.map((field) => {
    const one = () =>
      field.kind === "message" ? randomProduct(field.fields ?? [], random) : scalar[field.kind]?.();
    if (!field.repeated) return [field.name, one()];
    const list = Array.from({ length: Math.floor(random() * 4) }, one);
    return [field.name, arrays[field.kind]?.from(list as never[]) ?? list];
  });
  return Object.fromEntries(values);
}

export function branch(type: ProductType<unknown>, label = "label", process = "TEST"): FileBranch {
  return { description: { type: type.name, label, instance: "", process }, type };
}

/** `count` events from `first` on, ten a luminosity block. */
export function eventIDs(count: number, first = 1): EventID[] {
  return Array.from({ length: count }, (_, i) => {
    return { run: 1, luminosityBlock: 1 + Math.floor((first + i) / 10), event: first + i };
  });
}

export const history: FileHeader["processHistory"] = [
  { name: "TEST", parameterSetId: "0123456789abcdef", release: "cmsrun_0_1_0" },
];

/** An event of a file: its products by branch, undefined where absent. */
export interface SampleEvent {
  readonly id: EventID;
  readonly products: readonly unknown[];
}

/** Writes a complete file with one cluster for each list of events. */
export function writeFile(
  path: string,
  branches: FileBranch[],
  clusters: SampleEvent[][],
  processHistory = history,
): void {
  const writer = new EventFileWriter(path, { processHistory, branches });
  const encoder = new ClusterEncoder(branches);
  for (const events of clusters) {
    const ids = events.map(({ id }) => id);
    writer.append(encoder.encode(ids, (index, event) => events[event]?.products[index]));
  }
  writer.close();
}
