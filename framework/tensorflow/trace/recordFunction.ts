/**
 * Calls a function once while tfjs computes with the recording backend. Whatever happens, tfjs is afterwards as it was:
 * its backend, its counts, and every tensor and variable that the function did not make.
 */
import { activeTrace, setActiveTrace } from "./activeTrace.js";
import { Exception } from "../../base/errors.js";
import { GraphRecorder, type RecordedNode } from "./GraphRecorder.js";
import type { Dimension, ExampleSizes } from "./dimensions.js";
import type { Tensor } from "../Tensor.js";
import type { Traced } from "./Recorder.js";
import { replaceMembers } from "./replaceMembers.js";
import { isTfVariable, type KernelCall, type TensorInfoMap, type TfEngine, type Tfjs } from "./tfjs.js";
import { Trace, type TraceTables } from "./Trace.js";
import { inTrace } from "./towerContext.js";

const backendName = "cmsrun-trace";

/** One output of a traced function. */
export interface TracedOutput {
  /** undefined: it has no name of its own. */
  readonly key: string | undefined;
  readonly traced: Traced;
}

/** What one call of a function recorded. */
export interface Recording {
  readonly nodes: readonly RecordedNode[];
  readonly dimensions: readonly Dimension[];
  readonly variables: ReadonlyMap<string, Tensor>;
  readonly inputs: readonly Traced[];
  readonly outputs: readonly TracedOutput[];
}

/** What stays the same from recording to recording. */
export interface RecordingPlan extends TraceTables {
  readonly tfjs: Tfjs;
  /** Declares the inputs, calls the function, and says what the outputs are. */
  call(trace: Trace): Pick<Recording, "inputs" | "outputs">;
}

export function recordFunction(plan: RecordingPlan, sizes: ExampleSizes): Recording {
  if (activeTrace()) throw new Exception("LogicError", "a function is traced while another one is traced.");
  const engine = plan.tfjs.engine();
  const recorder = new GraphRecorder(sizes);
  const trace = new Trace(recorder, engine, plan);
  const kernels = Object.keys(plan.lowerings);
  const restore = substitute(engine, trace);
  setActiveTrace(trace);
  try {
    for (const kernelName of kernels) {
      const kernelFunc = (call: KernelCall) => trace.run(kernelName, call);
      plan.tfjs.registerKernel({ kernelName, backendName, kernelFunc });
    }
    engine.startScope("trace");
    const { inputs, outputs } = inTrace(() => plan.call(trace));
    if (trace.backend.fault) throw trace.backend.fault;
    const { nodes, dimensions, variables } = recorder;
    return { nodes, dimensions, variables, inputs, outputs };
  } finally {
    setActiveTrace(undefined);
    for (const kernelName of kernels) plan.tfjs.unregisterKernel(kernelName, backendName);
    restore();
  }
}

/** Puts the recording backend and a copy of the engine's books in place; what is returned puts all back. */
function substitute(engine: TfEngine, trace: Trace): () => void {
  const { backend, tables } = trace;
  const made: object[] = [];
  const { state } = engine;
  const { runKernel, disposeTensor, trackTensor } = engine;
  const isOwn = (tensorOrId: object) => backend.refCount(tensorOrId) > 0;
  const replaced = {
    state: Object.assign(Object.create(Object.getPrototypeOf(state)), state, {
      tensorInfo: layered(state.tensorInfo),
      registeredVariables: { ...state.registeredVariables },
      scopeStack: [],
      activeScope: null,
      profiling: false,
      gradientDepth: 0,
      kernelDepth: 0,
    }),
    backendName,
    backendInstance: backend,
    pendingBackendInit: undefined,
    runKernel(name: string, inputs: unknown, attrs?: unknown): unknown {
      // Says which kernel is missing; tfjs would only say that it is.
      if (!Object.hasOwn(tables.lowerings, name)) trace.run(name, { inputs: {}, attrs: undefined });
      return runKernel.call(engine, name, inputs, attrs);
    },
    makeVariable(): never {
      throw new Exception(
        "InvalidFunction",
        "the traced function makes a variable; make it before and use it in the function.",
      );
    },
    disposeTensor(tensor: Parameters<typeof disposeTensor>[0]): void {
      if (!isOwn(tensor.dataId) && state.tensorInfo.has(tensor.dataId)) throw notItsOwn(tensor);
      disposeTensor.call(engine, tensor);
    },
    trackTensor(tensor: Parameters<typeof trackTensor>[0], owner?: object): void {
      made.push(tensor);
      trackTensor.call(engine, tensor, owner);
    },
  };
  const { flags } = engine.ENV;
  // DEBUG reads the value of every tensor.
  const restoreFlags = replaceMembers(flags, { DEBUG: false, IS_TEST: false });
  const restoreEngine = replaceMembers(engine, replaced);
  return () => {
    restoreEngine();
    restoreFlags();
    // A tensor of the trace that the function has kept somewhere says that it is disposed of.
    for (const tensor of made) Object.assign(tensor, { isDisposedInternal: true });
  };
}

/** New entries on top of a map that stays as it is. */
function layered(below: TensorInfoMap): TensorInfoMap {
  const own: TensorInfoMap = new WeakMap();
  return {
    has: (dataId) => own.has(dataId) || below.has(dataId),
    get: (dataId) => own.get(dataId) ?? below.get(dataId),
    set: (dataId, info) => own.set(dataId, info),
    delete: (dataId) => own.delete(dataId),
  };
}

function notItsOwn(tensor: Parameters<TfEngine["disposeTensor"]>[0]): Exception {
  const what = isTfVariable(tensor)
    ? `changes or disposes of the variable '${tensor.name}'; a graph for inference only reads its variables`
    : "disposes of a tensor that was made before it; leave that to who made it";
  return new Exception("InvalidFunction", `the traced function ${what}.`);
}
