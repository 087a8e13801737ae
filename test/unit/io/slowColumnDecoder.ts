/**
 * The slow twin of framework/io's decoder, written from the description of the format and not from its code: reads each
 * byte-split value with a DataView, builds whole messages, knows nothing of schema evolution.
 */
import type { FieldDescription } from "../../../framework/data/ProductType.js";
import { decompressInWasm } from "../../../framework/io/zstd.js";

const widths: Record<string, number> = {
  double: 8,
  int64: 8,
  uint64: 8,
  sint64: 8,
  fixed64: 8,
  sfixed64: 8,
  bool: 1,
};

export function slowlyDecodeColumn(
  fields: readonly FieldDescription[],
  block: Uint8Array,
  eventCount: number,
): unknown[] {
  const raw = unpack(block);
  let at = 0;

  /** `count` values of `width` bytes: byte k of value i is at k * count + i. */
  const split = (count: number, width: number): DataView[] => {
    const start = at;
    at += count * width;
    return Array.from({ length: count }, (_, i) => {
      const bytes = Uint8Array.from({ length: width }, (_, k) => raw[start + k * count + i] as number);
      return new DataView(bytes.buffer);
    });
  };
  const counts = (n: number) => split(n, 4).map((value) => value.getUint32(0, true));

  const items = (field: FieldDescription, count: number): unknown[] => {
    if (field.kind === "message") return messages(field.fields ?? [], count);
    if (field.kind === "string" || field.kind === "bytes") {
      return counts(count).map((length) => {
        const bytes = raw.slice(at, at + length);
        at += length;
        return field.kind === "string" ? new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes) : bytes;
      });
    }
    return split(count, widths[field.kind] ?? 4).map((value) => scalar(field, value));
  };

  const messages = (all: readonly FieldDescription[], count: number): Record<string, unknown>[] => {
    const built = Array.from({ length: count }, () => ({}) as Record<string, unknown>);
    for (const field of all) {
      const lengths = field.repeated ? counts(count) : built.map(() => 1);
      const values = items(
        field,
        lengths.reduce((sum, length) => sum + length, 0),
      );
      for (const [i, message] of built.entries()) {
        const own = values.splice(0, lengths[i]);
        message[field.name] = field.repeated ? own : own[0];
      }
    }
    return built;
  };

  at = Math.ceil(eventCount / 8);
  const bitmap = raw.slice(0, at);
  const present = Array.from(
    { length: eventCount },
    (_, i) => ((bitmap[i >> 3] as number) >> (i % 8)) % 2 === 1,
  );
  const found = messages(fields, present.filter(Boolean).length);
  return present.map((isPresent) => (isPresent ? found.shift() : undefined));
}

function scalar({ kind, repeated }: FieldDescription, value: DataView): unknown {
  if (kind === "double") return value.getFloat64(0, true);
  if (kind === "float") return value.getFloat32(0, true);
  if (kind === "bool") return repeated ? value.getUint8(0) : value.getUint8(0) !== 0;
  if (kind === "uint64" || kind === "fixed64") return value.getBigUint64(0, true);
  if (kind.endsWith("64")) return value.getBigInt64(0, true);
  return kind === "uint32" || kind === "fixed32" ? value.getUint32(0, true) : value.getInt32(0, true);
}

function unpack(block: Uint8Array): Uint8Array {
  const view = new DataView(block.buffer, block.byteOffset, block.length);
  const rawSize = view.getUint32(0, true);
  const parts: number[] = [];
  for (let at = 4; at < block.length; ) {
    const stored = view.getUint32(at, true);
    const size = stored % 2 ** 31;
    const bytes = block.subarray(at + 4, at + 4 + size);
    const plainSize = Math.min(256 * 1024, rawSize - parts.length);
    const plain = stored >= 2 ** 31 ? bytes : decompressInWasm(bytes, plainSize);
    for (const byte of plain ?? []) parts.push(byte);
    at += 4 + size;
  }
  return Uint8Array.from(parts);
}
