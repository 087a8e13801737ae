/** A function of tfjs whose kernels are lowered and compared. */
import type { Tensor } from "@tensorflow/tfjs-core";

export type Run = () => Tensor | readonly Tensor[];
