/** A kernel's call with its outputs' types written down; everything goes on to the call that it stands for. */
import type { DType, TensorData } from "../dtypes.js";
import type { ElementList } from "../reference/ElementList.js";
import type { KernelCall } from "../reference/op.js";
import type { TensorLike } from "../Tensor.js";

/** Dtype and shape; a TensorList or TensorArray is a "list" of so many tensors. */
export interface TensorType {
  readonly dtype: DType | "list";
  readonly shape: readonly number[];
}

export class RecordingCall implements KernelCall {
  readonly outputs: (TensorType | undefined)[] = [];

  constructor(readonly call: KernelCall) {}

  get inputs(): readonly TensorLike[] {
    return this.call.inputs;
  }

  output(index: number, dtype: DType, shape: readonly number[]): TensorData {
    this.outputs[index] = { dtype, shape: [...shape] };
    return this.call.output(index, dtype, shape);
  }

  alias(shape: readonly number[], output = 0, input = 0): void {
    this.call.alias(shape, output, input);
    const source = this.call.inputs[input];
    if (!source) return;
    const isList = "elements" in source && source.elements !== undefined;
    this.outputs[output] = { dtype: isList ? "list" : source.dtype, shape: [...shape] };
  }

  give(tensor: TensorLike): void {
    this.outputs[0] = { dtype: tensor.dtype, shape: [...tensor.shape] };
    this.call.give(tensor);
  }

  isLive(input: number): boolean {
    return this.call.isLive(input);
  }

  kill(output: number): void {
    this.outputs[output] = undefined;
    this.call.kill(output);
  }

  elements(input: number): ElementList {
    return this.call.elements(input);
  }

  setElements(output: number, list: ElementList): void {
    this.outputs[output] = { dtype: "list", shape: [] };
    this.call.setElements(output, list);
  }

  lasting(dtype: DType, count: number): TensorData {
    return this.call.lasting(dtype, count);
  }
}
