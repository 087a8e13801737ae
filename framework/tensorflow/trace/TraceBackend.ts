/** What tfjs takes for its backend during a trace: it keeps tensors, and tells why their values cannot be read. */
import { Exception } from "../../base/errors.js";
import { holds, isDType, newData, type TensorData } from "../dtypes.js";
import { Tensor, type TensorLike } from "../Tensor.js";
import type { Traced } from "./Recorder.js";

/** The element types that tfjs has and a graph takes. */
export const tfjsDTypes = ["float32", "int32", "bool", "string"] as const;

/** A value that is no node yet, or what it is in the graph. */
type Content = TensorLike | Traced;

interface Entry {
  content: Content;
  refCount: number;
}

/** The methods are those of tfjs' KernelBackend that it calls; see Trace for what becomes of kernels. */
export class TraceBackend {
  readonly #entries = new Map<object, Entry>();
  /** What went wrong where nobody could be told. */
  fault: Exception | undefined;

  /** Keeps a tensor of the graph; its data is what is returned. */
  keep(traced: Traced): object {
    return this.#add(traced);
  }

  /** What the data is in the graph, which it becomes by `toNode` when it is first needed; undefined for foreign data. */
  find(dataId: object, toNode: (value: TensorLike) => Traced): Traced | undefined {
    const entry = this.#entries.get(dataId);
    if (!entry) return undefined;
    const traced = isTraced(entry.content) ? entry.content : toNode(entry.content);
    entry.content = traced;
    return traced;
  }

  write(values: TensorData, shape: readonly number[], dtype: string): object {
    return this.#add(copyOf(values, shape, dtype));
  }

  move(dataId: object, values: TensorData, shape: readonly number[], dtype: string, refCount: number): void {
    this.#entries.set(dataId, { content: copyOf(values, shape, dtype), refCount });
  }

  /** @throws InvalidFunction for what depends on an input */
  readSync(dataId: object): TensorData {
    const content = this.#entries.get(dataId)?.content;
    if (!content) {
      const what = "the traced function reads a tensor that is disposed of.";
      throw new Exception("InvalidFunction", what);
    }
    if (!isTraced(content)) return content.data.slice();
    if (content.isConstant) return content.value.data.slice();
    throw noValue(content);
  }

  read(dataId: object): Promise<TensorData> {
    try {
      return Promise.resolve(this.readSync(dataId));
    } catch (error) {
      this.fault ??= Exception.from(error);
      // A traced function cannot await, so nobody would see a rejection; the trace itself fails.
      return new Promise(() => {});
    }
  }

  refCount(dataId: object): number {
    return this.#entries.get(dataId)?.refCount ?? 0;
  }

  incRef(dataId: object): void {
    const entry = this.#entries.get(dataId);
    if (entry) entry.refCount++;
  }

  disposeData(dataId: object, force = false): boolean {
    const entry = this.#entries.get(dataId);
    if (!entry) return true;
    entry.refCount--;
    if (!force && entry.refCount > 0) return false;
    return this.#entries.delete(dataId);
  }

  numDataIds(): number {
    return this.#entries.size;
  }

  memory(): { unreliable: boolean } {
    return { unreliable: true };
  }

  timerAvailable(): boolean {
    return false;
  }

  floatPrecision(): number {
    return 32;
  }

  epsilon(): number {
    return 1e-7;
  }

  dispose(): void {
    this.#entries.clear();
  }

  #add(content: Content): object {
    const dataId = {};
    this.#entries.set(dataId, { content, refCount: 1 });
    return dataId;
  }
}

/** A tensor of tfjs as one of ours; a copy, because the array may be the caller's. */
export function copyOf(values: TensorData, shape: readonly number[], dtype: string): Tensor {
  if (!isDType(dtype)) {
    throw new Exception("InvalidTensor", `a ${dtype} tensor cannot be traced; use ${tfjsDTypes.join(", ")}.`);
  }
  if (holds(dtype, values)) return new Tensor(dtype, [...shape], values.slice() as never);
  const data = newData(dtype, values.length) as Float32Array;
  for (let i = 0; i < data.length; i++) data[i] = Number(values[i]);
  return new Tensor(dtype, [...shape], data as never);
}

function isTraced(content: Content): content is Traced {
  return "isConstant" in content;
}

function noValue({ name }: Traced): Exception {
  return new Exception(
    "InvalidFunction",
    `dataSync(), arraySync(), data() and print() need the value of tensor '${name}', which depends on an input or a ` +
      "variable: while a function is traced it has none. Write choices with tf.where(condition, a, b), loops with a fixed " +
      "number of rounds, and compute beforehand, outside of the function, what must be read.",
  );
}
