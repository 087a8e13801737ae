/** Collects the nodes of one call of a traced function, each computed at once for the example inputs. */
import { Exception } from "../../base/errors.js";
import { dtypeNumber, newData } from "../dtypes.js";
import type { AttrValue, NodeDef } from "../GraphDef.js";
import { exampleOutputs } from "./exampleOutputs.js";
import { findOp, isSupported } from "../reference/ops.js";
import { elementCount, type Tensor, type TensorLike } from "../Tensor.js";
import type { TensorSpec } from "../TensorSpec.js";
import type { Dimension, ExampleSizes } from "./dimensions.js";
import { Names } from "./Names.js";
import type { Recorder, Traced } from "./Recorder.js";

/** A node with what its outputs are for the example inputs. */
export interface RecordedNode extends NodeDef {
  readonly outputs: readonly TensorLike[];
}

/** What an op gives that the reference engine does not have; -1 where a size is not known. */
export interface DeclaredOutput {
  readonly dtype: TensorLike["dtype"];
  readonly shape: readonly number[];
}

export class GraphRecorder implements Recorder {
  readonly nodes: RecordedNode[] = [];
  /** The sizes that are not known, with those of this recording. */
  readonly dimensions: Dimension[] = [];
  readonly variables = new Map<string, Tensor>();
  readonly #reads = new Map<string, Traced>();
  readonly #names = new Names();

  /** `sizes`: what stands for unknown dimensions in this recording. */
  constructor(readonly sizes: ExampleSizes) {}

  node(
    op: string,
    inputs: readonly Traced[],
    attrs: Readonly<Record<string, AttrValue>>,
    name?: string,
  ): readonly Traced[] {
    const node = this.#declare(op, inputs, attrs, name);
    const outputs = compute(node, inputs);
    return this.#add(node, outputs, inputs.every(({ isConstant }) => isConstant) && !findOp(node).isVolatile);
  }

  /** A node of any op: what the reference engine does not compute has zeros of the declared shapes as examples. */
  rawNode(
    op: string,
    inputs: readonly Traced[],
    attrs: Readonly<Record<string, AttrValue>>,
    declared: readonly DeclaredOutput[] | undefined,
    name?: string,
  ): readonly Traced[] {
    if (isSupported({ name: op, op, inputs: [], attrs })) return this.node(op, inputs, attrs, name);
    if (!declared) {
      throw new Exception(
        "InvalidFunction",
        `rawOp '${op}': the reference engine has no such op, so give its outputs as {dtype, shape}.`,
      );
    }
    const node = this.#declare(op, inputs, attrs, name);
    const outputs = declared.map(({ dtype, shape }, port) => {
      const tensor = port === 0 ? node.name : `${node.name}:${port}`;
      const example = this.#example(tensor, { dtype, shape }, (axis) => this.sizes.ofTensor(axis));
      return { dtype, shape: example, data: newData(dtype, elementCount(example)) };
    });
    return this.#add(node, outputs, false);
  }

  constant(value: TensorLike, name = "Const"): Traced {
    const attrs = { dtype: { type: dtypeNumber(value.dtype) }, value: { tensor: value } };
    return this.#add(this.#declare("Const", [], attrs, name), [value], true)[0] as Traced;
  }

  placeholder(name: string, { dtype, shape }: TensorSpec): Traced {
    const node = this.#declare(
      "Placeholder",
      [],
      { dtype: { type: dtypeNumber(dtype) }, shape: { shape } },
      name,
    );
    const example = this.#example(node.name, { dtype, shape }, (axis) => this.sizes.ofInput(axis));
    const value = { dtype, shape: example, data: newData(dtype, elementCount(example)) };
    return this.#add(node, [value], false)[0] as Traced;
  }

  /** The value of a variable, which is read once. */
  variable(name: string, value: Tensor): Traced {
    const known = this.#reads.get(name);
    if (known) return known;
    const { dtype, shape } = value;
    const type = { type: dtypeNumber(dtype) };
    const handle: NodeDef = {
      name: this.#names.uniqueAtRoot(name),
      op: "VarHandleOp",
      inputs: [],
      attrs: { container: { s: "" }, dtype: type, shape: { shape }, shared_name: { s: name } },
    };
    this.nodes.push({ ...handle, outputs: [] });
    const read: NodeDef = {
      name: this.#names.uniqueAtRoot(`${name}/Read/ReadVariableOp`),
      op: "ReadVariableOp",
      inputs: [handle.name],
      attrs: { dtype: type },
    };
    const [traced] = this.#add(read, [value], false) as [Traced];
    this.#reads.set(name, traced);
    this.variables.set(name, value);
    return traced;
  }

  inScope<T>(name: string, work: () => T): T {
    return this.#names.inScope(name, work);
  }

  #declare(
    op: string,
    inputs: readonly Traced[],
    attrs: Readonly<Record<string, AttrValue>>,
    name = op,
  ): NodeDef {
    return { name: this.#names.unique(name), op, inputs: inputs.map((input) => input.name), attrs };
  }

  #add(node: NodeDef, outputs: readonly TensorLike[], isConstant: boolean): Traced[] {
    this.nodes.push({ ...node, outputs });
    return outputs.map((value, port) => ({
      name: port === 0 ? node.name : `${node.name}:${port}`,
      value,
      isConstant,
    }));
  }

  #example(tensor: string, { dtype, shape }: DeclaredOutput, sizeOf: (axis: number) => number): number[] {
    return shape.map((size, axis) => {
      if (size >= 0) return size;
      const example = sizeOf(axis);
      this.dimensions.push({ tensor, axis, dtype, size: example });
      return example;
    });
  }
}

function compute(node: NodeDef, inputs: readonly Traced[]): TensorLike[] {
  try {
    return exampleOutputs(node, inputs);
  } catch (error) {
    if (error instanceof Exception) error.addContext(`Computing node '${node.name}' (${node.op})`);
    throw error;
  }
}
