/** What the tests of tf.Example records share: a product of every kind, events of it, and layouts. */
import type { EventID } from "../../../../framework/data/EventID.js";
import type { ProductType } from "../../../../framework/data/ProductType.js";
import type { FileBranch } from "../../../../framework/io/eventFileFormat.js";
import { chooseColumns, parseColumnRule } from "../../../../framework/io/tfexample/chooseColumns.js";
import { exampleLayout, type LayoutOptions } from "../../../../framework/io/tfexample/layout.js";
import { productTypes, randomNumbers } from "../sample.js";

/** Every kind that a tf.Example can hold, once an event and once a row. */
const source = `
  enum Colour { RED = 0; BLUE = 1; }
  message Flat {
    float f = 2; int32 i = 3; int64 l = 4; uint32 u = 5; uint64 ul = 6; bool b = 13; string t = 14; bytes y = 15;
    Colour c = 16; double d = 1;
  }
  message Rows {
    repeated float f = 2; repeated int32 i = 3; repeated int64 l = 4; repeated uint32 u = 5; repeated uint64 ul = 6;
    repeated bool b = 13; repeated string t = 14; repeated bytes y = 15; repeated Colour c = 16; repeated double d = 1;
  }
  message Nested { Flat one = 1; }
`;

export function branchesOf(folder: string): { flat: FileBranch; rows: FileBranch; nested: FileBranch } {
  const types = productTypes(folder, source) as Record<"Flat" | "Rows" | "Nested", ProductType<unknown>>;
  const branch = (type: ProductType<unknown>, label: string) => ({
    description: { type: type.name, label, instance: "", process: "TEST" },
    type,
  });
  return {
    flat: branch(types.Flat, "all"),
    rows: branch(types.Rows, "row"),
    nested: branch(types.Nested, "deep"),
  };
}

export function layoutOf(
  rules: readonly string[],
  branches: readonly FileBranch[],
  options: Partial<LayoutOptions> = {},
) {
  const owner = "module 'records' (TFRecordOutputModule)";
  const columns = chooseColumns(
    rules.map((rule) => parseColumnRule(rule, owner)),
    branches,
    owner,
  );
  const defaults = { granularity: "event", doubleAsFloat: true, rowCounts: true } as const;
  return exampleLayout(columns, branches, { ...defaults, ...options }, owner);
}

const texts = ["", "HLT_IsoMu24", "é", "日本🚀", "x".repeat(300)];
const wide = [
  0n,
  1n,
  -1n,
  127n,
  128n,
  2n ** 31n,
  -(2n ** 31n),
  2n ** 32n,
  2n ** 63n - 1n,
  -(2n ** 63n),
  1n << 40n,
];

export interface SampleEvent {
  readonly id: EventID;
  readonly flat: Record<string, unknown>;
  readonly rows: Record<string, unknown>;
}

/** Events of 0 to 4 rows; the values are those at which encodings change their length, and random ones. */
export function sampleEvents(count: number, seed = 1): SampleEvent[] {
  const random = randomNumbers(seed);
  const pick = <T>(values: readonly T[]) => values[Math.floor(random() * values.length)] as T;
  const magnitude = () => (random() - 0.5) * 2 ** Math.floor(random() * 40);
  const bytes = () => Uint8Array.from({ length: Math.floor(random() * 200) }, () => random() * 256);
  const int = () =>
    pick([0, 1, -1, 127, 128, 16383, 16384, 2 ** 31 - 1, -(2 ** 31), Math.trunc(magnitude()) | 0]);
  const unsigned = () => int() >>> 0;
  const positive = () => BigInt.asUintN(63, pick(wide));
  return Array.from({ length: count }, (_, event) => {
    const n = event % 5;
    const list = <T>(make: () => T) => Array.from({ length: n }, make);
    return {
      id: {
        run: pick([1, 2 ** 32 - 1]),
        luminosityBlock: 1 + event,
        event: pick([event, 2 ** 53 - 1, 2 ** 32 + event]),
      },
      flat: {
        f: Math.fround(magnitude()),
        i: int(),
        l: pick(wide),
        u: unsigned(),
        ul: positive(),
        b: random() < 0.5,
        t: pick(texts),
        y: bytes(),
        c: pick([0, 1]),
        d: magnitude(),
      },
      rows: {
        f: Float32Array.from(list(magnitude)),
        i: Int32Array.from(list(int)),
        l: BigInt64Array.from(list(() => pick(wide))),
        u: Uint32Array.from(list(unsigned)),
        ul: BigUint64Array.from(list(positive)),
        b: Uint8Array.from(list(() => pick([0, 1]))),
        t: list(() => pick(texts)),
        y: list(bytes),
        c: Int32Array.from(list(() => pick([0, 1]))),
        d: Float64Array.from(list(magnitude)),
      },
    };
  });
}
