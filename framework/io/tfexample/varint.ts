/** Protobuf's varints of 64-bit integers, given as two halves so that no bigint is made in a hot loop. */

/** Bytes of the unsigned 64-bit number high·2³² + low; both halves may be given signed. */
export function varintSize(low: number, high: number): number {
  if (high === 0) {
    const bits = 32 - Math.clz32(low);
    return bits <= 7 ? 1 : ((bits + 6) / 7) | 0;
  }
  return ((64 - Math.clz32(high) + 6) / 7) | 0;
}

/** Writes it at `at`; returns the offset behind. */
export function writeVarint(bytes: Uint8Array, at: number, low: number, high: number): number {
  let rest = low >>> 0;
  let above = high >>> 0;
  let end = at;
  while (above !== 0 || rest > 0x7f) {
    bytes[end++] = (rest & 0x7f) | 0x80;
    rest = ((rest >>> 7) | (above << 25)) >>> 0;
    above >>>= 7;
  }
  bytes[end++] = rest;
  return end;
}

/** Bytes of a tag of one byte, a length and what is so long. */
export function fieldSize(length: number): number {
  return 1 + varintSize(length, 0) + length;
}

/** Writes tag and length; returns the offset where the contents begin. */
export function writeFieldHead(bytes: Uint8Array, at: number, tag: number, length: number): number {
  bytes[at] = tag;
  return writeVarint(bytes, at + 1, length, 0);
}
