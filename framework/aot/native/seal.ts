/** The seal of compiled native code: a mark and a digest behind the file's own bytes, which loaders do not look at. */
import { createHash } from "node:crypto";
import { Exception } from "../../base/errors.js";

const mark = Buffer.from("cmsrun native code 1");
const digestBytes = 32;

function digest(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}

/** The bytes of a shared library, sealed. */
export function seal(library: Uint8Array): Uint8Array {
  return Buffer.concat([library, digest(library), mark]);
}

/**
 * The digest of sealed bytes, in hexadecimal: the name of their file.
 * @throws FileReadError when they are not what seal() gave
 */
export function checkSeal(code: Uint8Array): string {
  const end = code.length - mark.length - digestBytes;
  if (end < 0 || !mark.equals(code.subarray(end + digestBytes)))
    throw unreadable("is cut short or was made by another program");
  const found = digest(code.subarray(0, end));
  if (!found.equals(code.subarray(end, end + digestBytes))) throw unreadable("is damaged");
  return found.toString("hex");
}

function unreadable(what: string): Exception {
  const message = `native code ${what}; delete it and compile again, or use engineTarget "wasm".`;
  return new Exception("FileReadError", message);
}
