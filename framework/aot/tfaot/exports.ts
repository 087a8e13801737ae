/** What a plugin finds as `tfaot`. */
export { BatchRule } from "./BatchRule.js";
export { BatchStrategy } from "./BatchStrategy.js";
export type {
  BoolArrays,
  DoubleArrays,
  FlatInputs,
  FlatOutputs,
  FloatArrays,
  Int32Arrays,
  Int64Arrays,
  ModelDescriptor,
  NestedInputs,
  NestedOutputs,
  TensorDescription,
} from "./descriptor.js";
export { Model } from "./Model.js";
export type { Wrapper } from "./Wrapper.js";
