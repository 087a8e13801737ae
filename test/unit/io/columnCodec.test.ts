import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { ProductType } from "../../../framework/data/ProductType.js";
import { unpackBlocks } from "../../../framework/io/blockCodec.js";
import { ByteBuffer } from "../../../framework/io/ByteBuffer.js";
import { decodeColumn, encodeColumn } from "../../../framework/io/columnCodec.js";
import { matchFields } from "../../../framework/io/matchFields.js";
import { everyKind, productTypes, randomNumbers, randomProduct, temporaryFolder } from "./sample.js";
import { slowlyDecodeColumn } from "./slowColumnDecoder.js";

const folder = temporaryFolder();
const { Every, Lists } = productTypes(folder, everyKind) as Record<"Every" | "Lists", ProductType<unknown>>;
const everyFields = Every.fields ?? [];

function encode(type: ProductType<unknown>, values: readonly unknown[]): Uint8Array {
  const out = new ByteBuffer();
  encodeColumn(type.fields ?? [], values, out, "branch");
  return out.written().slice();
}

function decode(type: ProductType<unknown>, block: Uint8Array, count: number, wanted = type): unknown[] {
  const column = decodeColumn(matchFields(type.fields ?? [], wanted.fields ?? [], "branch"), block, count);
  return Array.from({ length: count }, (_, i) => column.get(i));
}

