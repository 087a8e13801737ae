/** Element types under the names that KServe's protocol has for them (BYTES: a list of byte strings). */
import type { DType } from "../../tensorflow/dtypes.js";

const names: Readonly<Record<DType, string>> = {
  bool: "BOOL",
  uint8: "UINT8",
  uint16: "UINT16",
  uint32: "UINT32",
  uint64: "UINT64",
  int8: "INT8",
  int16: "INT16",
  int32: "INT32",
  int64: "INT64",
  half: "FP16",
  float32: "FP32",
  float64: "FP64",
  string: "BYTES",
  bfloat16: "BF16",
};

const dtypes = new Map(Object.entries(names).map(([dtype, name]) => [name, dtype as DType]));

export function datatypeOf(dtype: DType): string {
  return names[dtype];
}

/** As a model's configuration calls it: TYPE_FP32, TYPE_STRING. */
export function configTypeOf(dtype: DType): string {
  return `TYPE_${dtype === "string" ? "STRING" : names[dtype]}`;
}

export function dtypeOfConfigType(type: string): DType | undefined {
  return dtypes.get(type === "TYPE_STRING" ? "BYTES" : type.replace(/^TYPE_/, ""));
}

export const datatypes: readonly string[] = [...dtypes.keys()];
