/** What a TensorList or TensorArray holds: tensors in memory that lasts until the run ends. */
import type { DType, TensorData } from "../dtypes.js";
import type { PartialShape } from "../GraphDef.js";
import { showShape } from "../Tensor.js";
import { kernelError, product } from "./op.js";

/** One tensor: the elements from `offset` on of memory that it may share with its neighbours. */
export interface Element {
  readonly data: TensorData;
  readonly offset: number;
  readonly shape: readonly number[];
}

/** TensorLists are values (an op that changes one makes a new list of the same elements); TensorArrays change. */
export class ElementList {
  constructor(
    readonly dtype: DType,
    /** What is declared of every element's shape. */
    readonly declared: PartialShape,
    readonly items: (Element | undefined)[],
    /** Whether writing beyond the end makes it longer. */
    readonly isDynamic = false,
  ) {}

  /** The place of a position. @throws InvalidRun beyond the end */
  check(position: number): number {
    if (position >= 0 && position < this.items.length) return position;
    throw kernelError(`position ${position} is not in a list of ${this.items.length}`);
  }

  copy(length = this.items.length): ElementList {
    const items = this.items.slice(0, length);
    while (items.length < length) items.push(undefined);
    return new ElementList(this.dtype, this.declared, items, this.isDynamic);
  }

  /**
   * The shape of its elements: that of those which are set, else the declared one, else `hint`.
   * @throws InvalidRun when they differ or none of these is fully known
   */
  elementShape(hint: PartialShape = null): readonly number[] {
    let shape: readonly number[] | undefined;
    for (const item of this.items) {
      if (!item) continue;
      shape ??= item.shape;
      const isSame =
        shape.length === item.shape.length && shape.every((size, axis) => size === item.shape[axis]);
      if (!isSame)
        throw kernelError(`elements of shapes ${showShape(shape)} and ${showShape(item.shape)} differ`);
    }
    const known = shape ?? [this.declared, hint].find((partial) => partial?.every((size) => size >= 0));
    if (known) return known;
    throw kernelError("the shape of the elements is not known, for none of them is set");
  }
}

/** Elements of a tensor cut along its first axis; the memory is not copied. */
export function rows(data: TensorData, shape: readonly number[]): Element[] {
  if (shape.length === 0) throw kernelError("a scalar cannot be cut into elements");
  const rowShape = shape.slice(1);
  const size = product(rowShape);
  return Array.from({ length: shape[0] as number }, (_, i) => ({ data, offset: i * size, shape: rowShape }));
}
