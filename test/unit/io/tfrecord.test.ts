import { describe, expect, it } from "vitest";
import { ByteBuffer } from "../../../framework/io/ByteBuffer.js";
import { crc32c, maskCrc32c } from "../../../framework/base/crc32c.js";
import { appendRecord, isPayloadIntact, payloadLength } from "../../../framework/io/tfrecord.js";
import { randomNumbers } from "./sample.js";

/** The definition, bit by bit. */
function slowCrc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

describe("crc32c", () => {
  // RFC 3720, appendix B.4
  it.each([
    [new Uint8Array(32), 0x8a9136aa],
    [new Uint8Array(32).fill(0xff), 0x62a8ab43],
    [Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    [Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
    [Buffer.from("123456789"), 0xe3069283],
  ])("gives the published value (%#)", (bytes, expected) => {
    expect(crc32c(bytes)).toBe(expected);
  });

  it("agrees with the bitwise definition at every length and alignment", () => {
    const random = randomNumbers(1);
    const bytes = Uint8Array.from({ length: 64 }, () => random() * 256);
    for (let start = 0; start < 9; start++) {
      for (let end = start; end <= bytes.length; end++) {
        expect(crc32c(bytes, start, end)).toBe(slowCrc32c(bytes.subarray(start, end)));
      }
    }
  });
});

describe("appendRecord", () => {
  it("frames a payload as TensorFlow's TFRecordWriter does", () => {
    const out = new ByteBuffer(1);
    const size = appendRecord(out, (each) => each.append(Buffer.from("hello, TFRecord")));
    // tf.io.TFRecordWriter("x").write(b"hello, TFRecord"), TensorFlow 2.15.1
    expect(Buffer.from(out.written()).toString("hex")).toBe(
      "0f000000000000006d532b0968656c6c6f2c2054465265636f726470f4a362",
    );
    expect(size).toBe(out.size);
    expect(payloadLength(out.written())).toBe(15);
    expect(isPayloadIntact(out.written())).toBe(true);
    expect(maskCrc32c(crc32c(new Uint8Array(0)))).toBe(0xa282ead8);
  });
});
