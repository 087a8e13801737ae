/** What code was made, in one line for people. */
import { showShape } from "../../tensorflow/Tensor.js";
import type { CodeLayout } from "../Unit.js";

export function showUnit(layout: CodeLayout): string {
  const given = layout.inputs.map(({ name, shape }) => `${name}${showShape(shape)}`).join(", ");
  const kB = (bytes: number) => `${Math.ceil(bytes / 1000)} kB`;
  const constants = layout.constants.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const { target, features, kernels, codeBytes, arenaBytes } = layout;
  return (
    `compiled for ${given}: ${kernels} kernels, ${kB(codeBytes)} of ${target} code (${features}), ` +
    `${kB(constants)} of constants, ${kB(arenaBytes)} of working memory`
  );
}
