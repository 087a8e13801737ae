/** A map without vectors: other dtypes, and transposes, where no axis is contiguous in all views. */
import type { Kernel } from "../kernel/ir.js";
import { viewsOf } from "../tensor/element.js";
import type { MapStep } from "../tensor/ir.js";
import { type CodegenContext, elementMemory } from "./context.js";
import { weight } from "./elementAxes.js";
import { type Scope, shift, startKernel, walk, walkTiles } from "./loopNest.js";

/** One element at a time, several a round, in the order of `out`'s axes: its memory's, innermost last. */
export function generateScalars(step: MapStep, context: CodegenContext): Kernel {
  const { origin, out, value } = step;
  const { memory } = elementMemory[out.dtype];
  const block = context.blockOf(out.storage);
  const inner = out.rank - 1;
  const scope = startKernel(origin, context, out.rank, out, [value]);
  const write = ({ k, emitter, position }: Scope) => {
    const result = emitter.emit(value);
    const { index, offset } = position.address(out);
    k.store(memory, block, index, offset, result);
  };
  if (inner < 0) write(scope);
  else {
    const column = columnAxis(step);
    const outer = out.shape.map((size, axis) => ({ axis, size })).slice(0, -1);
    const around = outer.filter(({ axis }) => axis !== column);
    const unroll = weight(value) <= 4 && column === undefined ? 4 : 1;
    const size = out.shape[inner] as number;
    const writeTile = (at: Scope, count: number) => {
      for (let index = 0; index < count; index++) write(shift(at, inner, index));
    };
    walk(scope, around, (at) => {
      if (column === undefined) walkTiles(at, inner, size, unroll, writeTile, true);
      else writeColumns(at, column, inner, out.shape, write);
    });
  }
  return scope.k.build();
}

/** Elements of a cache line, about. */
const lineLength = 16;

/** Reads whole cache lines, each of whose elements goes to another row of `out`. */
function writeColumns(
  scope: Scope,
  column: number,
  inner: number,
  shape: readonly number[],
  write: (at: Scope) => void,
): void {
  walkTiles(scope, column, shape[column] as number, lineLength, (tile, count) =>
    walkTiles(
      tile,
      inner,
      shape[inner] as number,
      1,
      (at) => {
        for (let index = 0; index < count; index++) write(shift(at, column, index));
      },
      true,
    ),
  );
}

/**
 * Of a large transpose the axis that is contiguous where it reads. 256×256 takes 0.6 ns an element in columns and 1.2 in
 * rows, which fetch as many lines as they are long; 256×32 is faster in rows.
 */
function columnAxis({ out, value }: MapStep): number | undefined {
  const inner = out.rank - 1;
  const views = viewsOf(value);
  const isFar = views.some(({ strides }) => Math.abs(strides[inner] as number) >= lineLength);
  const isLarge = (out.shape[inner] as number) >= 128 && out.count >= 16_384;
  if (!isLarge || !isFar || weight(value) > 4) return undefined;
  const isNear = (axis: number) => views.every(({ strides }) => Math.abs(strides[axis] as number) <= 1);
  const found = out.shape.findIndex((_size, axis) => axis !== inner && isNear(axis));
  return found >= 0 ? found : undefined;
}