/** Typed arrays as plain ones, which is how the slow decoder has them. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value];
  if (ArrayBuffer.isView(value)) return [...(value as Float32Array)];
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));
}

describe("columnCodec", () => {
  it.each([1, 2, 3, 4, 5])("round-trips every kind of field, some products absent (seed %i)", (seed) => {
    const random = randomNumbers(seed);
    const values = Array.from({ length: 37 }, () =>
      random() < 0.2 ? undefined : randomProduct(everyFields, random),
    );
    const block = encode(Every, values);
    const decoded = decode(Every, block, values.length);
    expect(decoded).toStrictEqual(values);
    expect(decoded.map(plain)).toStrictEqual(
      slowlyDecodeColumn(everyFields, block, values.length).map(plain),
    );
  });

  it("round-trips no events, only absent products and empty products", () => {
    const empty = randomProduct(everyFields, () => 0);
    for (const values of [[], [undefined], [undefined, undefined, empty], [empty]]) {
      expect(decode(Every, encode(Every, values), values.length)).toStrictEqual(values);
    }
  });

  it("cuts a large column into blocks of 256 kB and stores the incompressible ones as they are", () => {
    const random = randomNumbers(7);
    const empty = randomProduct(Lists.fields ?? [], () => 0) as object;
    const noise = new BigUint64Array(Uint32Array.from({ length: 100_000 }, () => random() * 2 ** 32).buffer);
    const zeros = new Float32Array(300_000);
    const block = encode(Lists, [{ ...empty, ul: noise, f: zeros }]);
    const [decoded] = decode(Lists, block, 1) as { ul: BigUint64Array; f: Float32Array }[];
    expect(decoded?.ul).toStrictEqual(noise);
    expect(decoded?.f).toStrictEqual(zeros);
    expect(unpackBlocks(block, new ByteBuffer()).length).toBeGreaterThan(1_600_000);
    expect(block.length).toBeGreaterThan(256 * 1024);
    expect(block.length).toBeLessThan(noise.byteLength + 10_000);
  });

  it("returns views of one array for all events", () => {
    const empty = randomProduct(Lists.fields ?? [], () => 0) as object;
    const values = [1, 2, 3].map((n) => ({ ...empty, f: new Float32Array(n).fill(n) }));
    const decoded = decode(Lists, encode(Lists, values), 3) as { f: Float32Array }[];
    expect(new Set(decoded.map(({ f }) => f.buffer)).size).toBe(1);
    expect(decoded[2]?.f.byteOffset).toBe(12);
  });

  it("writes the same bytes whatever was encoded before, on any Node", () => {
    const random = randomNumbers(11);
    const values = Array.from({ length: 64 }, () => randomProduct(everyFields, random));
    const block = encode(Every, values);
    encode(Every, values.slice(0, 3));
    expect(encode(Every, values)).toStrictEqual(block);
    expect(createHash("sha256").update(block).digest("hex")).toMatchInlineSnapshot(
      `"bf464fcfc5134f66ec261390af6b2f7698056ba5f6303fd2ef19dd865f201bae"`,
    );
  });

  it.each([
    [{ f: [1, 2] }, /^branch field 'f' must be Float32Array but is an object of class Array/],
    [{ f: new Float64Array(2) }, /'f' must be Float32Array but is an object of class Float64Array/],
    [{ t: ["a", 5] }, /field 't' must be string but is number 5/],
    [{ y: undefined }, /field 'y' must be Array but is undefined/],
  ])("refuses a value that is not of the declared kind (%#)", (wrong, message) => {
    const empty = randomProduct(Lists.fields ?? [], () => 0) as object;
    expect(() => encode(Lists, [{ ...empty, ...wrong }])).toThrow(message);
  });

  it.each([
    [
      { i: 2.5 },
      /^branch field 'one' field 'i' must be a value that an Int32Array can hold but is number 2.5/,
    ],
    [{ u: -1 }, /'u' must be a value that an Uint32Array can hold but is number -1/],
    [{ l: 5 }, /'l' must be bigint but is number 5/],
    [{ ul: 1n << 64n }, /'ul' must be a value that an BigUint64Array can hold/],
    [{ b: 1 }, /'b' must be boolean/],
  ])("refuses a scalar that its kind cannot hold (%#)", (wrong, message) => {
    const every = randomProduct(everyFields, () => 0) as { one: object };
    expect(() => encode(Every, [{ ...every, one: { ...every.one, ...wrong } }])).toThrow(message);
    expect(() => encode(Every, [5])).toThrow("branch must be a message but is number 5");
  });
});

describe("schema evolution", () => {
  const random = randomNumbers(3);
  const values = Array.from(
    { length: 9 },
    () => randomProduct(everyFields, random) as { one: { f: number; t: string } },
  );
  const block = encode(Every, values);
  const every = (source: string) => productTypes(folder, source).Every as ProductType<unknown>;

  it("drops removed fields and renames by number, nested ones too", () => {
    const wanted = every("message One { string text = 14; float f = 2; } message Every { One first = 1; }");
    const expected = values.map(({ one }) => ({ first: { text: one.t, f: one.f } }));
    expect(decode(Every, block, 9, wanted)).toStrictEqual(expected);
  });

  it("gives new fields their empty value", () => {
    const wanted = every(`message In { int64 l = 1; repeated string s = 2; }
      message Every { repeated float a = 90; int32 b = 91; bool c = 92; string d = 93; bytes e = 94;
        repeated bool f = 95; In g = 96; repeated In h = 97; uint64 i = 98; }`);
    const [first] = decode(Every, block, 9, wanted);
    const none = new Uint8Array(0);
    const g = { l: 0n, s: [] };
    expect(first).toStrictEqual({
      a: new Float32Array(0),
      b: 0,
      c: false,
      d: "",
      e: none,
      f: none,
      g,
      h: [],
      i: 0n,
    });
  });

  it.each([
    [
      "message Every { double one = 1; }",
      "field 'one' (number 1) is 'message one' in the file but 'double one'",
    ],
    [
      "message One { double f = 2; } message Every { One one = 1; }",
      "field 'one' field 'f' (number 2) is 'float f'",
    ],
    [
      "message One { float f = 2; } message Every { One many = 2; }",
      "is 'repeated message many' in the file but",
    ],
  ])("refuses a changed kind: %s", (source, message) => {
    expect(() => decode(Every, block, 9, every(source))).toThrow(message);
  });
});
