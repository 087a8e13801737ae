/**
 * What a predictor is made of: tensorpack's PredictConfig. A model of any form, or a function with the signature to trace
 * it by, where its variables' values come from, and the tensors that are fed and given.
 */
import { nearest, suggestion } from "../base/didYouMean.js";
import { Exception } from "../base/errors.js";
import { type ConcreteFunction, freeze } from "../tensorflow/ConcreteFunction.js";
import { smartInit, type SmartInitSource } from "../tensorflow/checkpoint/smartInit.js";
import type { GraphDef, SignatureTensor } from "../tensorflow/GraphDef.js";
import { GraphIndex } from "../tensorflow/GraphIndex.js";
import { parseTensorName } from "../tensorflow/names.js";
import type { Options } from "../tensorflow/Options.js";
import { concreteFunction, toConcreteFunction } from "../tensorflow/modelTools.js";
import type { Saveable } from "../tensorflow/saving/toConcreteFunction.js";
import type { TensorSpec } from "../tensorflow/TensorSpec.js";
import type { TraceableFunction } from "../tensorflow/trace/concreteFunction.js";

export interface PredictOptions<ReturnInput extends boolean = boolean> {
  /** A path, a graph, a Layers model …: whatever saveFrozenGraph takes. Either this, or towerFunc with inputSignature. */
  readonly model?: Saveable;
  /** A function in tfjs ops; it sees towerContext().isTraining as false. */
  readonly towerFunc?: TraceableFunction;
  readonly inputSignature?: readonly TensorSpec[];
  /** Values for the variables: as smartInit takes them. Otherwise the model's own. */
  readonly sessionInit?: SmartInitSource;
  /** Tensors that are fed, in the order of predict's arguments; otherwise the inputs that the outputs need, in the model's order. */
  readonly inputNames?: readonly string[];
  /** Tensors that are given: the signature's keys, or names of any tensors that the model computes. */
  readonly outputNames: readonly string[];
  /** Whether predict gives its inputs too. */
  readonly returnInput?: ReturnInput;
  /** Engine and target, as for createSession. */
  readonly session?: Options;
}

export class PredictConfig<ReturnInput extends boolean = false> {
  readonly outputNames: readonly string[];
  readonly returnInput: ReturnInput;
  readonly session: Options;
  readonly #options: PredictOptions<ReturnInput>;
  #graph: Promise<PredictGraph> | undefined;

  /** @throws Configuration for arguments that are missing or exclude each other */
  constructor(options: PredictOptions<ReturnInput>) {
    const fault = faultOf(options);
    if (fault !== undefined) throw new Exception("Configuration", `PredictConfig: ${fault}.`);
    this.#options = options;
    this.outputNames = [...options.outputNames];
    this.returnInput = (options.returnInput ?? false) as ReturnInput;
    this.session = options.session ?? {};
  }

  /**
   * The frozen graph; made at the first call.
   * @throws Configuration naming an input or output that is not there; whatever reading or tracing the model throws
   */
  graph(): Promise<PredictGraph> {
    this.#graph ??= this.#load();
    return this.#graph;
  }

  /** The model with its variables, its signature being inputNames and outputNames. */
  async concreteFunction(): Promise<ConcreteFunction> {
    const { model, towerFunc, inputSignature, sessionInit, inputNames, outputNames } = this.#options;
    const made =
      model === undefined
        ? await concreteFunction(towerFunc as TraceableFunction, inputSignature as readonly TensorSpec[])
        : await toConcreteFunction(model, { outputNames });
    const fn = smartInit(made, sessionInit);
    const { graph } = fn;
    const { signature } = graph;
    const index = new GraphIndex(graph);
    const inputs = pick(inputNames ?? Object.keys(signature.inputs), signature.inputs, index, "input");
    const outputs = pick(outputNames, signature.outputs, index, "output");
    return { ...fn, graph: { ...graph, signature: { key: signature.key, inputs, outputs } } };
  }

  async #load(): Promise<PredictGraph> {
    const graph = freeze(await this.concreteFunction());
    const { inputs } = graph.signature;
    return { graph, inputs: Object.entries(inputs).map(([name, tensor]) => ({ ...tensor, key: name })) };
  }
}

/** A frozen graph and what predict's arguments are, in order. */
export interface PredictGraph {
  readonly graph: GraphDef;
  readonly inputs: readonly (SignatureTensor & { readonly key: string })[];
}

function faultOf({ model, towerFunc, inputSignature, outputNames }: PredictOptions): string | undefined {
  if (!Array.isArray(outputNames) || outputNames.length === 0)
    return "argument 'outputNames' is not provided; name at least one tensor";
  if (!outputNames.every((name) => typeof name === "string"))
    return "argument 'outputNames' has to be a list of strings";
  if ((model === undefined) === (towerFunc === undefined))
    return "give either 'model', or 'towerFunc' with 'inputSignature'";
  if (towerFunc !== undefined && inputSignature === undefined)
    return "argument 'inputSignature' is not provided; towerFunc is traced by a list of TensorSpecs";
  return undefined;
}

/** Keys of a signature, or tensors of the graph, under the names that they were asked for by. */
function pick(
  names: readonly string[],
  known: Readonly<Record<string, SignatureTensor>>,
  index: GraphIndex,
  role: "input" | "output",
): Record<string, SignatureTensor> {
  const picked = names.map((name): [string, SignatureTensor] => {
    const named = Object.hasOwn(known, name) ? known[name] : undefined;
    if (named) return [name, named];
    const { node, port } = parseTensorName(name);
    if (!index.node(node)) throw unknownTensor(name, Object.keys(known), index, role);
    const declared = index.placeholder(node);
    return [name, { name: `${node}:${port}`, dtype: declared?.dtype, shape: declared?.shape ?? null }];
  });
  return Object.fromEntries(picked);
}

function unknownTensor(name: string, keys: readonly string[], index: GraphIndex, role: string): Exception {
  const nodes = [...index.nodeNames];
  const hint =
    nearest(name, keys) === undefined && nearest(name, nodes) !== undefined
      ? suggestion(name, nodes)
      : suggestion(name, keys);
  return new Exception(
    "Configuration",
    `PredictConfig: ${role} '${name}' is not among the tensors that the outputs need${hint}.`,
  );
}
