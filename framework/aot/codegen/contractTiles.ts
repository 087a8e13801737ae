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

/** Measured: dense layers of 128 and 512, batches of 1 to 64, Node 20 and gcc 12 with AVX-512. */
interface Sums {
  /** In registers; the others hold operands. */
  readonly most: number;
  /** Fewer wait for their own additions. */
  readonly fewest: number;
  readonly oneRow: number;
  /** Vectors of a tile of many rows. */
  readonly vectors: number;
}

function sumsOf({ name, vectorRegisters }: Target): Sums {
  if (vectorRegisters >= 32) return { most: 24, fewest: 8, oneRow: 16, vectors: 4 };
  if (name === "wasm") return { most: 8, fewest: 6, oneRow: 6, vectors: 2 };
  return { most: 12, fewest: 8, oneRow: 8, vectors: 2 };
}

export function tileShape(needs: TileNeeds, target: Target): TileShape {
  const { panelVectors, split } = needs;
  const sums = sumsOf(target);
  const narrow = Math.min(needs.vectors, Math.max(panelVectors, sums.vectors));
  const mostRows = Math.max(1, Math.floor(sums.most / (split * narrow)));
  const rows = Math.ceil(needs.rows / Math.ceil(needs.rows / mostRows));
  const most = rows === 1 ? sums.oneRow : sums.most / rows;
  const panels = Math.max(1, Math.floor(most / split / panelVectors));
  const widths = Array.from({ length: panels }, (_, i) =>
    Math.min(needs.vectors, (panels - i) * panelVectors),
  );
  const time = (width: number) => Math.max(width * rows * split, sums.fewest);
  const total = (width: number) => {
    const rest = needs.vectors % width;
    return Math.floor(needs.vectors / width) * time(width) + (rest > 0 ? time(rest) : 0);
  };
  const vectors = widths.reduce((best, width) => (total(width) < total(best) ? width : best));
  return { rows, vectors, unroll: unrollOf(rows * vectors * split, split, target) };
}

/** V8 holds sums in registers only in short loops; C compilers do in long ones, if all fit. */
function unrollOf(sums: number, split: number, { name }: Target): number {
  return name === "native" && sums <= 16 ? 4 : split;
}
