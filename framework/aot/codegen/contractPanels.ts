/**
 * Contractions with vectors along n. The weights of a few vectors stay in the cache while all rows go by; a tile of sums
 * stays in registers while k goes by.
 */
import { i32 } from "../kernel/expr.js";
import { type Expr, type Kernel, roundUp } from "../kernel/ir.js";
import { sizeOf } from "../tensor/View.js";
import type { CodegenContext } from "./context.js";
import type { Panel, PreparedContract } from "./contractForm.js";
import { type Axis, type ContractSpace, contractSpace, evenTiles, startContract } from "./contractSpace.js";
import { TileWriter } from "./contractTile.js";
import { type TileShape, tileShape } from "./contractTiles.js";
import { enter, type Scope, walk } from "./loopNest.js";

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
  readonly #tiles: TileWriter;
  readonly #shape: TileShape;
  readonly #tiled: Axis | undefined;
  readonly #otherRows: readonly Axis[];

  constructor(
    readonly space: ContractSpace,
    readonly form: Panel,
    readonly context: CodegenContext,
    canOverrun: boolean,
  ) {
    this.#tiled = tiledAxis(space.rows);
    this.#otherRows = space.rows.filter((axis) => axis !== this.#tiled);
    const needs = {
      rows: this.#tiled?.size ?? 1,
      vectors: Math.ceil(space.columns.size / context.target.lanes),
      panelVectors: Math.max(1, form.panelVectors),
      split: form.split,
    };
    this.#shape = tileShape(needs, context.target);
    this.#tiles = new TileWriter(space, form, { unroll: this.#shape.unroll, canOverrun });
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
      this.#tiles.write({ around, rowAxis: undefined, row: i32(0), column, scope, rows: 1, counts });
      return;
    }
    for (const { rows, from, to } of evenTiles(tiled.size, this.#shape.rows))
      around.k.for(from, to, rows, (row) => {
        const at = enter(scope, tiled.axis, row, true);
        this.#tiles.write({ around, rowAxis: tiled.axis, row, column, scope: at, rows, counts });
      });
  }
}

/** The innermost axis, unless it is too short for a tile and another is not. */
function tiledAxis(rows: readonly Axis[]): Axis | undefined {
  const last = rows.at(-1);
  if (!last || last.size >= 4) return last;
  return rows.reduce((longest, axis) => (axis.size > longest.size ? axis : longest), last);
}
