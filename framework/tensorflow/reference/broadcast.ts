/** NumPy's broadcasting: how several tensors of different shapes are walked together, in runs along the last axes. */
// biome-ignore-all lint/style/noNonNullAssertion: every index is made from the shapes that were checked above it
import { showShape, type TensorLike } from "../Tensor.js";
import { copyShape, kernelError } from "./op.js";

/**
 * A walk over the result of broadcasting. Axes that all operands cross with one stride are merged, so tensors of one
 * shape are a single run, and a matrix with a row vector is a run a row. Usage: `update(inputs)`, then
 * `for (let more = walk.start(); more; more = walk.next())` with a run of `count` elements in every turn.
 */
export class Broadcast {
  /** The result's shape. */
  readonly shape: number[] = [];
  /** Elements in a run. */
  count = 0;
  /** Where the present run starts: in the operands, and in the result. */
  readonly at: number[];
  out = 0;
  /** Step from element to element of a run, 0 where an operand is repeated. */
  readonly step: number[];
  readonly #seen: number[][];
  readonly #extents: number[] = [];
  readonly #strides: number[][];
  readonly #turn: number[] = [];
  #isNew = true;

  constructor(operands: number) {
    this.at = new Array<number>(operands).fill(0);
    this.step = new Array<number>(operands).fill(0);
    this.#seen = Array.from({ length: operands }, () => []);
    this.#strides = Array.from({ length: operands }, () => []);
  }

  /** Takes the operands' shapes; cheap when they are those of the last run. @throws InvalidRun if they do not fit. */
  update(tensors: readonly Pick<TensorLike, "shape">[]): void {
    let isSame = !this.#isNew;
    for (let o = 0; o < this.#seen.length && isSame; o++)
      isSame = sameShape(this.#seen[o]!, tensors[o]!.shape);
    if (isSame) return;
    this.#isNew = true;
    for (let o = 0; o < this.#seen.length; o++) copyShape(tensors[o]!.shape, this.#seen[o]!);
    this.#resultShape();
    this.#mergeAxes();
    this.#isNew = false;
  }

  start(): boolean {
    this.at.fill(0);
    this.out = 0;
    this.#turn.fill(0);
    return this.count > 0;
  }

  next(): boolean {
    this.out += this.count;
    for (let axis = this.#extents.length - 2; axis >= 0; axis--) {
      const isLast = ++this.#turn[axis]! === this.#extents[axis];
      for (let o = 0; o < this.at.length; o++) {
        const stride = this.#strides[o]![axis]!;
        this.at[o]! += isLast ? stride - stride * this.#extents[axis]! : stride;
      }
      if (!isLast) return true;
      this.#turn[axis] = 0;
    }
    return false;
  }

  #resultShape(): void {
    const rank = Math.max(...this.#seen.map((shape) => shape.length));
    this.shape.length = rank;
    for (let axis = 0; axis < rank; axis++) {
      let size = 1;
      for (const shape of this.#seen) {
        const own = shape[shape.length - rank + axis] ?? 1;
        if (own !== 1 && size !== 1 && own !== size) {
          const shapes = this.#seen.map(showShape).join(" and ");
          throw kernelError(`shapes ${shapes} cannot be broadcast together`);
        }
        if (own !== 1) size = own;
      }
      this.shape[axis] = size;
    }
  }

  #mergeAxes(): void {
    const extents: number[] = [];
    const strides: number[][] = this.#seen.map(() => []);
    const running = this.#seen.map(() => 1);
    for (let back = 1; back <= this.shape.length; back++) {
      const size = this.shape[this.shape.length - back]!;
      const own = this.#seen.map((shape, o) => ((shape[shape.length - back] ?? 1) === 1 ? 0 : running[o]!));
      for (const [o, shape] of this.#seen.entries()) running[o]! *= shape[shape.length - back] ?? 1;
      if (size === 1) continue;
      const isMerged =
        extents.length > 0 && own.every((stride, o) => stride === strides[o]![0]! * extents[0]!);
      if (isMerged) extents[0]! *= size;
      else {
        extents.unshift(size);
        for (const [o, stride] of own.entries()) strides[o]!.unshift(stride);
      }
    }
    if (extents.length === 0) {
      extents.push(1);
      for (const own of strides) own.push(0);
    }
    const isEmpty = extents.includes(0);
    this.count = isEmpty ? 0 : extents.at(-1)!;
    copyShape(extents, this.#extents);
    this.#turn.length = extents.length;
    for (const [o, own] of strides.entries()) {
      copyShape(own, this.#strides[o]!);
      this.step[o] = own.at(-1)!;
    }
  }
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  for (let axis = 0; axis < a.length; axis++) if (a[axis] !== b[axis]) return false;
  return true;
}
