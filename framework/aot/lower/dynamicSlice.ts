/** Slices whose begin is computed in the event: one gather, with the size known. */
import { call, cast, read, selectElement } from "../tensor/element.js";
import type { Element } from "../tensor/ir.js";
import type { View } from "../tensor/View.js";
import type { Trace } from "./Lowering.js";
import { checkInteger, numberElement } from "./operands.js";

/** `size` elements of an axis from the position on that a scalar holds. */
export interface Pick {
  readonly axis: number;
  readonly size: number;
  readonly position: View;
}

/** `isFromEnd`: negative positions count from the end. A position outside the tensor is a fault of the run. */
export function pickAt(trace: Trace, x: View, picks: readonly Pick[], isFromEnd: boolean): View {
  const shape = [...x.shape];
  for (const { axis, size } of picks) shape[axis] = size;
  if (picks.some(({ axis, size }) => size < 0 || size > (x.shape[axis] as number)))
    return trace.unsupported(
      `a slice of [${shape}] is larger than [${x.shape}]; correct the graph or the feeds`,
    );
  const indices = picks.map(({ axis, size, position }) => {
    const extent = x.shape[axis] as number;
    checkInteger(trace, position);
    const given = position.dtype === "int64" ? read(position, shape) : cast(read(position, shape), "int32");
    const value = isFromEnd ? fromEnd(given, extent) : given;
    return { value, stride: x.strides[axis] as number, limit: extent - size + 1 };
  });
  const view = x.strided(shape, x.strides);
  const fault = `a position of '${trace.node.name}' (${trace.node.op}) is outside of [${x.shape}]`;
  return trace.map(shape, { kind: "gather", dtype: x.dtype, view, indices, fault });
}

function fromEnd(position: Element, extent: number): Element {
  const isNegative = call("less", position, numberElement(position.dtype, 0));
  return selectElement(isNegative, call("add", position, numberElement(position.dtype, extent)), position);
}
