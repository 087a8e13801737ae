/** A signature of a SavedModel as a runner's method. */
import { suggestion } from "../../base/didYouMean.js";
import { Exception } from "../../base/errors.js";
import { LogWarning } from "../../base/log.js";
import type { GraphDef, Signature } from "../../tensorflow/GraphDef.js";
import type { Options } from "../../tensorflow/Options.js";
import { type CallForm, keysIn, readCallForms } from "../../tensorflow/savedmodel/CallForm.js";
import type { MetaGraphDef } from "../../tensorflow/savedmodel/metaGraph.js";
import { freezeMetaGraph, loadMetaGraphDef } from "../../tensorflow/savedmodel/SavedModel.js";
import { loadModel, Session } from "../../tensorflow/Session.js";
import { showShape } from "../../tensorflow/Tensor.js";
import type { ServedTensor } from "../ServedModel.js";
import { type MethodSignature, signatureKey } from "./methodSignatures.js";
import { graphBody } from "./graphBody.js";
import type { MethodBody } from "./MethodBody.js";
import { openBatch } from "./openBatch.js";

/** A SavedModel on disk, read once for all its methods. */
export class ModelSource {
  readonly #metaGraph: MetaGraphDef;
  readonly #forms: ReadonlyMap<string, CallForm>;

  /** @throws InvalidMetaGraphDef */
  constructor(readonly path: string) {
    this.#metaGraph = loadMetaGraphDef(path);
    this.#forms = readCallForms(this.#metaGraph, path);
  }

  /**
   * The method of that name: a signature, the signature of the object's member of that name, or for __call__
   * serving_default or the only one.
   * @param fixed inputs that are always given by the runner: they need no rows
   * @throws NotFound, InvalidMetaGraphDef, InvalidSession
   */
  method(name: string, called: MethodSignature, options: Options, fixed: ReadonlySet<string>): MethodBody {
    const signature = this.#find(name);
    const form = this.#forms.get(signature.key) as CallForm;
    const graph = freezeMetaGraph(this.#metaGraph, this.path, signature.key);
    const inputs = [...form.positional, ...form.keywords].flatMap(({ structure }) => keysIn(structure));
    return openMethod(graph, form, {
      inputs: inputs.map((key) => served(key, signature.inputs)),
      outputs: keysIn(form.result).map((key) => served(key, signature.outputs)),
      called,
      options,
      isFixed: (key) => fixed.has(key) || namesOf(form, key).some((one) => fixed.has(one)),
      where: `method '${name}' of '${this.path}'`,
    });
  }

  #find(name: string): Signature {
    const { signatures } = this.#metaGraph;
    const keys = signatures.map(({ key }) => key);
    const member = keys.find((key) => this.#forms.get(key)?.methods.includes(name));
    const only = keys.length === 1 ? keys[0] : undefined;
    const wanted = keys.includes(name) ? name : (member ?? signatureKey(keys, name) ?? only);
    const found = signatures.find(({ key }) => key === wanted);
    if (found) return found;
    throw new Exception("NotFound", `'${this.path}' has no method '${name}'${suggestion(name, keys)}`);
  }
}

function namesOf(form: CallForm, key: string): readonly string[] {
  return [...form.positional, ...form.keywords].find(({ structure }) => structure === key)?.names ?? [];
}

function served(name: string, tensors: Signature["inputs"]): ServedTensor {
  const tensor = tensors[name];
  if (tensor?.dtype === undefined || tensor.name === "")
    throw new Exception("InvalidSession", `'${name}' is of a type that cannot be given or taken here.`);
  if (tensor.shape === null) return { name, dtype: tensor.dtype, shape: [-1] };
  return { name, dtype: tensor.dtype, shape: tensor.shape };
}

interface Opening {
  readonly inputs: readonly ServedTensor[];
  readonly outputs: readonly ServedTensor[];
  readonly called: MethodSignature;
  readonly options: Options;
  readonly isFixed: (key: string) => boolean;
  readonly where: string;
}

function openMethod(graph: GraphDef, form: CallForm, opening: Opening): MethodBody {
  const { inputs, outputs, called, options, where } = opening;
  const { batchDim } = called;
  const [dimIn, dimOut] = batchDim;
  const rowed = inputs.filter(({ name }) => !opening.isFixed(name));
  const rowless = called.batchable ? rowed.find(({ shape }) => shape[dimIn] !== -1) : undefined;
  const canOpen = rowless !== undefined && rowed.length === inputs.length;
  const opened = canOpen ? openBatch(graph, inputs, outputs, batchDim, options) : undefined;
  if (rowless && !opened)
    LogWarning(
      "Runner",
      `${where} is called batchable, but its input '${rowless.name}' has shape ${showShape(rowless.shape)}, without rows ` +
        `in dimension ${dimIn}: every request is run by itself. Save it with an unknown dimension there (None), or give ` +
        "what is the same in every call as one of partialKwargs.",
    );
  const session = new Session(loadModel(opened ?? graph, options));
  const names = (tensors: readonly ServedTensor[]) => tensors.map(({ name }) => name);
  return graphBody(session, session.prepare(names(inputs), names(outputs)), {
    platform: "tensorflow_savedmodel",
    form,
    inputs: opened ? inputs.map((input) => freed(input, dimIn)) : inputs,
    outputs: opened ? outputs.map((output) => freed(output, dimOut)) : outputs,
    batchable: called.batchable && (!rowless || opened !== undefined),
    batchDim,
  });
}

function freed(tensor: ServedTensor, dimension: number): ServedTensor {
  return { ...tensor, shape: tensor.shape.map((size, axis) => (axis === dimension ? -1 : size)) };
}
