/** A byte buffer that grows and is reused: columns, blocks and clusters are put together in one of these. */
export class ByteBuffer {
  /** Only the first `size` bytes are meaningful. */
  bytes: Uint8Array<ArrayBuffer>;
  size = 0;
  #view: DataView;

  constructor(capacity = 1 << 16) {
    this.bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.bytes.buffer);
  }

  clear(): this {
    this.size = 0;
    return this;
  }

  /** Makes room for `count` more bytes (contents undefined) and returns the offset of the first. */
  reserve(count: number): number {
    const start = this.size;
    this.size += count;
    if (this.size > this.bytes.length) {
      const grown = new Uint8Array(Math.max(this.size, 2 * this.bytes.length));
      grown.set(this.bytes.subarray(0, start));
      this.bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    return start;
  }

  append(bytes: Uint8Array): void {
    const at = this.reserve(bytes.length);
    this.bytes.set(bytes, at);
  }

  appendUint32(value: number): void {
    const at = this.reserve(4);
    this.#view.setUint32(at, value, true);
  }

  setUint32(at: number, value: number): void {
    this.#view.setUint32(at, value, true);
  }

  setFloat32(at: number, value: number): void {
    this.#view.setFloat32(at, value, true);
  }

  setUint64(at: number, value: number): void {
    this.#view.setUint32(at, value >>> 0, true);
    this.#view.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
  }

  /** What was written so far, without copying: valid until the next write. */
  written(): Uint8Array<ArrayBuffer> {
    return this.bytes.subarray(0, this.size);
  }
}
