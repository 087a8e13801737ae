/**
 * The descriptors of a service's inputs and outputs, under BentoML's names: `io.JSON({ schema })`, `io.NumpyNdarray(…)`.
 * JavaScript's own `JSON` stands for `io.JSON()`, so a service may write `{ input: JSON, output: JSON }`.
 */
import { fileDescriptor, imageDescriptor, textDescriptor } from "./bytesDescriptors.js";
import { jsonDescriptor } from "./jsonDescriptor.js";
import { ndarrayDescriptor } from "./ndarrayDescriptor.js";

export const io = {
  /** Any JSON, or what a JSON schema allows. */
  JSON: jsonDescriptor,
  /** Nested lists ↔ a tensor. */
  NumpyNdarray: ndarrayDescriptor,
  Tensor: ndarrayDescriptor,
  Text: textDescriptor,
  File: fileDescriptor,
  Image: imageDescriptor,
} as const;
