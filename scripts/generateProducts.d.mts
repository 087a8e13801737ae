/** Types of generateProducts.mjs, for the tests. */
import type { FieldDescription } from "../framework/data/ProductType.js";

export function generateProducts(protoFiles: readonly string[], options: { import: string }): string;
export function describeProducts(protoFiles: readonly string[]): {
  products: { name: string; fields: FieldDescription[] }[];
  fileDescriptorSet: string;
};
