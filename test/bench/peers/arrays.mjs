/** Tensor values as typed arrays. */
export const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  int64: BigInt64Array,
  bool: Uint8Array,
};

export function typedArray({ dtype, values }) {
  return arrays[dtype].from(values, dtype === "int64" ? BigInt : Number);
}
