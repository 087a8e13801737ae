/**
 * TFRecord framing, the container of event files: uint64 length, masked crc32c of the length, payload, masked crc32c of
 * the payload, all little-endian. TensorFlow's own tools can therefore walk over an event file.
 */
import type { ByteBuffer } from "./ByteBuffer.js";
import { crc32c, maskCrc32c } from "../base/crc32c.js";

export const frameHeadSize = 12;
/** What framing adds to a payload. */
export const frameOverhead = frameHeadSize + 4;

/** Appends one framed record whose payload `write` appends; returns the size of the whole record. */
export function appendRecord(out: ByteBuffer, write: (out: ByteBuffer) => void): number {
  const start = out.reserve(frameHeadSize);
  write(out);
  const payload = start + frameHeadSize;
  const end = out.size;
  out.setUint64(start, end - payload);
  out.setUint32(start + 8, maskCrc32c(crc32c(out.bytes, start, start + 8)));
  out.appendUint32(maskCrc32c(crc32c(out.bytes, payload, end)));
  return out.size - start;
}

/** The payload length in a record's first 12 bytes, undefined when their checksum is wrong. */
export function payloadLength(head: Uint8Array): number | undefined {
  const view = new DataView(head.buffer, head.byteOffset, frameHeadSize);
  if (view.getUint32(8, true) !== maskCrc32c(crc32c(head, 0, 8))) return undefined;
  return Number(view.getBigUint64(0, true));
}

/** Whether the payload of a whole framed record has its checksum. */
export function isPayloadIntact(record: Uint8Array): boolean {
  const view = new DataView(record.buffer, record.byteOffset, record.length);
  const end = record.length - 4;
  return view.getUint32(end, true) === maskCrc32c(crc32c(record, frameHeadSize, end));
}
