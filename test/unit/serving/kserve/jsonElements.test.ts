import { describe, expect, it } from "vitest";
import {
  jsonElements,
  parseJsonExactly,
  readJsonElements,
} from "../../../../framework/serving/kserve/jsonElements.js";
import type { DType } from "../../../../framework/tensorflow/dtypes.js";

function read(dtype: DType, shape: readonly number[], json: string) {
  const count = shape.reduce((product, size) => product * size, 1);
  return readJsonElements(dtype, shape, count, JSON.parse(json), () => parseJsonExactly(json));
}

describe("readJsonElements", () => {
  it("takes flat lists and lists nested as the shape says", () => {
    const values = new Float32Array([1, 2, 3, 4, 5, 6]);
    expect(read("float32", [2, 3], "[1,2,3,4,5,6]")).toEqual(values);
    expect(read("float32", [2, 3], "[[1,2,3],[4,5,6]]")).toEqual(values);
    expect(read("float32", [1, 2, 3], "[[[1,2,3],[4,5,6]]]")).toEqual(values);
    expect(read("float32", [0, 3], "[]")).toEqual(new Float32Array(0));
    expect(read("float32", [2, 0], "[[],[]]")).toEqual(new Float32Array(0));
    expect(read("float64", [], "[2.5]")).toEqual(new Float64Array([2.5]));
  });

  it("refuses other lengths, however they are nested", () => {
    for (const json of [
      "[]",
      "[1,2,3]",
      "[[1,2],[3]]",
      "[[1,2,3,4]]",
      "[[1],[2],[3],[4]]",
      "[1,2,3,4,5]",
      "[[[1,2],[3,4]]]",
    ])
      expect(() => read("float32", [2, 2], json), json).toThrow(/means 4 elements|is a list/);
    for (const json of ["5", '"1,2"', "null", '{"0":1}'])
      expect(() => read("float32", [1], json), json).toThrow("no list");
  });

  it("keeps integers exact at any size", () => {
    expect(read("int64", [2], "[9007199254740993, -9223372036854775808]")).toEqual(
      new BigInt64Array([9007199254740993n, -(2n ** 63n)]),
    );
    expect(read("uint64", [1, 1], "[[18446744073709551615]]")).toEqual(new BigUint64Array([2n ** 64n - 1n]));
    expect(jsonElements("int64", new BigInt64Array([9007199254740993n]))).toBe("9007199254740993");
  });

  it("refuses what the type cannot hold", () => {
    const wrong: [DType, string][] = [
      ["int8", "[128]"],
      ["int32", "[1.5]"],
      ["uint8", "[-1]"],
      ["int64", "[9223372036854775808]"],
      ["uint64", "[-1]"],
      ["bool", "[2]"],
      ["float32", "[null]"],
      ["float32", '["1"]'],
      ["float32", "[true]"],
      ["string", "[1]"],
      ["int32", '[{"a":1}]'],
    ];
    for (const [dtype, json] of wrong)
      expect(() => read(dtype, [1], json), json).toThrow(/element 0 of its data is/);
  });

  it("spells what JSON has no number for", () => {
    expect(read("float32", [3], '["NaN","Infinity","-inf"]')).toEqual(
      new Float32Array([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]),
    );
    const written = jsonElements(
      "float64",
      new Float64Array([Number.NaN, Number.NEGATIVE_INFINITY, -0, 0.1]),
    );
    expect(written).toBe('"NaN","-Infinity",-0.0,0.1');
    expect(Object.is(JSON.parse(`[${written}]`)[2], -0)).toBe(true);
  });

  it("gives back every float32 exactly", () => {
    const bits = new Uint32Array(10_000);
    for (let i = 0, state = 1; i < bits.length; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      bits[i] = (state & 0x7f800000) === 0x7f800000 ? 0 : state;
    }
    const values = new Float32Array(bits.buffer);
    const again = read("float32", [values.length], `[${jsonElements("float32", values)}]`) as Float32Array;
    expect(new Uint32Array(again.buffer)).toEqual(bits);
  });

  it("has text for BYTES, and says so where it is none", () => {
    expect(read("string", [2], '["a","ä€"]')).toEqual([Buffer.from("a"), Buffer.from("ä€")]);
    expect(jsonElements("string", [Buffer.from('"ä\n')])).toBe('"\\"ä\\n"');
    expect(() => jsonElements("string", [new Uint8Array([0xff])])).toThrow("no UTF-8");
  });
});

describe("parseJsonExactly", () => {
  it("turns long integers into text, and nothing else", () => {
    const text =
      '{"a":[12345678901234567,-9223372036854775808,0.12345678901234567,1e300,123],"b":"12345678901234567\\"","c":-1.2e-17}';
    expect(parseJsonExactly(text)).toEqual({
      a: ["12345678901234567", "-9223372036854775808", 0.12345678901234566, 1e300, 123],
      b: '12345678901234567"',
      c: -1.2e-17,
    });
  });
});
