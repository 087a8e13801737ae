/** Constant blocks for tests, each told by its number. */
import { createHash } from "node:crypto";
import type { ConstantBlock } from "../../../../framework/aot/Unit.js";

export function bytesOf(number: number): Uint8Array {
  return new Uint8Array(64 * (1 + (number % 7))).fill(number % 251);
}

export function blockOf(number: number): ConstantBlock {
  const hash = createHash("sha256").update(`${number}`).digest("hex").slice(0, 32);
  return { hash, sizeBytes: bytesOf(number).length };
}
