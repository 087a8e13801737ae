/** How many rows and vectors of columns a tile of sums has: as many as registers hold, few enough that none is idle. */
import type { Target } from "../kernel/ir.js";

export interface TileShape {
  /** At most. */
  readonly rows: number;
  readonly vectors: number;
  /** Products of each sum in one round of the innermost loop. */
  readonly unroll: number;
}

export interface TileNeeds {
  /** Rows of the axis that is tiled. */
  readonly rows: number;
  /** Vectors of a row. */
  readonly vectors: number;
  /** Tiles are of whole panels; 1 without. */
  readonly panelVectors: number;
  readonly split: number;
}

/** Measured, see the table in test/unit/aot/codegen/contract.test.ts: sums in registers, the others hold operands. */
function sumsOf({ name, vectorRegisters }: Target): { most: number; oneRow: number; vectors: number } {
  if (vectorRegisters >= 32) return { most: 24, oneRow: 16, vectors: 4 };
  return name === "wasm" ? { most: 8, oneRow: 6, vectors: 2 } : { most: 12, oneRow: 8, vectors: 2 };
}

export function tileShape(needs: TileNeeds, target: Target): TileShape {
  const { panelVectors, split } = needs;
  const sums = sumsOf(target);
  const narrow = Math.min(needs.vectors, Math.max(panelVectors, sums.vectors));
  const mostRows = Math.max(1, Math.floor(sums.most / (split * narrow)));
  const rows = Math.ceil(needs.rows / Math.ceil(needs.rows / mostRows));
  const most = rows === 1 ? sums.oneRow : sums.most / rows;
  const wide = Math.floor(most / split / panelVectors) * panelVectors;
  const vectors = Math.min(needs.vectors, Math.max(panelVectors, wide));
  return { rows, vectors, unroll: unrollOf(rows * vectors, split, target) };
}

function unrollOf(sums: number, split: number, { name }: Target): number {
  if (name === "wasm") return split;
  return sums <= 16 ? Math.max(2, split) : split;
}
