/**
 * A TypeScript function written in ops of TensorFlow.js → a ConcreteFunction: tf.function(f).get_concrete_function(…). The
 * function is called a few times with tensors of different example sizes, and what it computes is recorded.
 */
import { Exception } from "../../base/errors.js";
import type { ConcreteFunction } from "../ConcreteFunction.js";
import { showShape } from "../Tensor.js";
import { TensorSpec } from "../TensorSpec.js";
import { validName } from "./Names.js";
import type { Traced } from "./Recorder.js";
import type { Recording } from "./recordFunction.js";
import { loadTracer } from "./loadTracer.js";
import { isTfTensor, type TfTensors } from "./tfjs.js";
import type { Trace } from "./Trace.js";
import { tfjsDTypes } from "./TraceBackend.js";
import { traceFunction } from "./traceFunction.js";

export interface ConcreteFunctionOptions {
  /** In place of the second argument. */
  readonly inputSignature?: readonly TensorSpec[];
  /** What messages and the graph call the function; otherwise its own name. */
  readonly name?: string;
  /** Names of the outputs, in their order; otherwise the keys of a returned object, or Identity, Identity_1 … */
  readonly outputNames?: readonly string[];
}

/** A function of tf.Tensors that returns one, a list of them, or an object whose keys name the outputs. */
export type TraceableFunction = (...inputs: never[]) => TfTensors;

/**
 * Traces a function. Its placeholders have the names of the specs, without one `inputs`, `inputs_1` …; a tf.Variable that
 * it uses stays a variable under its own name, other tensors become constants. The function runs several times, with zeros
 * of example sizes where a spec leaves a dimension open (batches of 3 to 20); what it does otherwise for sizes beyond them
 * is not seen. Values of tensors cannot be read in it, and it cannot be async.
 * @throws InvalidFunction where it cannot be traced, NotFound without @tensorflow/tfjs-core
 */
export async function concreteFunction(
  fn: TraceableFunction,
  inputSignature?: readonly TensorSpec[] | ConcreteFunctionOptions,
  options?: ConcreteFunctionOptions,
): Promise<ConcreteFunction> {
  const isList = Array.isArray(inputSignature);
  const given: ConcreteFunctionOptions =
    options ?? (isList ? {} : (inputSignature as ConcreteFunctionOptions)) ?? {};
  const name = given.name ?? (fn.name || "function");
  const specs = checkSignature(fn, name, isList ? inputSignature : given.inputSignature);
  const { tfjs, lowerings } = await loadTracer();
  const call = (active: Trace): Pick<Recording, "inputs" | "outputs"> => {
    const inputs = specs.map((spec) => active.recorder.placeholder(spec.name, spec));
    const tensors = inputs.map((input) => active.tensor(input));
    const result = (fn as (...tensors: unknown[]) => unknown)(...tensors);
    return { inputs, outputs: outputsOf(active, result, name) };
  };
  const { outputNames } = given;
  return traceFunction({
    tfjs,
    lowerings,
    call,
    specs,
    what: `function '${name}'`,
    outputNames,
    sharing: sharings(specs),
  });
}

type NamedSpec = TensorSpec & { readonly name: string };

function checkSignature(
  fn: TraceableFunction,
  name: string,
  specs: readonly TensorSpec[] | undefined,
): readonly NamedSpec[] {
  if (fn.constructor.name === "AsyncFunction") throw isAsync(name);
  if (specs === undefined && fn.length > 0) {
    throw invalid(
      `function '${name}' has no input signature: it can be called with any dtypes and shapes (polymorphic), and a graph ` +
        'has one; give it: concreteFunction(fn, [new TensorSpec([null, 10], "float32", "x")])',
    );
  }
  const list = specs ?? [];
  if (list.length < fn.length)
    throw invalid(`function '${name}' takes ${fn.length} tensors, its input signature has ${list.length}`);
  for (const spec of list) checkDType(spec, name);
  const named = withNames(list);
  const twice = named.find((spec, i) => named.some((other, j) => j < i && other.name === spec.name));
  if (twice) throw invalid(`two inputs of function '${name}' are called '${twice.name}'`);
  const wrong = named.find((spec) => validName(spec.name) !== spec.name);
  if (wrong)
    throw invalid(`'${wrong.name}', an input of function '${name}', is no name that TensorFlow allows`);
  return named;
}

function checkDType({ dtype, shape, name }: TensorSpec, fn: string): void {
  if ((tfjsDTypes as readonly string[]).includes(dtype)) return;
  throw invalid(
    `function '${fn}' cannot take the input ${name ? `'${name}' ` : ""}of ${dtype}${showShape(shape)}: TensorFlow.js has no ` +
      `${dtype}, only ${tfjsDTypes.join(", ")}`,
  );
}

/** Names for those that have none, as TensorFlow numbers them. */
function withNames(specs: readonly TensorSpec[]): NamedSpec[] {
  const taken = new Set(specs.map(({ name }) => name));
  return specs.map((spec) => {
    if (spec.name !== undefined) return spec as NamedSpec;
    let name = "inputs";
    for (let suffix = 1; taken.has(name); suffix++) name = `inputs_${suffix}`;
    taken.add(name);
    return new TensorSpec(spec.shape, spec.dtype, name) as NamedSpec;
  });
}

/** Sizes are first taken to be all different; a function that adds two inputs needs the same batch in both. */
function sharings(specs: readonly TensorSpec[]): readonly ("none" | "batch" | "axis")[] {
  const open = specs.filter(({ shape }) => shape.includes(-1));
  return open.length > 1 ? ["none", "batch", "axis"] : ["none"];
}

function outputsOf(active: Trace, result: unknown, name: string): Recording["outputs"] {
  const isThenable = typeof (result as { then?: unknown } | null)?.then === "function";
  if (isThenable) {
    // Its own failure follows from this one.
    (result as Promise<unknown>).then(undefined, () => {});
    throw isAsync(name);
  }
  const traced = (value: unknown, where: string): Traced => {
    if (isTfTensor(value)) return active.traced(value);
    throw invalid(`function '${name}' returns ${where}${kindOf(value)} where a tensor is needed`);
  };
  if (isTfTensor(result)) return [{ key: undefined, traced: traced(result, "") }];
  if (typeof result !== "object" || result === null) return [{ key: undefined, traced: traced(result, "") }];
  const isList = Array.isArray(result);
  const entries = Object.entries(result);
  if (entries.length === 0) throw invalid(`function '${name}' returns no tensor`);
  return entries.map(([key, value]) => ({
    key: isList ? undefined : key,
    traced: traced(value, `under '${key}' `),
  }));
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return Array.isArray(value) ? "a list" : `a value of type ${typeof value}`;
}

function isAsync(name: string): Exception {
  return invalid(
    `function '${name}' is async; while it is traced no tensor has a value to wait for. Compute what must be awaited before ` +
      "and let an ordinary function use it",
  );
}

function invalid(what: string): Exception {
  return new Exception("InvalidFunction", `${what}.`);
}
