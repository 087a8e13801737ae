/** Nodes that compute what a constant was in a recording from the sizes of tensors: Shape, a dimension of it, arithmetic. */
import { type DType, dtypeNumber } from "../dtypes.js";
import type { AttrValue, NodeDef } from "../GraphDef.js";
import { Tensor, type TensorLike } from "../Tensor.js";
import { fitSizes, type SizeFormula } from "./fitSizes.js";

/** A dimension of a tensor, with its size in each recording. */
export interface Measure {
  readonly tensor: string;
  readonly axis: number;
  readonly dtype: DType;
  readonly sizes: readonly number[];
}

/** One element of a constant: its formula, with what it is made of. */
interface SizeValue {
  readonly formula: SizeFormula;
  readonly factors: readonly Measure[];
}

/** More elements than any shape or list of paddings has: a larger constant that differs is no matter of sizes. */
const maxElements = 64;
const int32 = { type: dtypeNumber("int32") };

export class SizeNodes {
  /** The nodes that give sizes, each made once. */
  readonly shared: NodeDef[] = [];
  readonly #names: Set<string>;
  readonly #scalars = new Map<string, string>();

  constructor(names: Iterable<string>) {
    this.#names = new Set(names);
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
      return this.#filled(node, values, measures);
    if (first.data.length > maxElements || (first.dtype !== "int32" && first.dtype !== "float32"))
      return undefined;
    const scalars = this.#formulas(values.map(numbersOf), measures);
    return scalars && this.#tensor(node.name, first, scalars);
  }

  /** A tensor of one value whose shape follows the sizes. */
  #filled(node: NodeDef, values: readonly TensorLike[], measures: readonly Measure[]): NodeDef[] | undefined {
    const [{ dtype, data, shape }] = values as [TensorLike];
    const value = data[0];
    const isUniform = values.every((tensor) => tensor.data.every((element: unknown) => element === value));
    if (value === undefined || Array.isArray(data) || !isUniform) return undefined;
    const sizes = this.#formulas(
      values.map((tensor) => tensor.shape),
      measures,
    );
    if (!sizes) return undefined;
    const dims = this.#unique(`${node.name}/shape`);
    const like: TensorLike = { dtype: "int32", shape: [shape.length], data: new Int32Array(shape.length) };
    const fill = this.#const(`${node.name}/value`, { dtype, shape: [], data: data.slice(0, 1) });
    const attrs = { T: { type: dtypeNumber(dtype) }, index_type: int32 };
    return [...this.#tensor(dims, like, sizes), { name: node.name, op: "Fill", inputs: [dims, fill], attrs }];
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
    const scalars = values.map((value) => this.#scalar(value, dtype));
    const type = { type: dtypeNumber(dtype) };
    if (shape.length === 0)
      return [{ name, op: "Identity", inputs: [scalars[0] as string], attrs: { T: type } }];
    const isVector = shape.length === 1;
    const packed = isVector ? name : this.#unique(`${name}/flat`);
    const pack: NodeDef = {
      name: packed,
      op: "Pack",
      inputs: scalars,
      attrs: { N: { i: scalars.length }, T: type, axis: { i: 0 } },
    };
    if (isVector) return [pack];
    const dims = this.#const(`${name}/shape`, new Tensor("int32", [shape.length], [...shape]));
    return [pack, { name, op: "Reshape", inputs: [packed, dims], attrs: { T: type, Tshape: int32 } }];
  }

  /** The name of a scalar with a formula's value. */
  #scalar({ formula, factors }: SizeValue, dtype: DType): string {
    const { times, plus, isReciprocal } = formula;
    if (factors.length === 0) return this.#const("Const", scalarOf(dtype, plus));
    const sizes = factors.map((measure) => this.#size(measure));
    const product = sizes.reduce((left, right) => this.#binary("Mul", left, right, "int32"));
    const isWhole = Number.isInteger(times) && Number.isInteger(plus) && !isReciprocal;
    const type = isWhole ? "int32" : dtype;
    const base = this.#cast(product, type);
    const scaled = isReciprocal
      ? this.#binary("RealDiv", this.#const("Const", scalarOf(type, times)), base, type)
      : times === 1
        ? base
        : this.#binary("Mul", base, this.#const("Const", scalarOf(type, times)), type);
    const shifted =
      plus === 0 ? scaled : this.#binary("AddV2", scaled, this.#const("Const", scalarOf(type, plus)), type);
    return isWhole ? this.#cast(shifted, dtype) : shifted;
  }

  /** int32 → another type. */
  #cast(scalar: string, dtype: DType): string {
    if (dtype === "int32") return scalar;
    const attrs = { SrcT: int32, DstT: { type: dtypeNumber(dtype) }, Truncate: { b: false } };
    return this.#once(`cast ${scalar} ${dtype}`, () => this.#node(`${scalar}/Cast`, "Cast", [scalar], attrs));
  }

  #binary(op: string, left: string, right: string, dtype: DType): string {
    const attrs = { T: { type: dtypeNumber(dtype) } };
    return this.#once(`${op} ${left} ${right}`, () => this.#node(`${left}/${op}`, op, [left, right], attrs));
  }

  /** One dimension of a tensor: strided_slice of its Shape, as Python's tf.shape(x)[axis] writes it. */
  #size({ tensor, axis, dtype }: Measure): string {
    const base = tensor.replace(":", "_");
    return this.#once(`size ${tensor} ${axis}`, () => {
      const dims = this.#once(`shape ${tensor}`, () =>
        this.#node(`${base}/Shape`, "Shape", [tensor], { T: { type: dtypeNumber(dtype) }, out_type: int32 }),
      );
      const stack = (value: number) => this.#const(`${base}/strided_slice/stack`, vectorOf(value));
      return this.#node(
        `${base}/strided_slice`,
        "StridedSlice",
        [dims, stack(axis), stack(axis + 1), stack(1)],
        {
          T: int32,
          Index: int32,
          begin_mask: { i: 0 },
          end_mask: { i: 0 },
          ellipsis_mask: { i: 0 },
          new_axis_mask: { i: 0 },
          shrink_axis_mask: { i: 1 },
        },
      );
    });
  }

  #const(name: string, tensor: TensorLike): string {
    const key = `const ${tensor.dtype} ${tensor.shape} ${tensor.data}`;
    return this.#once(key, () =>
      this.#node(name, "Const", [], { dtype: { type: dtypeNumber(tensor.dtype) }, value: { tensor } }),
    );
  }

  #once(key: string, make: () => string): string {
    const name = this.#scalars.get(key) ?? make();
    this.#scalars.set(key, name);
    return name;
  }

  #node(wanted: string, op: string, inputs: string[], attrs: Readonly<Record<string, AttrValue>>): string {
    const name = this.#unique(wanted);
    this.shared.push({ name, op, inputs, attrs });
    return name;
  }

  #unique(wanted: string): string {
    let name = wanted;
    for (let suffix = 1; this.#names.has(name); suffix++) name = `${wanted}_${suffix}`;
    this.#names.add(name);
    return name;
  }
}

function numbersOf({ data }: TensorLike): number[] {
  return Array.from(data as Float32Array);
}

function scalarOf(dtype: DType, value: number): Tensor {
  return new Tensor(dtype, [], [value]);
}

function vectorOf(value: number): Tensor {
  return new Tensor("int32", [1], [value]);
}
