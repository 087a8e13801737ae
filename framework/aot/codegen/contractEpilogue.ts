/** Stores a tile of sums through the step's epilogue: bias, activation and what else was fused into the contraction. */
import { add, i32, lane, load } from "../kernel/expr.js";
import type { Expr } from "../kernel/ir.js";
import { operands, viewsOf } from "../tensor/element.js";
import type { Element } from "../tensor/ir.js";
import { elementMemory } from "./context.js";
import type { ContractSpace } from "./contractSpace.js";
import { canVectorize, dependsOn, hasAccumulator } from "./elementAxes.js";
import { ElementEmitter } from "./emitElement.js";
import { enter, type Scope, shift } from "./loopNest.js";

/** A tile while it is written: rows along one axis, vectors of columns. */
export interface Tile {
  /** Outside of the columns' axis and the rows'. */
  readonly around: Scope;
  /** Undefined where there is but one row. */
  readonly rowAxis: number | undefined;
  readonly row: Expr;
  readonly column: Expr;
  /** The tile's first element. */
  readonly scope: Scope;
  readonly rows: number;
  /** How many columns of each vector count. */
  readonly counts: readonly number[];
}

const light = new Set(
  "add sub mul neg abs square maximum minimum relu relu6 equal notEqual less lessEqual greater greaterEqual".split(
    " ",
  ),
);

/** Instructions an element takes, about; functions like tanh are written out where they are called. */
function cost(element: Element): number {
  const own = element.kind === "call" && !light.has(element.name) ? 25 : 1;
  return own + operands(element).reduce((sum, part) => sum + cost(part), 0);
}

/**
 * Epilogues of larger tiles become a loop. In WebAssembly a function of 8 sums is written out: V8 interleaves them, and
 * they need not wait for one another (dense layers of 128 with tanh take 6 to 8 % less).
 */
const maxInstructions = { wasm: 280, native: 160 } as const;

/** `sums` by row and vector. */
export function storeTile(space: ContractSpace, tile: Tile, sums: readonly (readonly Expr[])[]): void {
  const { out, epilogue, columns } = space;
  const { target } = tile.scope.context;
  const isContiguous = out.strides[columns.axis] === 1;
  const isVector = isContiguous && out.dtype !== "bool" && canVectorize(epilogue, columns.axis);
  const isTooLong = cost(epilogue) * tile.rows * tile.counts.length > maxInstructions[target.name];
  const isAlone = viewsOf(epilogue).every(({ storage }) => storage !== out.storage);
  if (isVector && isTooLong && isAlone && out.dtype === "float32") {
    storeInLoop(space, tile, sums);
    return;
  }
  const { lanes } = target;
  for (const [vector, count] of tile.counts.entries()) {
    const column = shift(tile.scope, columns.axis, vector * lanes);
    if (isVector) emitShared(column, epilogue, tile.rowAxis, count);
    for (let row = 0; row < tile.rows; row++) {
      const sum = (sums[row] as readonly Expr[])[vector] as Expr;
      const at = tile.rowAxis === undefined ? column : shift(column, tile.rowAxis, row);
      if (isVector) storeVector(space, at, epilogue, sum, count);
      else for (let i = 0; i < count; i++) storeElement(space, shift(at, columns.axis, i), lane(sum, i));
    }
  }
}

/** What is the same in all rows, before them. */
function emitShared(at: Scope, element: Element, rowAxis: number | undefined, count: number): void {
  if (element.kind === "constant" || element.kind === "accumulator" || element.kind === "index") return;
  const isVectorType = element.dtype === "float32" || element.dtype === "int32" || element.dtype === "bool";
  if (rowAxis !== undefined && dependsOn(element, rowAxis)) {
    if (element.kind === "gather") return;
    for (const operand of operands(element)) emitShared(at, operand, rowAxis, count);
  } else if (isVectorType && !hasAccumulator(element)) at.emitter.emitVector(element, count);
  else for (const operand of operands(element)) emitShared(at, operand, rowAxis, count);
}

function storeVector(space: ContractSpace, at: Scope, value: Element, sum: Expr, count: number): void {
  const { k, context, position } = at;
  const result = withSum(at, sum).emitVector(value, count);
  const { index, offset } = position.address(space.out);
  const memory = space.out.dtype === "float32" ? "f32v" : "i32v";
  const partial = count < context.target.lanes ? count : undefined;
  k.store(memory, context.blockOf(space.out.storage), index, offset, result, partial);
}

/** Without what has been loaded around (Place.loads): the tile before has written since. */
function withSum({ k, context, position, vectorAxis, emitter }: Scope, accumulator: Expr): ElementEmitter {
  return new ElementEmitter(k, context, position, { vectorAxis, accumulator }, emitter);
}

/** One element, of any type and wherever it lies. */
export function storeElement({ out, epilogue }: ContractSpace, at: Scope, sum: Expr): void {
  const { k, context, position } = at;
  const result = withSum(at, sum).emit(epilogue);
  const { index, offset } = position.address(out);
  k.store(elementMemory[out.dtype].memory, context.blockOf(out.storage), index, offset, result);
}

/** The sums as they are, then a loop that takes them up again: long functions are written once. */
function storeInLoop(space: ContractSpace, tile: Tile, sums: readonly (readonly Expr[])[]): void {
  const { out, columns, epilogue } = space;
  const { k, context } = tile.scope;
  const { lanes } = context.target;
  const raw = { kind: "accumulator", dtype: "float32" } as const;
  for (const [row, vectors] of sums.entries())
    for (const [vector, sum] of vectors.entries()) {
      const column = shift(tile.scope, columns.axis, vector * lanes);
      const at = tile.rowAxis === undefined ? column : shift(column, tile.rowAxis, row);
      storeVector(space, at, raw, sum, tile.counts[vector] as number);
    }
  const again = (at: Scope, count: number) => {
    const { index, offset } = at.position.address(out);
    const partial = count < lanes ? count : undefined;
    const sum = k.let(load("f32v", context.blockOf(out.storage), index, offset, partial));
    storeVector(space, at, epilogue, sum, count);
  };
  const wholeVectors = tile.counts.filter((count) => count === lanes).length;
  const inRow = (row: Scope) => {
    const end = add(tile.column, i32(wholeVectors * lanes));
    if (wholeVectors > 0)
      k.for(tile.column, end, lanes, (column) => again(enter(row, columns.axis, column, true), lanes));
    const rest = tile.counts[wholeVectors];
    if (rest !== undefined) again(enter(row, columns.axis, end, true), rest);
  };
  if (tile.rowAxis === undefined) inRow(tile.around);
  else {
    const { rowAxis } = tile;
    k.for(tile.row, add(tile.row, i32(tile.rows)), 1, (row) => inRow(enter(tile.around, rowAxis, row, true)));
  }
}
