/**
 * Makes a scale and a shift per channel part of the weights before them: FusedBatchNorm of an inference, or Mul with a
 * constant as an unfused batch norm leaves it, after Conv2D, DepthwiseConv2dNative or MatMul, with or without a bias.
 */
import { dtypeNumber } from "../../dtypes.js";
import type { AttrValue, GraphDef, NodeDef } from "../../GraphDef.js";
import { isControl, sourceOf } from "../../savedmodel/inlineNodes.js";
import { constant } from "../../savedmodel/variableReads.js";
import { Tensor, type TensorLike } from "../../Tensor.js";

const norms = new Set(["FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"]);
const adding = new Set(["Add", "AddV2"]);
const defaultEpsilon = 1e-4;

/** Weights with the channels last, in a constant, then a bias if there is one. */
interface Layer {
  readonly node: NodeDef;
  readonly weights: TensorLike;
  readonly bias: TensorLike | undefined;
  readonly channels: number;
  readonly format: AttrValue | undefined;
}

/** Per channel; shift only where there is one. */
interface Scaling {
  readonly scale: (channel: number) => number;
  readonly shift: ((channel: number) => number) | undefined;
}

/** The same array where there is nothing to fold. `kept`: nodes asked for by name. */
export function foldBatchNorms({ nodes }: GraphDef, kept: ReadonlySet<string>): readonly NodeDef[] {
  const chain = new Chain(nodes, kept);
  const added: NodeDef[] = [];
  for (const { name } of nodes) {
    const node = chain.node(name) as NodeDef;
    for (const input of [0, 1]) {
      const layer = chain.layer(node, input);
      const scaling = layer && chain.scaling(node, input, layer);
      if (!layer || !scaling) continue;
      const folded = scaled(node.name, layer, scaling);
      added.push(...folded.slice(0, -1));
      chain.replace(node.name, folded);
      break;
    }
  }
  if (added.length === 0) return nodes;
  return [...added, ...nodes.map(({ name }) => chain.node(name) as NodeDef)];
}

class Chain {
  readonly #nodes: Map<string, NodeDef>;
  readonly #kept: ReadonlySet<string>;
  readonly #readers = new Map<string, number>();

  constructor(nodes: readonly NodeDef[], kept: ReadonlySet<string>) {
    this.#nodes = new Map(nodes.map((node) => [node.name, node]));
    this.#kept = kept;
    for (const input of nodes.flatMap(({ inputs }) => inputs)) {
      const source = sourceOf(input);
      // Who reads another output than the first, or waits, counts as many.
      const weight = isControl(input) || /:[1-9]\d*$/.test(input) ? 2 : 1;
      this.#readers.set(source, (this.#readers.get(source) ?? 0) + weight);
    }
  }

  node(name: string): NodeDef | undefined {
    return this.#nodes.get(name);
  }

  /** The last of `nodes` takes the place of the node of that name. */
  replace(name: string, nodes: readonly NodeDef[]): void {
    for (const node of nodes) this.#nodes.set(node.name, node);
    const [, ...inner] = [...nodes].reverse();
    for (const node of inner) this.#readers.set(node.name, 1);
    this.#nodes.set(name, nodes.at(-1) as NodeDef);
  }

  /** What `node` reads there, if it is a layer that nobody else reads. */
  layer(node: NodeDef, input: number): Layer | undefined {
    const last = this.#only(node.inputs[input]);
    if (last?.op !== "BiasAdd") return last && this.#weighted(last, undefined);
    const bias = this.#floats(last.inputs[1]);
    const before = this.#only(last.inputs[0]);
    return bias && before && this.#weighted(before, bias);
  }

  scaling(node: NodeDef, input: number, layer: Layer): Scaling | undefined {
    if (norms.has(node.op)) return input === 0 ? this.#normScaling(node, layer) : undefined;
    if (node.inputs.length !== 2 || (layer.format?.s ?? "NHWC") !== "NHWC") return undefined;
    const other = this.#floats(node.inputs[1 - input]);
    if (!other || !isPerChannel(other, layer)) return undefined;
    const at = (channel: number) => other.data[other.data.length === 1 ? 0 : channel] as number;
    if (node.op === "Mul") return { scale: at, shift: undefined };
    // Without a bias there is nothing to add it to that would save an operation.
    return adding.has(node.op) && layer.bias ? { scale: () => 1, shift: at } : undefined;
  }

