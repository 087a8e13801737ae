/** Scalars that are computed from the sizes of tensors, each node made once: Shape, a dimension of it, arithmetic. */
import { type DType, dtypeNumber } from "../dtypes.js";
import type { AttrValue, NodeDef } from "../GraphDef.js";
import { Tensor, type TensorLike } from "../Tensor.js";
import type { SizeFormula } from "./fitSizes.js";

/** A dimension of a tensor, with its size in each recording. */
export interface Measure {
  readonly tensor: string;
  readonly axis: number;
  readonly dtype: DType;
  readonly sizes: readonly number[];
}

/** A number that follows sizes: its formula, with what it is made of. */
export interface SizeValue {
  readonly formula: SizeFormula;
  readonly factors: readonly Measure[];
}

const int32 = { type: dtypeNumber("int32") };

export class SizeScalars {
  readonly nodes: NodeDef[] = [];
  readonly #names: Set<string>;
  readonly #made = new Map<string, string>();

  /** `names`: those that nodes have already. */
  constructor(names: Iterable<string>) {
    this.#names = new Set(names);
  }

  /** The name of the node that gives a number. */
  scalar({ formula, factors }: SizeValue, dtype: DType): string {
    const { times, plus, isReciprocal } = formula;
    if (factors.length === 0) return this.constant("Const", scalarOf(dtype, plus));
    const sizes = factors.map((measure) => this.#size(measure));
    const product = sizes.reduce((left, right) => this.#binary("Mul", left, right, "int32"));
    const isWhole = Number.isInteger(times) && Number.isInteger(plus) && !isReciprocal;
    const type = isWhole ? "int32" : dtype;
    const base = this.#cast(product, type);
    const scaled = isReciprocal
      ? this.#binary("RealDiv", this.constant("Const", scalarOf(type, times)), base, type)
      : times === 1
        ? base
        : this.#binary("Mul", base, this.constant("Const", scalarOf(type, times)), type);
    const shifted =
      plus === 0 ? scaled : this.#binary("AddV2", scaled, this.constant("Const", scalarOf(type, plus)), type);
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
      const stack = (value: number) => this.constant(`${base}/strided_slice/stack`, vectorOf(value));
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

  /** The name of a constant of that value, which is called `name` if there is none yet. */
  constant(name: string, tensor: TensorLike): string {
    const key = `const ${tensor.dtype} ${tensor.shape} ${tensor.data}`;
    return this.#once(key, () =>
      this.#node(name, "Const", [], { dtype: { type: dtypeNumber(tensor.dtype) }, value: { tensor } }),
    );
  }

  #once(key: string, make: () => string): string {
    const name = this.#made.get(key) ?? make();
    this.#made.set(key, name);
    return name;
  }

  #node(wanted: string, op: string, inputs: string[], attrs: Readonly<Record<string, AttrValue>>): string {
    const name = this.unique(wanted);
    this.nodes.push({ name, op, inputs, attrs });
    return name;
  }

  /** A name that no node has. */
  unique(wanted: string): string {
    let name = wanted;
    for (let suffix = 1; this.#names.has(name); suffix++) name = `${wanted}_${suffix}`;
    this.#names.add(name);
    return name;
  }
}

export function scalarOf(dtype: DType, value: number): Tensor {
  return new Tensor(dtype, [], [value]);
}

function vectorOf(value: number): Tensor {
  return new Tensor("int32", [1], [value]);
}
