/** Fingerprint64 of the lengths that the package gets wrong. */
import { describe, expect, it } from "vitest";
import { fingerprint64, hashBlocks } from "../../../framework/base/fingerprint64.js";

function bytesOf(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 7 + length) % 251);
}

describe("fingerprint64", () => {
  it("is TensorFlow's where the length is a multiple of 64", () => {
    // tf.fingerprint(tf.constant([[(i * 7 + n) % 251 for i in range(n)]], tf.uint8)), little-endian, of TensorFlow 2.15.1.
    expect(fingerprint64(bytesOf(128))).toBe(9860653571417009732n);
    expect(fingerprint64(bytesOf(1280))).toBe(15572816920622039332n);
  });

  it("is the package's for all other lengths", () => {
    for (let length = 65; length < 1000; length++) {
      if (length % 64 === 0) continue;
      expect(hashBlocks(bytesOf(length)), `of ${length} bytes`).toBe(fingerprint64(bytesOf(length)));
    }
  });
});