  #normScaling({ name, inputs, attrs }: NodeDef, { channels, format }: Layer): Scaling | undefined {
    const isSame = (attrs.data_format?.s ?? "NHWC") === (format?.s ?? "NHWC");
    const [scale, offset, mean, variance] = inputs.slice(1, 5).map((input) => this.#floats(input));
    if (attrs.is_training?.b !== false || !isSame || this.#readsMore(name)) return undefined;
    if (!scale || !offset || !mean || !variance || inputs.length !== 5 || scale.data.length !== channels)
      return undefined;
    const epsilon = attrs.epsilon?.f ?? defaultEpsilon;
    const at = (tensor: TensorLike, channel: number) => tensor.data[channel] as number;
    const factor = (channel: number) => at(scale, channel) / Math.sqrt(at(variance, channel) + epsilon);
    return { scale: factor, shift: (channel) => at(offset, channel) - at(mean, channel) * factor(channel) };
  }

  /** Whether somebody reads the batch's statistics. */
  #readsMore(name: string): boolean {
    const read = [...this.#nodes.values()].flatMap((node) => node.inputs);
    return [...read, ...this.#kept].some((input) => sourceOf(input) === name && /:[1-9]\d*$/.test(input));
  }

  #only(input: string | undefined): NodeDef | undefined {
    if (input === undefined || isControl(input)) return undefined;
    const node = this.#nodes.get(sourceOf(input));
    const isOnly = node && this.#readers.get(node.name) === 1 && !this.#kept.has(node.name);
    return isOnly && !node.inputs.some(isControl) ? node : undefined;
  }

  #weighted(node: NodeDef, bias: TensorLike | undefined): Layer | undefined {
    const weights = this.#floats(node.inputs[1]);
    if (!weights || node.attrs.T?.type !== dtypeNumber("float32")) return undefined;
    const channels = channelsOf(node, weights.shape);
    if (channels === 0 || (bias && bias.data.length !== channels)) return undefined;
    return { node, weights, bias, channels, format: node.attrs.data_format };
  }

  #floats(input: string | undefined): TensorLike | undefined {
    const node = this.#nodes.get(sourceOf(input ?? ""));
    const value = node?.op === "Const" ? node.attrs.value?.tensor : undefined;
    return value?.dtype === "float32" ? value : undefined;
  }
}

/** 0 for an op whose channels are not the last of its weights. */
function channelsOf({ op, attrs }: NodeDef, shape: readonly number[]): number {
  const [last = 0] = shape.slice(-1);
  if (op === "Conv2D" && shape.length === 4) return last;
  if (op === "DepthwiseConv2dNative" && shape.length === 4) return last * (shape[2] as number);
  return op === "MatMul" && shape.length === 2 && attrs.transpose_b?.b !== true ? last : 0;
}

/** One value, or one a channel along the last axis. */
function isPerChannel({ shape, data }: TensorLike, { channels, node }: Layer): boolean {
  const rank = node.op === "MatMul" ? 2 : 4;
  return (
    shape.length <= rank && (data.length === 1 || (data.length === channels && shape.at(-1) === channels))
  );
}

/** The layer with other weights, the last node under `name`. In double precision, rounded once. */
function scaled(
  name: string,
  { node, weights, bias, channels, format }: Layer,
  { scale, shift }: Scaling,
): NodeDef[] {
  const factors = Float64Array.from({ length: channels }, (_, channel) => scale(channel));
  const data = Float32Array.from(
    weights.data as Float32Array,
    (value, i) => value * (factors[i % channels] as number),
  );
  const kernel = constant(`${name}/folded_weights`, new Tensor("float32", [...weights.shape], data));
  const [x = ""] = node.inputs;
  const hasBias = bias !== undefined || shift !== undefined;
  const layer: NodeDef = { ...node, name: hasBias ? `${name}/folded` : name, inputs: [x, kernel.name] };
  if (!hasBias) return [kernel, layer];
  const sums = Float32Array.from({ length: channels }, (_, channel) => {
    const before = (bias?.data[channel] as number | undefined) ?? 0;
    return before * (factors[channel] as number) + (shift?.(channel) ?? 0);
  });
  const offset = constant(`${name}/folded_bias`, new Tensor("float32", [channels], sums));
  const attrs = { T: { type: dtypeNumber("float32") }, data_format: format ?? { s: "NHWC" } };
  return [kernel, layer, offset, { name, op: "BiasAdd", inputs: [layer.name, offset.name], attrs }];
}
