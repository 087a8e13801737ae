/** The checksum of TensorFlow's checkpoints: CRC-32C (Castagnoli), stored masked. */

const reversedPolynomial = 0x82f63b78;

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ reversedPolynomial : crc >>> 1;
  return crc;
});

/** The checksum of what `crc` is of, followed by `bytes`. */
export function extendCrc32c(crc: number, bytes: Uint8Array): number {
  let state = ~crc;
  for (let i = 0; i < bytes.length; i++) {
    state = (table[(state ^ (bytes[i] as number)) & 0xff] as number) ^ (state >>> 8);
  }
  return ~state >>> 0;
}

/** As files store it: a checksum of data that holds its own checksum would be a constant. */
export function maskedCrc32c(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
