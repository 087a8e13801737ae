/**
 * What tracing needs of TensorFlow.js, as structural types: the package is optional, so none of its types may reach those
 * who use ours.
 */
import type { TensorData } from "../dtypes.js";

/** A tf.Tensor, of whichever copy of tfjs. */
export interface TfTensor {
  readonly dataId: object;
  readonly shape: readonly number[];
  readonly dtype: string;
}

/** What a traced function may return: a tensor, a list of them, or an object whose keys name the outputs. */
export type TfTensors = TfTensor | readonly TfTensor[] | { readonly [name: string]: TfTensor };

/** A tf.Variable is a tensor with a name. */
export interface TfVariable extends TfTensor {
  readonly name: string;
  readonly trainable: boolean;
  assign(value: TfTensor): void;
}

/** An op on its way to a backend. */
export interface KernelCall {
  /** A list of tensors has its places for names. */
  readonly inputs: Readonly<Record<string, TfTensor | undefined>>;
  readonly attrs: Readonly<Record<string, unknown>> | undefined;
}

export interface TensorInfo {
  readonly dataId: object;
  readonly shape: readonly number[];
  readonly dtype: string;
}

interface StoredTensor {
  readonly backend: object;
}

export interface TensorInfoMap {
  has(dataId: object): boolean;
  get(dataId: object): StoredTensor | undefined;
  set(dataId: object, info: StoredTensor): unknown;
  delete(dataId: object): boolean;
}

/** The members of tfjs' engine that a trace puts others in place of. All copies of tfjs share one engine, on globalThis. */
export interface TfEngine {
  state: { tensorInfo: TensorInfoMap; registeredVariables: Record<string, TfVariable> };
  backendName: unknown;
  backendInstance: unknown;
  pendingBackendInit: unknown;
  readonly ENV: { readonly flags: Record<string, unknown> };
  runKernel(name: string, inputs: unknown, attrs?: unknown): unknown;
  makeVariable(...args: unknown[]): unknown;
  disposeTensor(tensor: TfTensor): void;
  trackTensor(tensor: TfTensor, backend?: object): void;
  makeTensorFromTensorInfo(info: TensorInfo, backend: object): TfTensor;
  readSync(dataId: object): TensorData;
  startScope(name?: string): void;
  endScope(result?: unknown): void;
}

export interface Tfjs {
  engine(): TfEngine;
  registerKernel(config: {
    readonly kernelName: string;
    readonly backendName: string;
    readonly kernelFunc: (call: KernelCall) => TensorInfo | TensorInfo[];
  }): void;
  unregisterKernel(kernelName: string, backendName: string): void;
}

export function isTfTensor(value: unknown): value is TfTensor {
  const tensor = value as { dataId?: unknown; dataSync?: unknown } | null | undefined;
  return typeof tensor === "object" && tensor !== null && "dataId" in tensor && "dataSync" in tensor;
}

export function isTfVariable(tensor: TfTensor): tensor is TfVariable {
  return "assign" in tensor && "trainable" in tensor;
}
