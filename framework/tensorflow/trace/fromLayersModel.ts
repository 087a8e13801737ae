/** A Layers model (Keras in TypeScript) → a ConcreteFunction, with the names that Keras gives: layers, inputs, outputs, weights. */
import { Exception } from "../../base/errors.js";
import type { ConcreteFunction } from "../ConcreteFunction.js";
import { isDType } from "../dtypes.js";
import { showShape } from "../Tensor.js";
import { TensorSpec } from "../TensorSpec.js";
import { checkLayers, inLayerScopes, type LayerLike, layersBelow } from "./layerScopes.js";
import type { Recording } from "./recordFunction.js";
import { loadTracer } from "./loadTracer.js";
import { isTfTensor } from "./tfjs.js";
import type { Rewrite, Trace } from "./Trace.js";
import { tfjsDTypes } from "./TraceBackend.js";
import { traceFunction } from "./traceFunction.js";
import { validName } from "./Names.js";

/** A tf.LayersModel or tf.Sequential, of whichever copy of tfjs-layers. */
export interface LayersModelLike extends LayerLike {
  readonly inputs: readonly SymbolicLike[];
  readonly outputs: readonly SymbolicLike[];
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly weights: readonly WeightLike[];
  readonly built: boolean;
  build(inputShape: never): void;
}

/** tfjs makes the name unlike that of every other model's weight; the original one is Keras'. */
interface WeightLike {
  readonly name: string;
  readonly originalName: string;
  read(): object;
}

interface SymbolicLike {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly (number | null)[];
}

/**
 * Traces a model for inference: dropout is off, batch normalization takes its moving averages. Inputs are named as the
 * input layers, outputs as the output layers, nodes lie in their layer's scope, and weights are variables of their own names.
 * @throws InvalidFunction for a model that was never built or cannot be traced, NotFound without @tensorflow/tfjs-core
 */
export async function fromLayersModel(model: LayersModelLike): Promise<ConcreteFunction> {
  const { tfjs, lowerings } = await loadTracer();
  build(model);
  checkLayers(model);
  checkTimes(model);
  const specs = model.inputs.map((input, i) => specOf(model, input, model.inputNames[i] ?? input.name));
  const call = (active: Trace): Pick<Recording, "inputs" | "outputs"> => {
    const { recorder } = active;
    const inputs = specs.map((spec) => recorder.placeholder(spec.name, spec));
    const tensors = inputs.map((input) => active.tensor(input));
    const result = inLayerScopes(model, recorder, () => model.call(tensors, { training: false }));
    const list = Array.isArray(result) ? result : [result];
    const outputs = list
      .filter(isTfTensor)
      .map((tensor) => ({ key: undefined, traced: active.traced(tensor) }));
    return { inputs, outputs };
  };
  const variableNames = weightNames(model);
  const what = `model '${model.name}'`;
  const outputNames = distinct(model.outputNames, new Set(specs.map(({ name }) => name)));
  return traceFunction({
    tfjs,
    lowerings,
    rewrite: addedBias,
    variableNames,
    call,
    specs,
    what,
    outputNames,
    sharing: ["batch", "axis"],
  });
}

function build(model: LayersModelLike): void {
  const isModel = Array.isArray(model?.layers) && typeof model.call === "function";
  if (!isModel) throw invalid("fromLayersModel takes a tf.LayersModel or a tf.Sequential");
  if (model.layers.length === 0 || !model.inputs?.length || !model.outputs?.length) {
    throw invalid(
      `model '${model.name}' was never built: it has no input shape. Give its first layer an inputShape ` +
        "(tf.layers.dense({units: 3, inputShape: [10]})) or add layers, then compile or build it",
    );
  }
  // It knows its shapes from its layers.
  if (!model.built) model.build(undefined as never);
}

function specOf(
  { name }: LayersModelLike,
  { dtype, shape }: SymbolicLike,
  input: string,
): TensorSpec & { readonly name: string } {
  if (!isDType(dtype) || !(tfjsDTypes as readonly string[]).includes(dtype))
    throw invalid(`input '${input}' of model '${name}' is of ${dtype}; use ${tfjsDTypes.join(", ")}`);
  return new TensorSpec(shape, dtype, validName(input)) as TensorSpec & { readonly name: string };
}

/** Recurrent layers of tfjs go round once for each step, so the graph has as many. */
function checkTimes(model: LayersModelLike): void {
  for (const { name, cell, layer, forwardLayer, inboundNodes } of layersBelow(model)) {
    const shape = inboundNodes?.[0]?.inputShapes?.[0] as readonly (number | null)[] | undefined;
    if (!(cell ?? layer ?? forwardLayer) || !shape || typeof shape[1] === "number") continue;
    throw invalid(
      `layer '${name}' of model '${model.name}' is unrolled over the time dimension, which its input ` +
        `${showShape(shape.map((size) => size ?? -1))} leaves open; give the input layer its number of steps ` +
        "(inputShape: [20, …])",
    );
  }
}

/** As they were given, where that is one weight's only. */
function weightNames({ weights }: LayersModelLike): Map<object, string> {
  const count = new Map<string, number>();
  for (const { originalName } of weights) count.set(originalName, (count.get(originalName) ?? 0) + 1);
  return new Map(
    weights.map((weight) => {
      const { name, originalName } = weight;
      return [weight.read(), count.get(originalName) === 1 ? originalName : name];
    }),
  );
}

/** Keras names an output after its layer; a layer that gives two of them counts on. */
function distinct(names: readonly string[], inputs: ReadonlySet<string>): string[] {
  const taken = new Set(inputs);
  return names.map(validName).map((name) => {
    let free = name;
    for (let suffix = 1; taken.has(free); suffix++) free = `${name}_${suffix}`;
    taken.add(free);
    return free;
  });
}

/** Keras' BiasAdd: tfjs adds a layer's bias with a plain Add. */
const addedBias: Rewrite = (recorder, kernel, { a, b }) => {
  const isBias =
    kernel === "Add" &&
    a !== undefined &&
    b !== undefined &&
    /(^|\/)bias[^/]*\/Read\/ReadVariableOp/.test(b.name);
  if (!isBias || b.value.shape.length !== 1 || a.value.shape.length < 2) return undefined;
  if (a.value.shape.at(-1) !== b.value.shape[0] || a.value.dtype !== "float32") return undefined;
  const attrs = { T: { type: 1 }, data_format: { s: "NHWC" } };
  return recorder.node("BiasAdd", [a, b], attrs)[0];
};

function invalid(what: string): Exception {
  return new Exception("InvalidFunction", `${what}.`);
}
