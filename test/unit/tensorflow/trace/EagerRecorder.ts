/** The least that a Recorder can be: nodes in a list, computed one by one by the reference engine. */
import { dtypeNumber } from "../../../../framework/tensorflow/dtypes.js";
import type { AttrValue, GraphDef, NodeDef } from "../../../../framework/tensorflow/GraphDef.js";
import { evaluateNode } from "../../../../framework/tensorflow/reference/evaluateNode.js";
import { isSupported } from "../../../../framework/tensorflow/reference/ops.js";
import type { TensorLike } from "../../../../framework/tensorflow/Tensor.js";
import type { Recorder, Traced } from "../../../../framework/tensorflow/trace/Recorder.js";

export class EagerRecorder implements Recorder {
  readonly nodes: NodeDef[] = [];
  readonly feeds = new Map<string, TensorLike>();
  readonly #names = new Set<string>();

  placeholder(value: TensorLike): Traced {
    const name = this.#unique("input");
    const { dtype, shape } = value;
    const attrs = { dtype: { type: dtypeNumber(dtype) }, shape: { shape } };
    this.nodes.push({ name, op: "Placeholder", inputs: [], attrs });
    this.feeds.set(name, value);
    return { name, value, isConstant: false };
  }

  node(
    op: string,
    inputs: readonly Traced[],
    attrs: Readonly<Record<string, AttrValue>>,
    name = op,
  ): readonly Traced[] {
    const own = this.#unique(name);
    const node = { name: own, op, inputs: inputs.map((x) => x.name), attrs };
    if (!isSupported(node)) throw new Error(`the reference engine does not have ${op}`);
    this.nodes.push(node);
    const values = evaluateNode(
      node,
      inputs.map((x) => x.value),
    );
    const isConstant = inputs.every((x) => x.isConstant);
    return values.map((value, i) => ({ name: i === 0 ? own : `${own}:${i}`, value, isConstant }));
  }

  constant(value: TensorLike, name = "Const"): Traced {
    const own = this.#unique(name);
    const attrs = { dtype: { type: dtypeNumber(value.dtype) }, value: { tensor: value } };
    this.nodes.push({ name: own, op: "Const", inputs: [], attrs });
    return { name: own, value, isConstant: true };
  }

  graph(): GraphDef {
    return { origin: "recorded", nodes: this.nodes, functions: [], producer: 1482 };
  }

  #unique(name: string): string {
    let unique = name.replace(/^_/, "");
    for (let i = 1; this.#names.has(unique); i++) unique = `${name}_${i}`;
    this.#names.add(unique);
    return unique;
  }
}
