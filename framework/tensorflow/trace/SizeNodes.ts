/** Nodes that compute what was a constant in each recording from the sizes of tensors. */
import { dtypeNumber } from "../dtypes.js";
import type { NodeDef } from "../GraphDef.js";
import { Tensor, type TensorLike } from "../Tensor.js";
import { fitSizes } from "./fitSizes.js";
import { countsUp, repeatedBase } from "./repeatedBase.js";
import { type Measure, scalarOf, SizeScalars, type SizeValue } from "./SizeScalars.js";

/** More elements than any shape or list of paddings has: a larger constant that differs is no matter of sizes. */
const maxElements = 64;
const int32 = { type: dtypeNumber("int32") };

export class SizeNodes {
  readonly #scalars: SizeScalars;

  /** `names`: those that nodes have already. */
  constructor(names: Iterable<string>) {
    this.#scalars = new SizeScalars(names);
  }

  /** The nodes that several constants share. */
  get shared(): readonly NodeDef[] {
    return this.#scalars.nodes;
  }

  /**
   * Nodes, the last under the constant's name, that give `values[i]` where the measures have their sizes i.
   * undefined: the values do not follow the measures.
   */
  constant(
    node: NodeDef,
    values: readonly TensorLike[],
    measures: readonly Measure[],
  ): NodeDef[] | undefined {
    const [first] = values as [TensorLike];
    if (values.some(({ dtype, shape }) => dtype !== first.dtype || shape.length !== first.shape.length))
      return undefined;
    if (values.some(({ shape }) => `${shape}` !== `${first.shape}`))
      return this.#repeated(node, values, measures);
    if (first.data.length > maxElements || (first.dtype !== "int32" && first.dtype !== "float32"))
      return undefined;
    const scalars = this.#formulas(values.map(numbersOf), measures);
    return scalars && this.#tensor(node.name, first, scalars);
  }

  /** A tensor whose shape follows the sizes: it repeats something, or counts. */
  #repeated(
    node: NodeDef,
    values: readonly TensorLike[],
    measures: readonly Measure[],
  ): NodeDef[] | undefined {
    const [{ dtype, shape }] = values as [TensorLike];
    const isCount = values.every(countsUp);
    const base = isCount ? undefined : repeatedBase(values);
    const shapes = values.map((value) => value.shape);
    const sizes = isCount || base ? this.#formulas(shapes, measures) : undefined;
    if (!sizes) return undefined;
    const type = { type: dtypeNumber(dtype) };
    if (!base) {
      const scalar = (value: number) => this.#scalars.constant("Const", scalarOf(dtype, value));
      const limit = this.#scalars.scalar(sizes[0] as SizeValue, dtype);
      return [{ name: node.name, op: "Range", inputs: [scalar(0), limit, scalar(1)], attrs: { Tidx: type } }];
    }
    const dims = this.#scalars.unique(`${node.name}/shape`);
    const like: TensorLike = { dtype: "int32", shape: [shape.length], data: new Int32Array(shape.length) };
    const repeat = base.data.length === 1 ? this.#fill(base) : this.#broadcast(base);
    return [...this.#tensor(dims, like, sizes), { name: node.name, ...repeat(node.name, dims) }];
  }

  #fill({ dtype, data }: TensorLike) {
    return (name: string, dims: string) => ({
      op: "Fill",
      inputs: [dims, this.#scalars.constant(`${name}/value`, { dtype, shape: [], data })],
      attrs: { T: { type: dtypeNumber(dtype) }, index_type: int32 },
    });
  }

  #broadcast(base: TensorLike) {
    return (name: string, dims: string) => ({
      op: "BroadcastTo",
      inputs: [this.#scalars.constant(`${name}/value`, base), dims],
      attrs: { T: { type: dtypeNumber(base.dtype) }, Tidx: int32 },
    });
  }

  #formulas(rows: readonly (readonly number[])[], measures: readonly Measure[]): SizeValue[] | undefined {
    const sizes = measures.map((measure) => measure.sizes);
    const found: SizeValue[] = [];
    for (let i = 0; i < (rows[0]?.length ?? 0); i++) {
      const formula = fitSizes(
        rows.map((row) => row[i] as number),
        sizes,
      );
      if (!formula) return undefined;
      found.push({ formula, factors: formula.factors.map((factor) => measures[factor] as Measure) });
    }
    return found;
  }

  /** Packs scalars into a tensor like `like`. */
  #tensor(name: string, like: TensorLike, values: readonly SizeValue[]): NodeDef[] {
    const { dtype, shape } = like;
    const scalars = values.map((value) => this.#scalars.scalar(value, dtype));
    const type = { type: dtypeNumber(dtype) };
    if (shape.length === 0)
      return [{ name, op: "Identity", inputs: [scalars[0] as string], attrs: { T: type } }];
    const isVector = shape.length === 1;
    const packed = isVector ? name : this.#scalars.unique(`${name}/flat`);
    const pack: NodeDef = {
      name: packed,
      op: "Pack",
      inputs: scalars,
      attrs: { N: { i: scalars.length }, T: type, axis: { i: 0 } },
    };
    if (isVector) return [pack];
    const dims = this.#scalars.constant(`${name}/shape`, new Tensor("int32", [shape.length], [...shape]));
    return [pack, { name, op: "Reshape", inputs: [packed, dims], attrs: { T: type, Tshape: int32 } }];
  }
}

function numbersOf({ data }: TensorLike): number[] {
  return Array.from(data as Float32Array);
}
