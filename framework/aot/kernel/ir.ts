/**
 * Kernel IR: what every op becomes before it is printed as WebAssembly or C. Typed expressions, loads and stores on
 * named blocks of memory, loops with bounds; nothing a printer would have to think about. It has a printer for each
 * target and a checked interpreter (interpret.ts) that is their slow twin.
 */

/** Scalars, and vectors of `lanes` elements (Program.lanes: 4 in WebAssembly). i32v is also a mask: each lane 0 or −1. */
export type Type = "i32" | "i64" | "f32" | "f64" | "f32v" | "i32v";
/** What memory holds; the narrow integers are loaded as i32 (u8, u16 without sign) and stored from its low bits. */
export type MemoryType = Type | "u8" | "i8" | "u16" | "i16";

/**
 * A piece of memory. Accesses name it, so that bounds can be checked and code stays the same wherever it lies.
 * Vectors may be loaded and stored up to `sizeBytes`, which is rounded up to a multiple of blockAlignment.
 */
export interface Block {
  readonly name: string;
  /** Arena: written by the code, at `offset` from the arena's start. Constant: number `index` of Program.constants. */
  readonly space: "arena" | "constant";
  readonly sizeBytes: number;
  /** Arena: set by the memory plan before printing. Constant: its index among Program.constants. */
  place: number;
}

/** Blocks start at, and are as long as, a multiple of this: a cache line, the widest vector. */
export const blockAlignment = 64;

export interface Local {
  readonly kind: "local";
  readonly type: Type;
  readonly name: string;
}

export type UnaryOp =
  /** f32, f64, f32v */
  | "neg"
  | "abs"
  | "sqrt"
  | "ceil"
  | "floor"
  | "trunc"
  | "nearest" // biome-ignore format: by type
  /** i32, i32v: all bits turned */
  | "not";

/**
 * `min(a, b)` is b < a ? b : a and `max(a, b)` is a < b ? b : a: with NaN, and with +0 against −0, the first argument.
 * Comparisons of scalars give i32 0 or 1, of vectors an i32v mask. Integer division truncates; by zero it is a fault,
 * so check before. Shifts take their count modulo the width; on i32v the count is a scalar i32.
 */
export type BinaryOp =
  | "add" | "sub" | "mul" | "div" | "rem" | "min" | "max" // biome-ignore format: by kind
  | "and" | "or" | "xor" | "shl" | "shrS" | "shrU" // biome-ignore format: by kind
  | "eq" | "ne" | "lt" | "le" | "gt" | "ge"; // biome-ignore format: by kind

/** What lanes are joined by. */
export type AcrossOp = "add" | "min" | "max";
export const acrossIdentity: Readonly<Record<AcrossOp, number>> = { add: 0, min: Infinity, max: -Infinity };

/**
 * Between numbers: i32 ↔ i64 ↔ f32 ↔ f64 as TensorFlow casts on the CPU would where it is defined: float to integer
 * truncates and saturates (NaN gives 0); also f32v ↔ i32v. `bits` keeps the bits: i32 ↔ f32, i64 ↔ f64, i32v ↔ f32v.
 */
export type Expr =
  | Local
  | { readonly kind: "constant"; readonly type: Type; readonly value: number | bigint }
  | {
      readonly kind: "load";
      readonly type: Type;
      readonly memory: MemoryType;
      readonly block: Block;
      /** Bytes from the block's start: an i32 expression and a constant. */
      readonly index: Expr;
      readonly offset: number;
      /** Vectors only: how many lanes are read, the others are zero; all where not given. */
      readonly count?: number;
    }
  | { readonly kind: "unary"; readonly op: UnaryOp; readonly type: Type; readonly value: Expr }
  | {
      readonly kind: "binary";
      readonly op: BinaryOp;
      readonly type: Type;
      readonly left: Expr;
      readonly right: Expr;
    }
  /** a · b + c: fused on targets that have it, else multiplied and added (Target.hasFma); f32, f64, f32v. */
  | { readonly kind: "fma"; readonly type: Type; readonly a: Expr; readonly b: Expr; readonly c: Expr }
  /** Scalars: condition is an i32. Vectors: a mask, lane by lane. */
  | {
      readonly kind: "select";
      readonly type: Type;
      readonly condition: Expr;
      readonly then: Expr;
      readonly else: Expr;
    }
  | { readonly kind: "convert"; readonly type: Type; readonly value: Expr }
  | { readonly kind: "bits"; readonly type: Type; readonly value: Expr }
  /** The scalar in every lane. */
  | { readonly kind: "splat"; readonly type: "f32v" | "i32v"; readonly value: Expr }
  /** One lane of a vector, `lane` < lanes. */
  | { readonly kind: "lane"; readonly type: "f32" | "i32"; readonly value: Expr; readonly lane: number }
  /**
   * All lanes of an f32v in one f32, halves on halves: lane i with lane i + lanes/2, then with i + lanes/4 and so on.
   * `count`: the lanes from there on are taken as 0 (add), −Inf (max) or +Inf (min), whatever they hold.
   */
  | {
      readonly kind: "across";
      readonly op: AcrossOp;
      readonly type: "f32";
      readonly value: Expr;
      readonly count?: number;
    };

