import { describe, expect, it } from "vitest";
import { io } from "../../../../framework/serving/service/io.js";
import type { NdarrayOptions } from "../../../../framework/serving/service/ndarrayDescriptor.js";
import { Tensor } from "../../../../framework/tensorflow/Tensor.js";

const read = (options: NdarrayOptions, value: unknown) =>
  io.NumpyNdarray(options).decode(Buffer.from(JSON.stringify(value)));

describe("NumpyNdarray reads", () => {
  it.each<[string, NdarrayOptions, unknown, string, number[], unknown[]]>([
    ["numbers", {}, [[1, 2.5]], "float32", [1, 2], [1, 2.5]],
    ["a scalar", {}, 7, "float32", [], [7]],
    ["bools", {}, [true, false], "bool", [2], [1, 0]],
    ["a dtype", { dtype: "int32" }, [[1], [2]], "int32", [2, 1], [1, 2]],
    ["long integers", { dtype: "int64" }, ["9007199254740993"], "int64", [1], [9007199254740993n]],
    [
      "a shape",
      { shape: [-1, 2] },
      [
        [1, 2],
        [3, 4],
      ],
      "float32",
      [2, 2],
      [1, 2, 3, 4],
    ],
    ["a dtype that is not enforced", { dtype: "int32", enforceDtype: false }, [1.5], "float32", [1], [1.5]],
    [
      "a shape that is made",
      { shape: [-1, 2], enforceShape: false },
      [1, 2, 3, 4],
      "float32",
      [2, 2],
      [1, 2, 3, 4],
    ],
    [
      "a shape that cannot be made",
      { shape: [-1, 2], enforceShape: false },
      [1, 2, 3],
      "float32",
      [3],
      [1, 2, 3],
    ],
    ["two unknown sizes", { shape: [-1, -1], enforceShape: false }, [1, 2], "float32", [2], [1, 2]],
  ])("%s", (_what, options, value, dtype, shape, data) => {
    const tensor = read(options, value);
    expect([tensor.dtype, tensor.shape, [...(tensor.data as Float32Array)]]).toEqual([dtype, shape, data]);
  });

  it.each<[string, NdarrayOptions, unknown, RegExp]>([
    ["fractions for integers", { dtype: "int32" }, [1.5], /element 0 is 1\.5, which is no int32/],
    ["numbers out of range", { dtype: "uint8" }, [256], /element 0 is 256/],
    [
      "another shape",
      { shape: [2] },
      [1],
      /Expecting ndarray of shape "\(2,\)", but "\(1,\)" was received\.$/,
    ],
    ["text", { dtype: "float32" }, ["a"], /element 0 is a/],
    ["null", { dtype: "float32" }, [null], /element 0 is null/],
    ["ragged lists", {}, [[1], [1, 2]], /different lengths/],
    ["endless lists", {}, JSON.parse(`${"[".repeat(40)}1${"]".repeat(40)}`), /nested more than 16 deep/],
  ])("no %s", (_what, options, value, message) => {
    expect(() => read(options, value)).toThrow(message);
  });

  it("nothing by options that make no sense", () => {
    expect(() => io.NumpyNdarray({ dtyp: "int32" } as NdarrayOptions)).toThrow(
      /unknown option 'dtyp'; did you mean 'dtype'/,
    );
    expect(() => io.NumpyNdarray({ dtype: "float23" as never })).toThrow(
      /unknown dtype 'float23'; did you mean 'float32'/,
    );
    expect(() => io.NumpyNdarray({ shape: [-2] })).toThrow(/shape \[-2\]/);
  });
});

describe("JSON writes", () => {
  const write = (value: unknown) => io.JSON().encode(value);

  it.each<[string, unknown, string]>([
    ["plain values", { a: [1, "x", null, true] }, '{"a":[1,"x",null,true]}'],
    ["tensors, nested", { out: new Tensor("float32", [2, 2], [1, 2, 3, 4]) }, '{"out":[[1,2],[3,4]]}'],
    ["scalars", new Tensor("float32", [], [1.5]), "1.5"],
    ["three dimensions", new Tensor("int32", [2, 1, 2], [1, 2, 3, 4]), "[[[1,2]],[[3,4]]]"],
    ["no rows", new Tensor("float32", [0, 3]), "[]"],
    ["rows of nothing", new Tensor("float32", [2, 0]), "[[],[]]"],
    ["typed arrays", [new Float64Array([0.5]), new Uint8Array([1, 2])], "[[0.5],[1,2]]"],
    [
      "what JSON has no number for",
      new Tensor("float32", [2], [Number.NaN, Number.POSITIVE_INFINITY]),
      '["NaN","Infinity"]',
    ],
    ["long integers", [2n ** 53n + 1n, 5n, new BigInt64Array([7n])], '["9007199254740993",5,[7]]'],
    ["bools", new Tensor("bool", [2], [true, false]), "[true,false]"],
    ["text", new Tensor("string", [1], [Buffer.from("ü")] as never), '["ü"]'],
    ["dates, as they say", { at: new Date(0) }, '{"at":"1970-01-01T00:00:00.000Z"}'],
  ])("%s", (_what, value, text) => {
    expect(write(value)).toBe(text);
  });

  it("nothing that JSON does not have", () => {
    const circle: unknown[] = [];
    circle.push(circle);
    expect(() => write(undefined)).toThrow(
      /the output is undefined, which JSON does not have; does the function return\?/,
    );
    expect(() => write(circle)).toThrow(/the output is no JSON: /);
  });
});

it("bodies that are no JSON are told from prototypes and bytes", () => {
  const { decode } = io.JSON();
  expect(decode(Buffer.from('{"a": "\\u0041"}'))).toEqual({ a: "A" });
  expect(decode(Buffer.from('["__proto__"]'))).toEqual(["__proto__"]);
  expect(() => decode(Buffer.from('{"a": [{"__proto__": 1}]}'))).toThrow(/key '__proto__'/);
  expect(() => decode(Buffer.from('{"\\u005f\\u005fproto__": 1}'))).toThrow(/key '__proto__'/);
  expect(() => decode(Buffer.from([0x22, 0xc3, 0x22]))).toThrow(/no UTF-8/);
  expect(decode(Buffer.from(`${"[".repeat(5000)}"\\u0041"${"]".repeat(5000)}`))).toBeInstanceOf(Array);
});

it("text and files are what they are", () => {
  expect(io.Text().decode(Buffer.from("ü"))).toBe("ü");
  expect(io.Text().accepts("text/csv")).toBe(true);
  expect(io.Text().accepts("application/json")).toBe(false);
  expect(() => io.Text().encode(1 as never)).toThrow(/the output is a number, not a string/);
  expect(io.File({ mimeType: "application/zip" }).accepts("application/pdf")).toBe(false);
  expect(io.Image().accepts("image/png")).toBe(true);
  expect(io.File().encode(new Uint8Array([1, 2]).subarray(1))).toEqual(Buffer.from([2]));
});
