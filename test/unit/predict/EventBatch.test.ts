import { describe, expect, it } from "vitest";
import "../../../framework/data/products.generated.js";
import { ProductType } from "../../../framework/data/ProductType.js";
import { EventBatch, type TensorSource } from "../../../framework/predict/EventBatch.js";

const source = (more: Partial<TensorSource>): TensorSource => ({
  tensor: "x",
  product: "JetCollection",
  columns: ["pt"],
  dtype: "float32",
  shape: "vector",
  ...more,
});
const one = (kind: "int64" | "uint64" | "double" | "bool" | "string", name: string, repeated = true) => ({
  name,
  id: 1,
  kind,
  repeated,
  description: "",
});
new ProductType("BatchTest", [
  one("int64", "big"),
  one("bool", "flag"),
  one("double", "exact"),
  one("double", "weight", false),
  one("string", "text"),
]);

describe("a batch of events", () => {
  it("gathers rows of several events into matrices and vectors", () => {
    const batch = new EventBatch([
      source({ tensor: "jets", columns: ["pt", "nConstituents"], shape: "matrix" }),
      source({ tensor: "one", shape: "matrix" }),
      source({
        tensor: "isB",
        product: "JetTruth",
        columns: ["hadronFlavour"],
        oneWhere: [5, 4],
        dtype: "int32",
      }),
    ]);
    const event = (pt: number[], n: number[], flavour: number[]) => {
      const jets = { pt: Float32Array.from(pt), nConstituents: Uint32Array.from(n) };
      return batch.open([jets, jets, { hadronFlavour: Int32Array.from(flavour) }]);
    };
    expect(event([1, 2, 3], [10, 20, 30], [5, 0, 4])).toBe(3);
    batch.append(0, 2);
    expect(event([4], [40], [21])).toBe(1);
    batch.append(0, 1);
    expect(event([], [], [])).toBe(0);
    batch.append(0, 0);
    const { jets, one: single, isB } = batch.tensors();
    expect([jets?.shape, Array.from(jets?.as("float32") ?? [])]).toEqual([
      [3, 2],
      [1, 10, 2, 20, 4, 40],
    ]);
    expect([single?.shape, isB?.shape]).toEqual([[3, 1], [3]]);
    expect(isB).toMatchObject({ dtype: "int32", data: Int32Array.of(1, 0, 0) });
    expect(batch.rowCount).toBe(3);
    batch.clear();
    expect([batch.rowCount, batch.tensors().jets?.shape]).toEqual([0, [0, 2]]);
  });

  it("grows, and keeps every digit of 64-bit numbers", () => {
    const product = "BatchTest";
    const batch = new EventBatch([
      source({ tensor: "big", product, columns: ["big"], dtype: "int64" }),
      source({ tensor: "exact", product, columns: ["exact"], dtype: "float64" }),
      source({ tensor: "flag", product, columns: ["flag"], dtype: "int32" }),
      source({ tensor: "weight", product, columns: ["weight"], dtype: "float64" }),
    ]);
    for (let i = 0; i < 100; i++) {
      const event = {
        big: BigInt64Array.of(2n ** 62n + BigInt(i), -1n),
        exact: Float64Array.of(0.1 * i, 1e300),
        flag: Uint8Array.of(1, 0),
        weight: i,
      };
      batch.append(0, batch.open([event, event, event, event]));
    }
    const { big, exact, flag, weight } = batch.tensors();
    expect(big?.data.slice(196)).toEqual(BigInt64Array.of(2n ** 62n + 98n, -1n, 2n ** 62n + 99n, -1n));
    expect(exact?.data.slice(2, 4)).toEqual(Float64Array.of(0.1, 1e300));
    expect(flag?.data.slice(0, 4)).toEqual(Int32Array.of(1, 0, 1, 0));
    expect(weight?.data.slice(196)).toEqual(Float64Array.of(98, 98, 99, 99));
  });

  it("has one row an event when all fields are single values", () => {
    const batch = new EventBatch([source({ product: "BatchTest", columns: ["weight"] })]);
    expect(batch.open([{ weight: 3 }])).toBe(1);
  });

  it("refuses columns of different lengths, unknown products and fields, and texts", () => {
    const batch = new EventBatch([source({ columns: ["pt", "eta"] })]);
    expect(() => batch.open([{ pt: new Float32Array(3), eta: new Float32Array(2) }])).toThrow(
      "tensor 'x': column 'eta' has 2 values, those before it have 3",
    );
    expect(() => new EventBatch([source({ product: "Jets" })])).toThrow("unknown product 'Jets'");
    expect(() => new EventBatch([source({ columns: ["Pt"] })])).toThrow("'Pt'; did you mean 'pt'?");
    expect(() => new EventBatch([source({ columns: [] })])).toThrow(
      "columns is empty; name fields of JetCollection.",
    );
    expect(() => new EventBatch([source({ product: "BatchTest", columns: ["text"] })])).toThrow(
      "BatchTest has no field of numbers 'text'",
    );
  });
});

describe("product types by name", () => {
  it("are what the code declares, not what a file describes later", () => {
    const declared = ProductType.declared.get("JetCollection");
    new ProductType("JetCollection", []);
    expect(ProductType.declared.get("JetCollection")).toBe(declared);
    expect(ProductType.declared.has("NeverDeclared")).toBe(false);
  });
});
