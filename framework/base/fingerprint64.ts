/**
 * FarmHash's Fingerprint64, by which TensorFlow tells contents apart. The package's differs from it where the length is a
 * multiple of 64 above 64 (measured against TensorFlow on every length to 3000), so those are hashed here.
 */
import { createRequire } from "node:module";

const blockBytes = 64;
const k0 = 0xc3a5c85c97cb3127n;
const k1 = 0xb492b66fbe98f273n;
const k2 = 0x9ae16a3b2f90404fn;

export function fingerprint64(bytes: Uint8Array): bigint {
  if (bytes.length > blockBytes && bytes.length % blockBytes === 0) return hashBlocks(bytes);
  // Loaded when it is first needed: only what writes SavedModels needs it.
  const farmhash = createRequire(import.meta.url)("farmhash-modern") as typeof import("farmhash-modern");
  return farmhash.fingerprint64(bytes);
}

const wrap = (value: bigint) => BigInt.asUintN(64, value);
const times = (a: bigint, b: bigint) => wrap(a * b);
const mixed = (value: bigint) => value ^ (value >> 47n);
const rotated = (value: bigint, by: bigint) => wrap((value >> by) | (value << (64n - by)));

type Pair = readonly [bigint, bigint];

interface State {
  readonly x: bigint;
  readonly y: bigint;
  readonly z: bigint;
  readonly v: Pair;
  readonly w: Pair;
}

/** Any number of bytes above 64; exported for the test that compares it with the package's. */
export function hashBlocks(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const seed = 81n;
  const y = wrap(seed * k1 + 113n);
  let state: State = {
    x: times(seed, k2) + view.getBigUint64(0, true),
    y,
    z: times(mixed(wrap(y * k2 + 113n)), k2),
    v: [0n, 0n],
    w: [0n, 0n],
  };
  const rest = (bytes.length - 1) % blockBytes;
  const end = bytes.length - 1 - rest;
  for (let at = 0; at < end; at += blockBytes) state = round(view, at, state, k1, 1n);
  const factor = wrap(k1 + ((state.z & 0xffn) << 1n));
  const first = wrap(state.w[0] + BigInt(rest));
  const second = wrap(state.v[0] + first);
  const last = { ...state, v: [second, state.v[1]], w: [wrap(first + second), state.w[1]] } as const;
  const { x, y: b, z, v, w } = round(view, bytes.length - blockBytes, last, factor, 9n);
  const left = wrap(joined(v[0], w[0], factor) + times(mixed(b), k0) + z);
  return joined(left, wrap(joined(v[1], w[1], factor) + x), factor);
}

function round(view: DataView, at: number, { x, y, z, v, w }: State, factor: bigint, weight: bigint): State {
  const word = (index: number) => view.getBigUint64(at + 8 * index, true);
  const a = times(rotated(wrap(x + y + v[0] + word(1)), 37n), factor) ^ times(w[1], weight);
  const b = wrap(times(rotated(wrap(y + v[1] + word(6)), 42n), factor) + v[0] * weight + word(5));
  const c = times(rotated(wrap(z + w[0]), 33n), factor);
  return {
    x: c,
    y: b,
    z: a,
    v: weak(word, 0, times(v[1], factor), wrap(a + w[0])),
    w: weak(word, 4, wrap(c + w[1]), wrap(b + word(2))),
  };
}

/** 32 bytes with two seeds. */
function weak(word: (index: number) => bigint, from: number, first: bigint, second: bigint): Pair {
  const begin = wrap(first + word(from));
  const turned = rotated(wrap(second + begin + word(from + 3)), 21n);
  const sum = wrap(begin + word(from + 1) + word(from + 2));
  return [wrap(sum + word(from + 3)), wrap(turned + rotated(sum, 44n) + begin)];
}

function joined(u: bigint, v: bigint, factor: bigint): bigint {
  const a = mixed(times(u ^ v, factor));
  return times(mixed(times(v ^ a, factor)), factor);
}
