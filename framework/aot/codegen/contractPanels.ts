/**
 * Contractions with vectors along n. The weights of a few vectors stay in the cache while all rows go by; a tile of sums
 * stays in registers while k goes by.
 */
import { add, constant, fma, i32, splat } from "../kernel/expr.js";
import type { Expr, Kernel, Local } from "../kernel/ir.js";
import { roundUp } from "../kernel/ir.js";
import type { CodegenContext } from "./context.js";
import { loadAt, moved, type Places } from "./contractAddress.js";
import { storeTile, type Tile } from "./contractEpilogue.js";
import type { ContractForm, PreparedContract } from "./contractForm.js";
import { type Axis, type ContractSpace, contractSpace, evenTiles, startContract } from "./contractSpace.js";
import { writeSums } from "./contractSums.js";
import { tileShape, type TileShape } from "./contractTiles.js";
import { enter, type Scope, walk } from "./loopNest.js";
import { sizeOf } from "../tensor/View.js";

type Panel = Extract<ContractForm, { kind: "panel" }>;

export function generatePanels(step: PreparedContract, form: Panel, context: CodegenContext): Kernel {
  const space = contractSpace(step);
  const scope = startContract(step.origin, space, context);
  const writer = new PanelWriter(space, form, context, canOverrun(step, context.target.lanes));
  walk(scope, space.batch, (at) => writer.write(at));
  return scope.k.build();
}

/** Whether whole vectors may be read at the end of each row of `right`: other elements or the padding follow. */
function canOverrun({ right }: PreparedContract, lanes: number): boolean {
  const { storage, strides, shape, terms } = right;
  if (terms.length > 0 || strides.some((stride) => stride < 0)) return false;
  const walked = shape.filter((_, axis) => strides[axis] !== 0);
  const columns = shape.at(-1) as number;
  const beyond = roundUp(columns, lanes) - columns;
  return sizeOf(walked) === storage.count && storage.count + beyond <= roundUp(storage.count, 16);
}

/** Rows and weights that no cache near the core holds together with others. */
const manyBytes = 512 * 1024;

class PanelWriter {
  readonly #vectors: number;
  readonly #shape: TileShape;
  readonly #tiled: Axis | undefined;
  readonly #otherRows: readonly Axis[];

  constructor(
    readonly space: ContractSpace,
    readonly form: Panel,
    readonly context: CodegenContext,
    readonly canOverrun: boolean,
  ) {
    this.#vectors = Math.ceil(space.columns.size / context.target.lanes);
    this.#tiled = tiledAxis(space.rows);
    this.#otherRows = space.rows.filter((axis) => axis !== this.#tiled);
    const needs = {
      rows: this.#tiled?.size ?? 1,
      vectors: this.#vectors,
      panelVectors: Math.max(1, form.panelVectors),
      split: form.split,
    };
    this.#shape = tileShape(needs, context.target);
  }

  write(scope: Scope): void {
    if (this.#rowsOutside()) walk(scope, this.#otherRows, (row) => this.#columns(row, []));
    else this.#columns(scope, this.#otherRows);
  }

  /** Rows that no cache holds are read once, the weights again for each. */
  #rowsOutside(): boolean {
    const { rows, columns, sum } = this.space;
    const depth = sum.reduce((product, { size }) => product * size, 1);
    const left = rows.reduce((product, { size }) => product * size, depth * 4);
    return left > manyBytes && depth * columns.size * 4 <= manyBytes;
  }

  #columns(scope: Scope, rows: readonly Axis[]): void {
    const { lanes } = this.context.target;
    const { size } = this.space.columns;
    const width = this.#shape.vectors * lanes;
    const whole = size - (size % width);
    const tiles = (column: Expr, counts: readonly number[]) =>
      walk(scope, rows, (row) => this.#rows(row, column, counts));
    const countsOf = (columns: number) =>
      Array.from({ length: Math.ceil(columns / lanes) }, (_, i) => Math.min(lanes, columns - i * lanes));
    scope.k.for(0, whole, width, (column) => tiles(column, countsOf(width)));
    if (whole < size) tiles(i32(whole), countsOf(size - whole));
  }

  #rows(around: Scope, column: Expr, counts: readonly number[]): void {
    const scope = enter(around, this.space.columns.axis, column, true);
    const tiled = this.#tiled;
    if (!tiled) {
      this.#tile({ around, rowAxis: undefined, row: i32(0), column, scope, rows: 1, counts });
      return;
    }
    for (const { rows, from, to } of evenTiles(tiled.size, this.#shape.rows))
      around.k.for(from, to, rows, (row) => {
        const at = enter(scope, tiled.axis, row, true);
        this.#tile({ around, rowAxis: tiled.axis, row, column, scope: at, rows, counts });
      });
  }

  #tile(tile: Tile): void {
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
      unroll: this.#shape.unroll,
      longestRun: Math.floor(maxProducts / terms),
      hasPointers: context.target.name === "wasm",
      step: (at: Places, i: number) =>
        this.#products(
          tile,
          sums.map((row) => row.map((own) => own[i % split] as Local)),
          at,
        ),
    };
    if (!space.isEmptySum) writeSums(loops, places);
    storeTile(
      space,
      tile,
      sums.map((row) => row.map((own) => k.let(total(own)))),
    );
  }

  /** One k: each vector of the weights times each row's element. */
  #products(tile: Tile, sums: readonly (readonly Local[])[], at: Places): void {
    const { k, context } = tile.scope;
    const { space } = this;
    const left = context.blockOf(space.left.storage);
    const right = context.blockOf(space.right.storage);
    const weights = tile.counts.map((count, vector) => {
      const value = loadAt("f32v", right, moved(at.right, this.#vectorOffset(vector)), this.#loaded(count));
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
  #vectorOffset(vector: number): number {
    const { lanes } = this.context.target;
    const { panelVectors } = this.form;
    if (panelVectors === 0) return vector * lanes * 4;
    const inPanel = vector % panelVectors;
    const panelBytes =
      (this.space.right.strides[this.space.columns.axis] as number) * panelVectors * lanes * 4;
    return ((vector - inPanel) / panelVectors) * panelBytes + inPanel * lanes * 4;
  }

  #loaded(count: number): number | undefined {
    const isWhole = this.form.panelVectors > 0 || this.canOverrun || count === this.context.target.lanes;
    return isWhole ? undefined : count;
  }
}

/** Larger runs of k become loops: products written out in one tile. */
const maxProducts = 16;

/** The innermost axis, unless it is too short for a tile and another is not. */
function tiledAxis(rows: readonly Axis[]): Axis | undefined {
  const last = rows.at(-1);
  if (!last || last.size >= 4) return last;
  return rows.reduce((longest, axis) => (axis.size > longest.size ? axis : longest), last);
}

/** Pairwise, always in the same order. */
export function total(parts: readonly Expr[]): Expr {
  if (parts.length === 1) return parts[0] as Expr;
  const half = parts.length / 2;
  return add(total(parts.slice(0, half)), total(parts.slice(half)));
}
