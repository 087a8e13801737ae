/** Loops over rows of contiguous memory: whole vectors, several a round, then a shorter one. */
import { enter, type Scope, shift, walk, walkTiles } from "./loopNest.js";

export interface Rows {
  /** Of each axis; rows lie along the last. */
  readonly sizes: readonly number[];
  /** Elements of a row that are written, from sizes.at(-1) on into padding. */
  readonly length: number;
  /** Elements of a vector. */
  readonly lanes: number;
  /** Vectors of one round. */
  readonly unroll: number;
}

/** `write` gets a position and how many of its vector's elements count. Short rows go several a round. */
export function walkRows(scope: Scope, rows: Rows, write: (at: Scope, count: number) => void): void {
  const { sizes, length, lanes, unroll } = rows;
  const row = sizes.length - 2;
  const outer = sizes.map((size, axis) => ({ axis, size }));
  if (length >= 2 * lanes || row < 0)
    walk(scope, outer.slice(0, -1), (at) => writeRow(at, row + 1, rows, write));
  else
    walk(scope, outer.slice(0, -2), (around) =>
      walkTiles(around, row, sizes[row] as number, unroll, (at, count) => {
        for (let i = 0; i < count; i++) writeRow(shift(at, row, i), row + 1, rows, write);
      }),
    );
}

function writeRow(scope: Scope, axis: number, rows: Rows, write: (at: Scope, count: number) => void): void {
  const { length, lanes, unroll } = rows;
  const whole = length - (length % lanes);
  const writeTile = (at: Scope, count: number) => {
    for (let from = 0; from < count; from += lanes)
      write(shift(at, axis, from), Math.min(lanes, count - from));
  };
  walkTiles(scope, axis, whole, unroll * lanes, writeTile, true);
  scope.k.for(whole, length, lanes, (index) => writeTile(enter(scope, axis, index, true), length - whole));
}
