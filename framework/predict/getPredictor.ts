/**
 * Inference with a tfjs Layers model that is being trained: tensorpack's Trainer.get_predictor. The predictor is a model
 * over the same layers, so it always computes with the weights of the moment.
 */
import { suggestion } from "../base/didYouMean.js";
import { Exception } from "../base/errors.js";
import { optionalPackage } from "../base/optionalPackage.js";
import type { TensorData } from "../tensorflow/dtypes.js";
import { withTowerContext } from "../tensorflow/trace/towerContext.js";
import { Tensor, type TensorLike } from "../tensorflow/Tensor.js";

interface SymbolicTensor {
  readonly shape: readonly (number | null)[];
}
interface TfTensor {
  readonly shape: readonly number[];
  readonly dtype: string;
  dataSync(): TensorData;
  dispose(): void;
}

/** The members of a tf.LayersModel that are needed: tfjs is optional, so none of its types may reach our users. */
export interface TrainedModel {
  readonly inputs: readonly SymbolicTensor[];
  readonly inputNames: readonly string[];
  readonly outputs: readonly SymbolicTensor[];
  readonly outputNames: readonly string[];
  readonly layers: readonly { readonly name: string; readonly output: unknown }[];
  /** A Sequential model knows its inputs once it is built. */
  build(inputShape: never): void;
}

interface Tfjs {
  tensor(data: unknown, shape: readonly number[], dtype: string): TfTensor;
  tidy<T>(work: () => T): T;
}
interface TfjsLayers {
  model(parts: { inputs: readonly SymbolicTensor[]; outputs: readonly SymbolicTensor[] }): {
    predict(inputs: readonly TfTensor[], options: { batchSize: number }): TfTensor | readonly TfTensor[];
  };
}

/** Takes one tensor an input and gives one an output, in the order asked for. */
export type Predictor = (...inputs: TensorLike[]) => Tensor[];

const dtypes = ["float32", "int32", "bool"] as const;

/**
 * A predictor from the named inputs to the named outputs, or inner layers, of the model; towerContext().isTraining is false
 * in it. Its results are those of model.predict, copied out of tfjs.
 * @param inputNames of the model's input layers; all, in the model's order, when left out
 * @param outputNames of output layers or of any others
 * @throws Configuration for a name that the model does not have; NotFound when @tensorflow/tfjs-layers is not installed
 */
export async function getPredictor(
  model: TrainedModel,
  inputNames: readonly string[] = built(model).inputNames,
  outputNames: readonly string[] = built(model).outputNames,
): Promise<Predictor> {
  const [core, layers] = [await loadTfjs(), await loadTfjsLayers()];
  built(model);
  const inputs = inputNames.map((name) => inputOf(model, name));
  const outputs = outputNames.map((name) => outputOf(model, name));
  if (outputs.length === 0) throw refused("outputNames is empty; name at least one layer");
  const inner = connected(() => layers.model({ inputs, outputs }), inputNames, model);
  return (...given) => {
    if (given.length !== inputNames.length)
      throw new Exception(
        "InvalidRun",
        `the predictor takes ${inputNames.length} inputs, '${inputNames.join("', '")}'; ${given.length} are given.`,
      );
    for (const [index, tensor] of given.entries()) checkFeed(tensor, inputNames[index] as string);
    const rows = given[0]?.shape[0] ?? 0;
    if (rows === 0) return [];
    return withTowerContext({ isTraining: false }, () =>
      core.tidy(() => {
        const fed = given.map(({ data, shape, dtype }) => core.tensor(data, shape, dtype));
        const found = inner.predict(fed, { batchSize: rows });
        return (Array.isArray(found) ? (found as readonly TfTensor[]) : [found as TfTensor]).map(copyOut);
      }),
    );
  };
}

function built(model: TrainedModel): TrainedModel {
  try {
    if (model.inputNames.length === 0) model.build(undefined as never);
  } catch (error) {
    throw refused(
      `the model was never built (${(error as Error).message}); give its first layer an inputShape`,
    );
  }
  return model;
}

function inputOf(model: TrainedModel, name: string): SymbolicTensor {
  const input = model.inputs[model.inputNames.indexOf(name)];
  if (input) return input;
  throw refused(`the model has no input '${name}'${suggestion(name, model.inputNames)}`);
}

function outputOf(model: TrainedModel, name: string): SymbolicTensor {
  const own = model.outputs[model.outputNames.indexOf(name)];
  if (own) return own;
  const layer = model.layers.find((candidate) => candidate.name === name);
  const names = model.layers.map((candidate) => candidate.name);
  if (!layer) throw refused(`the model has no layer '${name}'${suggestion(name, names)}`);
  // tfjs throws for a layer that is applied twice.
  const output = connected(() => layer.output, [], model);
  if (Array.isArray(output))
    throw refused(`layer '${name}' has ${output.length} outputs; name one with a single one`);
  return output as SymbolicTensor;
}

function connected<T>(make: () => T, inputNames: readonly string[], model: TrainedModel): T {
  try {
    return make();
  } catch (error) {
    const which = inputNames.length > 0 ? ` from '${inputNames.join("', '")}'` : "";
    const all = model.inputNames.join("', '");
    throw refused(
      `the outputs cannot be computed${which} (${(error as Error).message}); the model's inputs are '${all}'`,
    );
  }
}

function checkFeed({ dtype }: TensorLike, name: string): void {
  if (dtypes.some((known) => known === dtype)) return;
  const remedy = "tfjs has float32, int32 and bool: convert it first";
  throw new Exception("InvalidRun", `input '${name}' is ${dtype}; ${remedy}.`);
}

function copyOut(tensor: TfTensor): Tensor {
  const dtype = dtypes.find((known) => known === tensor.dtype);
  if (!dtype) throw new Exception("InvalidRun", `an output is ${tensor.dtype}, which no Tensor here holds.`);
  return new Tensor(dtype, [...tensor.shape], tensor.dataSync().slice() as never);
}

function refused(what: string): Exception {
  return new Exception("Configuration", `getPredictor: ${what.endsWith("?") ? what : `${what}.`}`);
}

function loadTfjs(): Promise<Tfjs> {
  return optionalPackage(
    "@tensorflow/tfjs-core@4.22.0",
    "getPredictor",
    () => import("@tensorflow/tfjs-core"),
  );
}

function loadTfjsLayers(): Promise<TfjsLayers> {
  return optionalPackage(
    "@tensorflow/tfjs-layers@4.22.0",
    "getPredictor",
    () => import("@tensorflow/tfjs-layers"),
  );
}
