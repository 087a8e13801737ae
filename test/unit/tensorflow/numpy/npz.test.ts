/** NumPy's files without a NumPy: what is written reads back, and a damaged file is refused or says the same. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { Exception } from "../../../../framework/base/errors.js";
import { VariablesBundle } from "../../../../framework/tensorflow/checkpoint/VariablesBundle.js";
import { decodeNpy, encodeNpy } from "../../../../framework/tensorflow/numpy/npy.js";
import { loadNpz, saveNpz } from "../../../../framework/tensorflow/numpy/npz.js";
import { Tensor, type TensorLike } from "../../../../framework/tensorflow/Tensor.js";

const folder = mkdtempSync(join(tmpdir(), "npz-"));
afterAll(() => rmSync(folder, { recursive: true }));
const bundle = new VariablesBundle(join(import.meta.dirname, "..", "savedModels", "bundle", "variables"));
const everyType = new Map<string, TensorLike>(bundle.names.map((name) => [name, bundle.read(name)]));
everyType.set("empty", new Tensor("int64", [3, 0]));

/** np.save(path, {"w:0": np.arange(6, dtype=">f4").reshape(2, 3), "s": np.array([b"ab", b"c"])}) */
const dictionary = Buffer.from(
  "k05VTVBZAQB2AHsnZGVzY3InOiAnfE8nLCAnZm9ydHJhbl9vcmRlcic6IEZhbHNlLCAnc2hhcGUnOiAoKSwgfSAgICAgICAgICAg" +
    "ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAqAA2NudW1weS5jb3JlLm11bHRpYXJy" +
    "YXkKX3JlY29uc3RydWN0CnEAY251bXB5Cm5kYXJyYXkKcQFLAIVxAkMBYnEDh3EEUnEFKEsBKWNudW1weQpkdHlwZQpxBlgCAAAA" +
    "TzhxB4mIh3EIUnEJKEsDWAEAAAB8cQpOTk5K/////0r/////Sz90cQtiiV1xDH1xDShYAwAAAHc6MHEOaABoAUsAhXEPaAOHcRBS" +
    "cREoSwFLAksDhnESaAZYAgAAAGY0cROJiIdxFFJxFShLA1gBAAAAPnEWTk5OSv////9K/////0sAdHEXYolDGAAAAAA/gAAAQAAA" +
    "AEBAAABAgAAAQKAAAHEYdHEZYlgBAAAAc3EaaABoAUsAhXEbaAOHcRxScR0oSwFLAoVxHmgGWAIAAABTMnEfiYiHcSBScSEoSwNo" +
    "Ck5OTksCSwFLAHRxImKJQwRhYmMAcSN0cSRidWF0cSViLg==",
  "base64",
);

/** What an action gives; "refused" for an exception of ours, anything else fails. */
function outcome(action: () => unknown): unknown {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof Exception)) throw error;
    return "refused";
  }
}

describe("an .npz file", () => {
  it.each([false, true])("reads back, deflated: %s", (compressed) => {
    const path = join(folder, `${compressed}.npz`);
    saveNpz(path, everyType, { compressed });
    expect(loadNpz(path)).toEqual(new Map([...everyType].sort(([a], [b]) => (a < b ? -1 : 1))));
    const bytes = readFileSync(path);
    saveNpz(path, Object.fromEntries([...everyType].reverse()), { compressed });
    expect(readFileSync(path).equals(bytes)).toBe(true);
  });

  it.each([false, true])("with any bit flipped is refused or says the same, deflated: %s", (compressed) => {
    const path = join(folder, "flipped.npz");
    const values = new Map([["w", new Tensor("float32", [2, 3], [1, 2, 3, 4, 5, 6])]]);
    saveNpz(path, values, { compressed });
    const bytes = readFileSync(path);
    let refused = 0;
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const copy = Buffer.from(bytes);
      copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7));
      writeFileSync(path, copy);
      const read = outcome(() => loadNpz(path));
      if (read === "refused") refused++;
      // The file's name in the zip is not under a checksum.
      else if ((read as Map<string, Tensor>).has("w")) expect(read).toEqual(values);
    }
    expect(refused).toBeGreaterThan(4 * bytes.length);
    for (let length = 0; length < bytes.length; length++) {
      writeFileSync(path, bytes.subarray(0, length));
      expect(outcome(() => loadNpz(path))).toBe("refused");
    }
  });

  it("is not written in part, nor with strings that NumPy would change", () => {
    const texts = new Map([["s", new Tensor("string", [1], [new Uint8Array([65, 0])] as never)]]);
    expect(() => saveNpz(join(folder, "never.npz"), texts)).toThrow(
      "'s': NumPy's strings cannot end with a zero byte; write a checkpoint.",
    );
    expect(() => saveNpz(join(folder, "no such", "x.npz"), everyType)).toThrow(/cannot be written: ENOENT/);
    expect(readdirSync(folder).filter((name) => name.startsWith("never"))).toEqual([]);
  });
});

describe("an .npy file", () => {
  it("of a dictionary gives its arrays", () => {
    const text = [Buffer.from("ab"), Buffer.from("c")].map((bytes) => new Uint8Array(bytes));
    expect(decodeNpy(dictionary)).toEqual(
      new Map<string, Tensor>([
        ["w:0", new Tensor("float32", [2, 3], [0, 1, 2, 3, 4, 5])],
        ["s", new Tensor("string", [2], text as never)],
      ]),
    );
  });

  it("that is damaged ends in one of our exceptions or in arrays", () => {
    for (let length = 0; length < dictionary.length; length++)
      expect(outcome(() => decodeNpy(dictionary.subarray(0, length)))).toBe("refused");
    for (let at = 0; at < dictionary.length; at++) {
      for (const change of [1, 2, 4, 8, 16, 32, 64, 128, 255]) {
        const copy = Buffer.from(dictionary);
        copy[at] = (copy[at] as number) ^ change;
        const read = outcome(() => decodeNpy(copy));
        expect(read === "refused" || read instanceof Map || read instanceof Tensor).toBe(true);
      }
    }
  });

  it.each([
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", "needs 12 bytes, there are 8"],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (99999, 99999), }", "more than the 268435456"],
    ["{'descr': '|S0', 'fortran_order': False, 'shape': (99999999,), }", "needs 0 bytes, there are 8"],
    [
      "{'descr': '<M8[ns]', 'fortran_order': False, 'shape': (1,), }",
      "NumPy's type '<M8[ns]' are not supported",
    ],
    ["{'descr': '<f4', 'shape': (2,), }", "its header is damaged: {'descr'"],
  ])("with the header %s is refused", (header, message) => {
    const bytes = Buffer.from(encodeNpy(new Tensor("float32", [2])));
    bytes.write(header.padEnd(bytes.length - 8 - 10 - 1), 10, "latin1");
    expect(() => decodeNpy(bytes)).toThrow(message);
  });

  it("of another version or kind is refused", () => {
    expect(() => decodeNpy(Buffer.from("\x93NUMPY\x04\x00\x00", "latin1"))).toThrow(
      "version 4 of the .npy format",
    );
    expect(() => decodeNpy(Buffer.from("PK"))).toThrow("it does not begin as an .npy file does");
  });
});
