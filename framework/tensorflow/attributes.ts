/** Typed access to a node's attributes; a kernel reads them once, when a plan is made. */
import { Exception } from "../base/errors.js";
import { type DType, dtypeFromNumber } from "./dtypes.js";
import type { NodeDef } from "./GraphDef.js";
import type { TensorLike } from "./Tensor.js";

export function boolAttr(node: NodeDef, name: string, otherwise = false): boolean {
  return node.attrs[name]?.b ?? otherwise;
}

export function intAttr(node: NodeDef, name: string, otherwise?: number): number {
  return node.attrs[name]?.i ?? otherwise ?? missing(node, name);
}

export function floatAttr(node: NodeDef, name: string, otherwise?: number): number {
  return node.attrs[name]?.f ?? otherwise ?? missing(node, name);
}

export function stringAttr(node: NodeDef, name: string, otherwise?: string): string {
  return node.attrs[name]?.s ?? otherwise ?? missing(node, name);
}

export function intsAttr(node: NodeDef, name: string): readonly number[] {
  return node.attrs[name]?.list?.i ?? [];
}

/** @throws InvalidSession when its element type is one that tensors here cannot have. */
export function tensorAttr(node: NodeDef, name: string): TensorLike {
  const { tensor, encodedTensor } = node.attrs[name] ?? {};
  if (!encodedTensor) return tensor ?? missing(node, name);
  throw new Exception(
    "InvalidSession",
    `node '${node.name}' (${node.op}): '${name}' is a tensor of an element type that is not supported.`,
  );
}

/** @throws InvalidSession when the type is one that tensors here cannot have (complex, quantised, resource …). */
export function dtypeAttr(node: NodeDef, name: string, otherwise?: DType): DType {
  const number = node.attrs[name]?.type;
  if (number === undefined) return otherwise ?? missing(node, name);
  const dtype = dtypeFromNumber(number);
  if (dtype !== undefined) return dtype;
  throw new Exception(
    "InvalidSession",
    `node '${node.name}' (${node.op}): attribute '${name}' is element type number ${number}, which is not supported.`,
  );
}

function missing(node: NodeDef, name: string): never {
  throw new Exception(
    "InvalidSession",
    `node '${node.name}' (${node.op}) has no attribute '${name}'; is it damaged?`,
  );
}
