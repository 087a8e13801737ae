/** One trace: kernels that tfjs runs become nodes, and tensors of tfjs have their place in the graph. */
import { Exception } from "../../base/errors.js";
import { type DType, dtypeNumber } from "../dtypes.js";
import type { Tensor } from "../Tensor.js";
import type { GraphRecorder } from "./GraphRecorder.js";
import type { LoweringTable, Traced } from "./Recorder.js";
import { refusedKernels } from "./refusedKernels.js";
import { isTfVariable, type KernelCall, type TensorInfo, type TfEngine, type TfTensor } from "./tfjs.js";
import { copyOf, TraceBackend, tfjsDTypes } from "./TraceBackend.js";

/** Kernels of which tfjs takes a list of tensors, also of one. */
const listKernels: ReadonlySet<string> = new Set(["SplitV", "TopK", "Unpack"]);

/** What a kernel becomes instead of its lowering; undefined leaves it. */
export type Rewrite = (
  recorder: GraphRecorder,
  kernel: string,
  inputs: Readonly<Record<string, Traced>>,
) => Traced | undefined;

/** What all traces of one function have in common. */
export interface TraceTables {
  readonly lowerings: LoweringTable;
  readonly rewrite?: Rewrite;
  /** Names of variables, where they are not to have their own. */
  readonly variableNames?: ReadonlyMap<object, string>;
  /** Values from outside by their data: read once for all traces. */
  readonly values: Map<object, Tensor>;
}

export class Trace {
  readonly backend = new TraceBackend();
  /** What comes from outside, by its data: read, never moved. */
  readonly #captured = new Map<object, Traced>();
  readonly #casts = new Map<Traced, Traced>();

  constructor(
    readonly recorder: GraphRecorder,
    readonly engine: TfEngine,
    readonly tables: TraceTables,
  ) {}

  /** Runs a kernel of tfjs. @throws UnimplementedFeature for one that has no lowering */
  run(name: string, { inputs, attrs }: KernelCall): TensorInfo | TensorInfo[] {
    const { lowerings, rewrite } = this.tables;
    const lowering = lowerings[name];
    if (!lowering) throw unknownKernel(name);
    const traced: Record<string, Traced> = {};
    for (const [key, tensor] of Object.entries(inputs)) {
      if (!tensor) continue;
      const own = this.traced(tensor);
      // A type that tfjs does not have reaches, as it is, only the op that changes types.
      traced[key] = name === "Cast" ? own : this.#asTfjs(own);
    }
    const result = rewrite?.(this.recorder, name, traced) ?? lowering(this.recorder, traced, attrs ?? {});
    const infos = [result].flat().map((output) => this.#info(output));
    return listKernels.has(name) ? infos : (infos[0] as TensorInfo);
  }

  /** A tensor of tfjs as the graph has it; from outside the trace it is a variable or a constant. */
  traced(tensor: TfTensor): Traced {
    const known = this.backend.find(tensor.dataId, (value) => this.recorder.constant(value));
    return known ?? this.#capture(tensor);
  }

  /** A tensor of the graph as one of tfjs. */
  tensor(traced: Traced): TfTensor {
    return this.engine.makeTensorFromTensorInfo(this.#info(traced), this.backend);
  }

  #info(traced: Traced): TensorInfo {
    const { shape, dtype } = traced.value;
    return { dataId: this.backend.keep(traced), shape: [...shape], dtype: tfjsDType(dtype) };
  }

  #capture(tensor: TfTensor): Traced {
    // A variable may have the data of the tensor that it was made from.
    const key = isTfVariable(tensor) ? tensor : tensor.dataId;
    const known = this.#captured.get(key);
    if (known) return known;
    if (!this.engine.state.tensorInfo.has(tensor.dataId)) {
      const what = "the traced function uses a tensor that has been disposed of.";
      throw new Exception("InvalidFunction", what);
    }
    const { values, variableNames } = this.tables;
    const read = values.get(tensor.dataId);
    const value = read ?? copyOf(this.engine.readSync(tensor.dataId), tensor.shape, tensor.dtype);
    values.set(tensor.dataId, value);
    const traced = isTfVariable(tensor)
      ? this.recorder.variable(variableNames?.get(tensor) ?? tensor.name, value)
      : this.recorder.constant(value);
    this.#captured.set(key, traced);
    return traced;
  }

  #asTfjs(traced: Traced): Traced {
    const { dtype } = traced.value;
    const wanted = tfjsDType(dtype);
    if (dtype === wanted) return traced;
    const known = this.#casts.get(traced);
    if (known) return known;
    const types = { SrcT: { type: dtypeNumber(dtype) }, DstT: { type: dtypeNumber(wanted) } };
    const [cast] = this.recorder.node("Cast", [traced], { ...types, Truncate: { b: false } }) as [Traced];
    this.#casts.set(traced, cast);
    return cast;
  }
}

/** The nearest type that tfjs has: what a rawOp gave of another is cast when a tfjs op takes it. */
function tfjsDType(dtype: DType): DType {
  if ((tfjsDTypes as readonly string[]).includes(dtype)) return dtype;
  return dtype === "float64" || dtype === "half" || dtype === "bfloat16" ? "float32" : "int32";
}

function unknownKernel(name: string): Exception {
  const why = refusedKernels[name];
  return new Exception(
    "UnimplementedFeature",
    `the kernel '${name}' of tfjs cannot be traced${why ? `: ${why}` : ""}. Write it with other ops, or give ` +
      `TensorFlow's own op with rawOp("…", inputs, attrs, outputs).`,
  );
}
