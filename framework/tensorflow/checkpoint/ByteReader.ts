/** Reads numbers from bytes, with a check at every step: the bytes come from a file that may be damaged. */
import { Exception } from "../../base/errors.js";

export class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  byte(): number {
    return this.bytes(1)[0] as number;
  }

  /** A view. @throws InvalidSession beyond the end. */
  bytes(count: number): Uint8Array {
    const end = this.#at + count;
    if (!(count >= 0 && end <= this.#bytes.length))
      throw new Exception("InvalidSession", "it ends too early");
    const view = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return view;
  }

  /** An unsigned number of up to 6 bytes. */
  littleEndian(count: number): number {
    return this.bytes(count).reduce((sum, byte, i) => sum + byte * 2 ** (8 * i), 0);
  }

  /** Seven bits a byte. Above 2^53 it is no size of anything here. */
  varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      if (value > Number.MAX_SAFE_INTEGER)
        throw new Exception("InvalidSession", "a number in it is too large");
      if (byte < 128) return value;
    }
  }
}
