/** A basket: the values of one branch for consecutive entries, as one record of the file. */
import { type RootKind, type RootValues, valueArrays } from "./branches.js";
import type { Jsroot } from "./jsroot.js";
import type { LocalFile } from "./LocalFile.js";
import { unzip } from "./unzip.js";

/** Where a basket lies and what its branch says about it. */
export interface BasketPlace {
  readonly kind: RootKind;
  readonly position: number;
  readonly sizeBytes: number;
  readonly entryCount: number;
}

/** The record's header (TKey) up to fKeylen, and what TBasket adds at the header's end. */
const keyStartBytes = 18;
const basketEndBytes = 19;

/**
 * The values of the basket at `position`, without the table of entry offsets that may follow them: jagged values are
 * cut with their counter branch, which NanoAOD always has, and which then also checks this basket.
 */
export async function readBasket(jsroot: Jsroot, file: LocalFile, place: BasketPlace): Promise<RootValues> {
  const { kind, position, sizeBytes, entryCount } = place;
  const record = file.read(position, sizeBytes);
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  if (sizeBytes < keyStartBytes + basketEndBytes)
    throw new Error(`a record of ${sizeBytes} bytes is too short`);
  const objectBytes = view.getInt32(6);
  const headerBytes = view.getInt16(14);
  if (
    view.getInt32(0) !== sizeBytes ||
    headerBytes < keyStartBytes + basketEndBytes ||
    headerBytes > sizeBytes ||
    objectBytes < 0
  ) {
    throw new Error("the record's header is wrong");
  }
  const entriesHere = view.getInt32(headerBytes - 9);
  const valuesBytes = view.getInt32(headerBytes - 5) - headerBytes;
  if (entriesHere !== entryCount) throw new Error(`it holds ${entriesHere} entries instead of ${entryCount}`);
  if (valuesBytes < 0 || valuesBytes > objectBytes)
    throw new Error(`it claims ${valuesBytes} of ${objectBytes} bytes`);
  const bytes = await unzip(jsroot, record.subarray(headerBytes), objectBytes);
  return toNative(kind, bytes.subarray(0, valuesBytes));
}

/** Big-endian bytes as values of the machine, in memory of their own. */
function toNative(kind: RootKind, bytes: Uint8Array): RootValues {
  const array = valueArrays[kind];
  const width = array.BYTES_PER_ELEMENT;
  if (bytes.length % width !== 0)
    throw new Error(`${bytes.length} bytes are no whole number of ${kind} values`);
  const native = Buffer.from(new ArrayBuffer(bytes.length));
  native.set(bytes);
  if (width === 2) native.swap16();
  else if (width === 4) native.swap32();
  else if (width === 8) native.swap64();
  return new array(native.buffer as ArrayBuffer);
}