export type Statement =
  | { readonly kind: "set"; readonly local: Local; readonly value: Expr }
  | {
      readonly kind: "store";
      readonly memory: MemoryType;
      readonly block: Block;
      readonly index: Expr;
      readonly offset: number;
      readonly value: Expr;
      /** Vectors only: how many lanes are written; all where not given. */
      readonly count?: number;
    }
  /** for (local = from; local < to; local += step): `to` is evaluated once, `step` is positive. */
  | {
      readonly kind: "for";
      readonly local: Local;
      readonly from: Expr;
      readonly to: Expr;
      readonly step: number;
      readonly body: readonly Statement[];
    }
  | {
      readonly kind: "if";
      readonly condition: Expr;
      readonly then: readonly Statement[];
      readonly else: readonly Statement[];
    }
  /** Again as long as the condition (computed before each round) is not 0, at most `limit` times. */
  | {
      readonly kind: "while";
      readonly condition: Expr;
      readonly limit: number;
      readonly body: readonly Statement[];
    }
  | { readonly kind: "call"; readonly kernel: Kernel; readonly args: readonly Expr[] };

/** A function of the program: `params` are i32 (loop indices of its callers). */
export interface Kernel {
  readonly name: string;
  readonly params: readonly Local[];
  readonly body: readonly Statement[];
}

export interface Target {
  readonly name: "wasm" | "native";
  /** Elements of a vector: 4 in WebAssembly, 4, 8 or 16 in native code. */
  readonly lanes: number;
  readonly hasFma: boolean;
  /** Vector registers, which limit the tiles: 16, or 32 with AVX-512. */
  readonly vectorRegisters: number;
}

/** All code for one batch size. */
export interface Program {
  readonly target: Target;
  /** Called first, without parameters; calls the others. */
  readonly main: Kernel;
  /** Blocks of space "constant" by index, with their bytes (of length sizeBytes). */
  readonly constants: readonly { readonly block: Block; readonly bytes: Uint8Array }[];
  /** Multiple of blockAlignment. Its first blockAlignment bytes are the status block. */
  readonly arenaBytes: number;
}

/** Its first i32 is 0, or which fault the run met (CodeLayout.faults). */
export function statusBlock(): Block {
  return { name: "status", space: "arena", sizeBytes: blockAlignment, place: 0 };
}

export function roundUp(size: number, multiple = blockAlignment): number {
  return Math.ceil(size / multiple) * multiple;
}

/** All kernels that `main` reaches, each before its callers. */
export function kernelsOf(main: Kernel): Kernel[] {
  const found = new Set<Kernel>();
  const visit = (kernel: Kernel) => {
    if (found.has(kernel)) return;
    for (const called of callsOf(kernel.body)) visit(called);
    found.add(kernel);
  };
  visit(main);
  return [...found];
}

function callsOf(body: readonly Statement[]): Kernel[] {
  return body.flatMap((statement) => {
    if (statement.kind === "call") return [statement.kernel];
    if (statement.kind === "if") return [...callsOf(statement.then), ...callsOf(statement.else)];
    return "body" in statement ? callsOf(statement.body) : [];
  });
}
