/**
 * The 128-bit roofline of one core: what strict multiplications and additions reach in WebAssembly and, where there is a
 * C++ compiler, in SSE, on accumulators that do not wait for one another. A call makes `flops` operations.
 */
import { processPeer } from "./processPeer.mjs";
import { built, compile, compilerVersion, peerFile, sourceOf } from "./toolchain.mjs";

/** With two constants they fill the registers but one, and that is where the rate stops growing. */
const chains = 13;
const steps = 4096;

const leb = (value) => (value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)]);
const section = (id, bytes) => [id, ...leb(bytes.length), ...bytes];
const simd = (op) => [0xfd, ...leb(op)];
const splat = simd(0x13);
const add = simd(0xe4);
const multiply = simd(0xe6);
const get = (local) => [0x20, local];
const set = (local) => [0x21, local];
const f32 = (value) => [0x43, ...new Uint8Array(Float32Array.of(value).buffer)];

/** (steps: i32) => f32: every accumulator becomes itself · ½ + 1 in each step. */
function moduleBytes() {
  const half = 1;
  const one = 2;
  const sum = (i) => 3 + i;
  const all = Array.from({ length: chains }, (_, i) => i);
  const body = [
    ...[1, 2 + chains, 0x7b],
    ...[...f32(0.5), ...splat, ...set(half), ...f32(1), ...splat, ...set(one)],
    ...all.flatMap((i) => [...get(one), ...set(sum(i))]),
    ...[0x03, 0x40],
    ...all.flatMap((i) => [...get(sum(i)), ...get(half), ...multiply, ...get(one), ...add, ...set(sum(i))]),
    ...[...get(0), 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, 0x0b],
    ...all.flatMap((i) => (i === 0 ? get(sum(i)) : [...get(sum(i)), ...add])),
    ...simd(0x1f),
    ...[0, 0x0b],
  ];
  return new Uint8Array([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 1, 0x7f, 1, 0x7d]),
    ...section(3, [1, 0]),
    ...section(7, [1, 1, 0x66, 0, 0]),
    ...section(10, [1, ...leb(body.length), ...body]),
  ]);
}

export function wasmRoofline() {
  return {
    engine: "roofline/wasm",
    title: "128-bit mul+add in WebAssembly",
    async open() {
      const { instance } = await WebAssembly.instantiate(moduleBytes());
      return { call: () => instance.exports.f(steps), flops: () => 8 * chains * steps };
    },
  };
}

export function sseRoofline() {
  const files = ["native/roofline.cc", "native/protocol.h"];
  let program;
  return processPeer({
    engine: "roofline/sse",
    title: "128-bit mul+add in SSE",
    async prepare() {
      program = await built("roofline", [...files.map(sourceOf), await compilerVersion()], (path) =>
        compile(["-O2", "-ffp-contract=off", peerFile(files[0]), "-o", path]),
      );
    },
    command: () => [program],
    graph: () => "-",
    name: ({ key }) => key,
  });
}
