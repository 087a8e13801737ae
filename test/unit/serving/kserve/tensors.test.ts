import { describe, expect, it } from "vitest";
import { readBytesTensor, writeBytesTensor } from "../../../../framework/serving/kserve/bytesTensor.js";
import { classify } from "../../../../framework/serving/kserve/classify.js";
import { readRawElements } from "../../../../framework/serving/kserve/rawElements.js";
import type { TensorLike } from "../../../../framework/tensorflow/Tensor.js";

const texts = ({ data }: TensorLike) => (data as Uint8Array[]).map((bytes) => Buffer.from(bytes).toString());

describe("BYTES", () => {
  it("are read as they were written", () => {
    const elements = ["", "abc", "ä€"].map((text) => new Uint8Array(Buffer.from(text)));
    expect(readBytesTensor(writeBytesTensor(elements), 3)).toEqual(elements);
    expect(readBytesTensor(new Uint8Array(0), 0)).toEqual([]);
  });

  it("are refused when they are cut off at any place, or too many", () => {
    const raw = writeBytesTensor([Buffer.from("abc"), Buffer.from("de")]);
    for (let end = 0; end < raw.length; end++)
      expect(() => readBytesTensor(raw.subarray(0, end), 2), String(end)).toThrow(/do not hold 2|but only/);
    expect(() => readBytesTensor(raw, 1)).toThrow("do not hold 1 BYTES elements");
    expect(() => readBytesTensor(raw, 3)).toThrow("do not hold 3");
    expect(() => readBytesTensor(raw, 2 ** 28)).toThrow("do not hold");
  });
});

describe("raw elements", () => {
  it("are read from any place in a request, truth as 0 and 1", () => {
    const raw = Buffer.from([9, 0, 0, 128, 63, 7]).subarray(1, 5);
    expect(readRawElements("float32", 1, raw)).toEqual(new Float32Array([1]));
    expect(readRawElements("bool", 3, new Uint8Array([0, 1, 255]))).toEqual(new Uint8Array([0, 1, 1]));
    expect(() => readRawElements("float32", 2, raw)).toThrow(
      "unexpected byte size 4, expected 8 for 2 elements of FP32",
    );
  });
});

describe("classify", () => {
  it("orders by value, then index, NaN last", () => {
    const data = new Float32Array([1, Number.NaN, 3, 3, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]);
    const found = classify({ dtype: "float32", shape: [1, 6], data }, 6, true);
    expect(texts(found)).toEqual(["Infinity:5", "3:2", "3:3", "1:0", "-Infinity:4", "NaN:1"]);
    expect(found.shape).toEqual([1, 6]);
  });

  it("counts per row, takes what there is, and 64 bits exactly", () => {
    const data = new BigInt64Array([2n ** 62n, 2n ** 62n + 1n, 5n, -5n]);
    expect(texts(classify({ dtype: "int64", shape: [2, 2], data }, 1, true))).toEqual([
      `${2n ** 62n + 1n}:1`,
      "5:0",
    ]);
    expect(classify({ dtype: "int64", shape: [4], data }, 9, false).shape).toEqual([4]);
    expect(
      texts(classify({ dtype: "half", shape: [2], data: new Uint16Array([0x3c00, 0x4000]) }, 1, false)),
    ).toEqual(["2:1"]);
    expect(classify({ dtype: "float32", shape: [0, 3], data: new Float32Array(0) }, 2, true).shape).toEqual([
      0, 0,
    ]);
    expect(() => classify({ dtype: "string", shape: [0], data: [] }, 1, true)).toThrow(
      "needs an output of numbers",
    );
  });
});
