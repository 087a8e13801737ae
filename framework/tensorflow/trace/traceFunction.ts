/** From a function that is to be traced to its ConcreteFunction: recordings, merged, with named outputs and a signature. */
import { Exception } from "../../base/errors.js";
import type { ConcreteFunction } from "../ConcreteFunction.js";
import { dtypeNumber } from "../dtypes.js";
import type { NodeDef, SignatureTensor } from "../GraphDef.js";
import { parseTensorName } from "../names.js";
import type { TensorSpec } from "../TensorSpec.js";
import { ExampleSizes, recordingCount, type Sharing } from "./dimensions.js";
import { mergeRecordings } from "./mergeRecordings.js";
import { type Recording, type RecordingPlan, recordFunction } from "./recordFunction.js";
import { shareConstants } from "./shareConstants.js";
import { validName } from "./Names.js";

/** GraphDef version of TensorFlow 2.9, the oldest that reads what is traced. */
const producer = 1087;

export interface TraceRequest extends Omit<RecordingPlan, "values"> {
  readonly specs: readonly (TensorSpec & { readonly name: string })[];
  /** The function, for messages. */
  readonly what: string;
  readonly outputNames: readonly string[] | undefined;
  /** Which open dimensions are the same one: tried in this order. */
  readonly sharing: readonly Sharing[];
}

export function traceFunction(request: TraceRequest): ConcreteFunction {
  const recordings = record(request);
  const [first] = recordings as [Recording];
  const names = outputNamesOf(first, request);
  const merged = mergeRecordings(recordings, request.what);
  const nodes = shareConstants(withOutputs(merged, first, names));
  const inputs = request.specs.map(({ name, dtype, shape }): [string, SignatureTensor] => [
    name,
    { name: `${name}:0`, dtype, shape },
  ]);
  const outputs = names.map((name, i): [string, SignatureTensor] => [
    name,
    { name: `${name}:0`, dtype: first.outputs[i]?.traced.value.dtype, shape: outputShape(recordings, i) },
  ]);
  const signature = {
    key: "serving_default",
    inputs: Object.fromEntries(inputs),
    outputs: Object.fromEntries(outputs),
  };
  const used = new Set(
    nodes.flatMap(({ op, attrs }) => (op === "VarHandleOp" ? [attrs.shared_name?.s] : [])),
  );
  return {
    graph: {
      origin: request.what,
      nodes,
      functions: [],
      producer,
      signature,
    },
    variables: new Map([...first.variables].filter(([name]) => used.has(name))),
  };
}

/** Several calls; the first sharing of sizes with which the function does not fail. */
function record(request: TraceRequest): Recording[] {
  const plan: RecordingPlan = { ...request, values: new Map() };
  const staticSizes = new Set(request.specs.flatMap(({ shape }) => shape));
  let failure: unknown;
  for (const sharing of request.sharing) {
    const once = (i: number) => recordFunction(plan, new ExampleSizes(i, sharing, staticSizes));
    try {
      const first = once(0);
      // Without open dimensions a second call shows what is not the same in every call: random numbers.
      const count = first.dimensions.length > 0 ? recordingCount : 2;
      return [first, ...Array.from({ length: count - 1 }, (_, i) => once(i + 1))];
    } catch (error) {
      failure = error;
    }
  }
  if (failure instanceof Exception) throw failure.addContext(`Tracing ${request.what}`);
  throw failure;
}

function outputNamesOf({ outputs }: Recording, { outputNames, specs, what }: TraceRequest): string[] {
  if (outputNames && outputNames.length !== outputs.length) {
    throw new Exception(
      "InvalidFunction",
      `${what} returns ${outputs.length} tensors, outputNames has ${outputNames.length}: ${outputNames.map((name) => `'${name}'`).join(", ")}.`,
    );
  }
  const names = outputs.map(
    ({ key }, i) => outputNames?.[i] ?? key ?? (i === 0 ? "Identity" : `Identity_${i}`),
  );
  for (const [i, name] of names.entries()) {
    const isInput = specs.some((spec) => spec.name === name);
    const fault = isInput
      ? "is an input's already"
      : names.indexOf(name) < i
        ? "is used twice"
        : validName(name) !== name
          ? "is none that TensorFlow allows"
          : undefined;
    if (fault) throw new Exception("InvalidFunction", `the name '${name}' of an output of ${what} ${fault}.`);
  }
  return names;
}

/** Size -1 where the recordings differ. */
function outputShape(recordings: readonly Recording[], output: number): number[] {
  const shapes = recordings.map(({ outputs }) => outputs[output]?.traced.value.shape ?? []);
  return (shapes[0] ?? []).map((size, axis) => (shapes.every((shape) => shape[axis] === size) ? size : -1));
}

/** An Identity for each output, under its name; an op that has that name gives it up. */
function withOutputs(nodes: readonly NodeDef[], { outputs }: Recording, names: readonly string[]): NodeDef[] {
  const taken = new Set([...nodes.map(({ name }) => name), ...names]);
  const renames = new Map<string, string>();
  for (const { name } of nodes) {
    if (!names.includes(name)) continue;
    let free = `${name}/op`;
    for (let suffix = 1; taken.has(free); suffix++) free = `${name}/op_${suffix}`;
    taken.add(free);
    renames.set(name, free);
  }
  const renamed = (tensor: string) => {
    const { node, port } = parseTensorName(tensor);
    return `${renames.get(node) ?? node}${port === 0 ? "" : `:${port}`}`;
  };
  const kept = nodes.map((node) => ({ ...node, name: renamed(node.name), inputs: node.inputs.map(renamed) }));
  const identities = outputs.map(({ traced }, i) => ({
    name: names[i] as string,
    op: "Identity",
    inputs: [renamed(traced.name)],
    attrs: { T: { type: dtypeNumber(traced.value.dtype) } },
  }));
  return [...kept, ...identities];
}
