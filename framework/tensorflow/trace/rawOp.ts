/** Ops of TensorFlow that TensorFlow.js does not have, for use inside of traced functions. */
import { Exception } from "../../base/errors.js";
import { type DType, dtypeNumber, isDType } from "../dtypes.js";
import type { AttrValue } from "../GraphDef.js";
import { TensorSpec } from "../TensorSpec.js";
import { activeTrace } from "./activeTrace.js";
import { isTfTensor, type TfTensor } from "./tfjs.js";

/** A number needs to say which it is: {i: 3} or {f: 0.5}; {type: "uint8"} names an element type. */
export type RawAttr = string | boolean | AttrValue | { readonly type: DType };

/** What an output is; null for a size that is not known. */
export interface RawOutput {
  readonly dtype: DType;
  readonly shape: readonly (number | null)[];
}

/**
 * Adds a node of any TensorFlow op to the function that is being traced and gives its output, or a list for a list of
 * `outputs`. These may be left out where the reference engine has the op. An output of a type that tfjs does not have
 * (uint8, int64 …) may go into another rawOp as it is; ops of tfjs see it cast to int32 or float32.
 * `attrs` must be complete, as TensorFlow demands them. @throws InvalidFunction outside of a traced function
 */
export function rawOp<T extends TfTensor>(
  op: string,
  inputs: readonly T[],
  attrs: Readonly<Record<string, RawAttr>>,
  outputs: readonly RawOutput[],
  name?: string,
): T[];
export function rawOp<T extends TfTensor>(
  op: string,
  inputs: readonly T[],
  attrs?: Readonly<Record<string, RawAttr>>,
  outputs?: RawOutput,
  name?: string,
): T;
export function rawOp(
  op: string,
  inputs: readonly TfTensor[],
  attrs: Readonly<Record<string, RawAttr>> = {},
  outputs?: RawOutput | readonly RawOutput[],
  name?: string,
): TfTensor | TfTensor[] {
  const trace = activeTrace();
  if (!trace) {
    throw new Exception(
      "InvalidFunction",
      `rawOp '${op}' is called outside of a function that concreteFunction traces; TensorFlow.js cannot compute it.`,
    );
  }
  const wrong = inputs.findIndex((input) => !isTfTensor(input));
  if (wrong >= 0) throw new Exception("InvalidFunction", `rawOp '${op}': input ${wrong} is no tensor.`);
  const list = outputs === undefined ? undefined : Array.isArray(outputs) ? outputs : [outputs];
  const declared = list?.map(({ dtype, shape }: RawOutput) => new TensorSpec(shape, dtype));
  const traced = inputs.map((input) => trace.traced(input));
  const values = Object.fromEntries(Object.entries(attrs).map(([key, value]) => [key, attrValue(value)]));
  const given = trace.recorder.rawNode(op, traced, values, declared, name);
  const tensors = given.map((output) => trace.tensor(output));
  return Array.isArray(outputs) ? tensors : (tensors[0] as TfTensor);
}

function attrValue(value: RawAttr): AttrValue {
  if (typeof value === "string") return { s: value };
  if (typeof value === "boolean") return { b: value };
  const { type } = value;
  if (typeof type !== "string") return value as AttrValue;
  if (!isDType(type)) throw new Exception("InvalidTensor", `unknown dtype '${String(type)}'.`);
  return { type: dtypeNumber(type) };
}
