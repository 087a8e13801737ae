/**
 * Opcodes of WebAssembly with strict SIMD, by what the kernel IR calls them. 0xFDxx and 0xFCxx are the instructions
 * with that prefix; relaxed SIMD, whose results depend on the machine, is left out.
 */
import { Exception } from "../../base/errors.js";
import type { BinaryOp, MemoryType, Type, UnaryOp } from "../kernel/ir.js";

/** The binary format's byte for a type: both vectors are v128. */
export const valueTypes: Readonly<Record<Type, number>> = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  f32v: 0x7b,
  i32v: 0x7b,
};

/** What is no operation of the kernel IR. */
export const opcode = {
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  brIf: 0x0d,
  call: 0x10,
  select: 0x1b,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  globalGet: 0x23,
  i32Eqz: 0x45,
  i32Xor: 0x73,
  load32Splat: 0xfd09,
  shuffle: 0xfd0d,
  bitselect: 0xfd52,
  load32Lane: 0xfd56,
  store32Lane: 0xfd5a,
  store64Lane: 0xfd5b,
  load32Zero: 0xfd5c,
  load64Zero: 0xfd5d,
} as const;

/** The immediate of block, loop and if: they leave nothing on the stack. */
export const noResult = 0x40;

type Opcodes<Name extends string> = { readonly [name in Name]?: number };
type ByType<Name extends string> = { readonly [type in Type]: Opcodes<Name> };

const constants = { i32: 0x41, i64: 0x42, f32: 0x43, f64: 0x44, f32v: 0xfd0c, i32v: 0xfd0c };
/** Pushes a constant: the instruction of `type`.const. */
export const constantOpcode = (type: Type): number => constants[type];

// biome-ignore format: by type
const unary: ByType<UnaryOp> = {
  i32: {},
  i64: {},
  f32: { abs: 0x8b, neg: 0x8c, ceil: 0x8d, floor: 0x8e, trunc: 0x8f, nearest: 0x90, sqrt: 0x91 },
  f64: { abs: 0x99, neg: 0x9a, ceil: 0x9b, floor: 0x9c, trunc: 0x9d, nearest: 0x9e, sqrt: 0x9f },
  f32v: { abs: 0xfde0, neg: 0xfde1, sqrt: 0xfde3, ceil: 0xfd67, floor: 0xfd68, trunc: 0xfd69, nearest: 0xfd6a },
  i32v: { not: 0xfd4d },
};

/** Signed integers. Minima of vectors are pmin and pmax, whose order of arguments is the IR's. */
// biome-ignore format: by kind
const binary: ByType<BinaryOp> = {
  i32: {
    eq: 0x46, ne: 0x47, lt: 0x48, gt: 0x4a, le: 0x4c, ge: 0x4e,
    add: 0x6a, sub: 0x6b, mul: 0x6c, div: 0x6d, rem: 0x6f,
    and: 0x71, or: 0x72, xor: 0x73, shl: 0x74, shrS: 0x75, shrU: 0x76,
  },
  i64: {
    eq: 0x51, ne: 0x52, lt: 0x53, gt: 0x55, le: 0x57, ge: 0x59,
    add: 0x7c, sub: 0x7d, mul: 0x7e, div: 0x7f, rem: 0x81,
    and: 0x83, or: 0x84, xor: 0x85, shl: 0x86, shrS: 0x87, shrU: 0x88,
  },
  f32: {
    eq: 0x5b, ne: 0x5c, lt: 0x5d, gt: 0x5e, le: 0x5f, ge: 0x60,
    add: 0x92, sub: 0x93, mul: 0x94, div: 0x95,
  },
  f64: {
    eq: 0x61, ne: 0x62, lt: 0x63, gt: 0x64, le: 0x65, ge: 0x66,
    add: 0xa0, sub: 0xa1, mul: 0xa2, div: 0xa3,
  },
  f32v: {
    eq: 0xfd41, ne: 0xfd42, lt: 0xfd43, gt: 0xfd44, le: 0xfd45, ge: 0xfd46,
    add: 0xfde4, sub: 0xfde5, mul: 0xfde6, div: 0xfde7, min: 0xfdea, max: 0xfdeb,
  },
  i32v: {
    eq: 0xfd37, ne: 0xfd38, lt: 0xfd39, gt: 0xfd3b, le: 0xfd3d, ge: 0xfd3f,
    add: 0xfdae, sub: 0xfdb1, mul: 0xfdb5, min: 0xfdb6, max: 0xfdb8,
    and: 0xfd4e, or: 0xfd50, xor: 0xfd51, shl: 0xfdab, shrS: 0xfdac, shrU: 0xfdad,
  },
};

