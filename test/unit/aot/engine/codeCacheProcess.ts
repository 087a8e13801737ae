/** A process of CodeCache.test.ts: writes and reads entries that others write and read too, and counts what is wrong. */
import { createHash } from "node:crypto";
import { CodeCache } from "../../../../framework/aot/engine/CodeCache.js";

const cache = new CodeCache(process.argv[2] as string);
const rounds = 150;
let wrong = 0;
for (let round = 0; round < rounds; round++) {
  const number = round % 3;
  const constant = new Uint8Array(20_000).fill(number);
  const hash = createHash("sha256").update(constant).digest("hex").slice(0, 32);
  const layout = {
    compiler: "test",
    target: "wasm" as const,
    features: "",
    inputs: [],
    outputs: [],
    arenaBytes: 64 * number,
    constants: [{ hash, sizeBytes: constant.length }],
    faults: [],
    uncompiled: [],
    codeBytes: 0,
    kernels: 0,
  };
  const key = `key${number}`;
  cache.write(key, { layout, code: new Uint8Array(30_000).fill(number), constants: [constant] });
  const read = cache.read(key);
  const isRight =
    read === undefined ||
    (read.layout.arenaBytes === 64 * number &&
      read.code.every((byte) => byte === number) &&
      read.constants[0]?.every((byte) => byte === number));
  if (!isRight) wrong++;
}
process.stdout.write(JSON.stringify({ wrong, rounds }));
