/** A tile of sums in registers, rows by vectors of columns, while k goes by. */
import { add, constant, fma, splat } from "../kernel/expr.js";
import type { Expr, Local } from "../kernel/ir.js";
import { loadAt, moved, type Places } from "./contractAddress.js";
import { storeTile, type Tile } from "./contractEpilogue.js";
import type { Panel } from "./contractForm.js";
import type { ContractSpace } from "./contractSpace.js";
import { writeSums } from "./contractSums.js";

/**
 * Larger runs of k become loops: products written out in one tile. V8 spills registers in longer ones (27 products of a
 * 3 by 3 window: 27 GFLOP/s written out, 33 in loops); gcc does not care.
 */
const maxProducts = 16;

export interface Reading {
  /** Products of each sum in one round of the innermost loop. */
  readonly unroll: number;
  /** Whether `right` may be read in whole vectors beyond its last column. */
  readonly canOverrun: boolean;
}

export class TileWriter {
  constructor(
    readonly space: ContractSpace,
    readonly form: Panel,
    readonly reading: Reading,
  ) {}

  write(tile: Tile): void {
    const { k, context, position } = tile.scope;
    const { split } = this.form;
    const { space } = this;
    const sums = Array.from({ length: tile.rows }, () =>
      tile.counts.map(() => Array.from({ length: split }, () => k.variable(constant("f32v", 0), "sum"))),
    );
    const terms = tile.rows * tile.counts.length;
    const places = { left: position.address(space.left), right: position.address(space.right) };
    const loops = {
      k,
      axes: space.sum,
      unroll: this.reading.unroll,
      longestRun: Math.floor(maxProducts / terms),
      hasPointers: context.target.name === "wasm",
      step: (at: Places, i: number) => {
        const parts = sums.map((row) => row.map((own) => own[i % split] as Local));
        this.#products(tile, parts, at);
      },
    };
    if (!space.isEmptySum) writeSums(loops, places);
    const totals = sums.map((row) => row.map((own) => k.let(total(own))));
    storeTile(space, tile, totals);
  }

  /** One k: each vector of the weights times each row's element. */
  #products(tile: Tile, sums: readonly (readonly Local[])[], at: Places): void {
    const { k, context } = tile.scope;
    const { space } = this;
    const left = context.blockOf(space.left.storage);
    const right = context.blockOf(space.right.storage);
    const weights = tile.counts.map((count, vector) => {
      const value = loadAt(
        "f32v",
        right,
        moved(at.right, this.#vectorOffset(vector, context.target.lanes)),
        this.#loaded(count, context.target.lanes),
      );
      return tile.rows > 1 ? k.let(value, "w") : value;
    });
    const rowBytes = tile.rowAxis === undefined ? 0 : (space.left.strides[tile.rowAxis] as number) * 4;
    for (const [row, own] of sums.entries()) {
      const value = splat(loadAt("f32", left, moved(at.left, row * rowBytes)));
      const element = own.length > 1 ? k.let(value, "x") : value;
      for (const [vector, sum] of own.entries()) k.set(sum, fma(element, weights[vector] as Expr, sum));
    }
  }

  /** Bytes from a tile's first vector of weights to another one. */
  #vectorOffset(vector: number, lanes: number): number {
    const { panelVectors } = this.form;
    if (panelVectors === 0) return vector * lanes * 4;
    const inPanel = vector % panelVectors;
    const panelBytes =
      (this.space.right.strides[this.space.columns.axis] as number) * panelVectors * lanes * 4;
    return ((vector - inPanel) / panelVectors) * panelBytes + inPanel * lanes * 4;
  }

  #loaded(count: number, lanes: number): number | undefined {
    const isWhole = this.form.panelVectors > 0 || this.reading.canOverrun || count === lanes;
    return isWhole ? undefined : count;
  }
}

/** Pairwise, always in the same order. */
export function total(parts: readonly Expr[]): Expr {
  if (parts.length === 1) return parts[0] as Expr;
  const half = parts.length / 2;
  return add(total(parts.slice(0, half)), total(parts.slice(half)));
}