const convert: ByType<Type> = {
  i32: { i64: 0xa7, f32: 0xfc00, f64: 0xfc02 },
  i64: { i32: 0xac, f32: 0xfc04, f64: 0xfc06 },
  f32: { i32: 0xb2, i64: 0xb4, f64: 0xb6 },
  f64: { i32: 0xb7, i64: 0xb9, f32: 0xbb },
  f32v: { i32v: 0xfdfa },
  i32v: { f32v: 0xfdf8 },
};

/** Vectors need no instruction: both are v128. */
// biome-ignore format: by type
const bits: Opcodes<string> = { "f32 as i32": 0xbc, "f64 as i64": 0xbd, "i32 as f32": 0xbe, "i64 as f64": 0xbf };

const splats: Opcodes<Type> = { i32: 0xfd11, f32: 0xfd13, f64: 0xfd14 };
const lanes: Opcodes<Type> = { i32: 0xfd1b, f32: 0xfd1f, f64: 0xfd21 };

// biome-ignore format: by kind
const loads: Readonly<Record<MemoryType, number>> = {
  i32: 0x28, i64: 0x29, f32: 0x2a, f64: 0x2b, i8: 0x2c, u8: 0x2d, i16: 0x2e, u16: 0x2f,
  f32v: 0xfd00, i32v: 0xfd00,
};
// biome-ignore format: by kind
const stores: Readonly<Record<MemoryType, number>> = {
  i32: 0x36, i64: 0x37, f32: 0x38, f64: 0x39, i8: 0x3a, u8: 0x3a, i16: 0x3b, u16: 0x3b,
  f32v: 0xfd0b, i32v: 0xfd0b,
};
// biome-ignore format: by kind
const alignments: Readonly<Record<MemoryType, number>> = {
  u8: 0, i8: 0, u16: 1, i16: 1, i32: 2, f32: 2, i64: 3, f64: 3, f32v: 2, i32v: 2,
};

/** These throw a LogicError when the type has no such operation. */
export const unaryOpcode = (op: UnaryOp, type: Type): number => known(unary[type][op], `${op} of ${type}`);
export const binaryOpcode = (op: BinaryOp, type: Type): number => known(binary[type][op], `${op} of ${type}`);
export const convertOpcode = (from: Type, to: Type): number =>
  known(convert[to][from], `conversion of ${from} to ${to}`);
export const bitsOpcode = (from: Type, to: Type): number =>
  known(bits[`${from} as ${to}`], `${from} as ${to}`);
export const loadOpcode = (memory: MemoryType): number => loads[memory];
export const storeOpcode = (memory: MemoryType): number => stores[memory];
/** log2 of the bytes of an element: all that is sure of a vector's address too. */
export const alignmentOf = (memory: MemoryType): number => alignments[memory];

/** Into all lanes of a v128, and out of one. */
export const splatOpcode = (type: Type): number => known(splats[type], `vector of ${type}`);
export const laneOpcode = (type: Type): number => known(lanes[type], `lane of ${type}`);
/** On all lanes of the v128 that a splat of `type` has made. */
export const laneChoice = (op: "min" | "max", type: "f32" | "f64"): number =>
  ({ f32: { min: 0xfdea, max: 0xfdeb }, f64: { min: 0xfdf6, max: 0xfdf7 } })[type][op];

function known(code: number | undefined, what: string): number {
  if (code === undefined) throw new Exception("LogicError", `kernel IR: there is no ${what} in WebAssembly.`);
  return code;
}
