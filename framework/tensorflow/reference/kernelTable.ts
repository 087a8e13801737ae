/** Every op of the reference engine: each name leads to a short kernel in kernels/. Loaded by ops.ts when a graph is. */
import { activationOps } from "./kernels/activation.js";
import { arithmeticOps } from "./kernels/arithmetic.js";
import { bitwiseOps } from "./kernels/bitwise.js";
import { castOps } from "./kernels/cast.js";
import { combineOps } from "./kernels/combine.js";
import { comparisonOps } from "./kernels/comparison.js";
import { controlOps } from "./kernels/control.js";
import { convOps } from "./kernels/conv.js";
import { convTransposeOps } from "./kernels/convTranspose.js";
import { cumulativeOps } from "./kernels/cumulative.js";
import { depthwiseOps } from "./kernels/depthwise.js";
import { einsumOps } from "./kernels/einsum.js";
import { gatherOps } from "./kernels/gather.js";
import { joinOps } from "./kernels/join.js";
import { lrnOps } from "./kernels/lrn.js";
import { makeOps } from "./kernels/make.js";
import { matmulOps } from "./kernels/matmul.js";
import { mirrorOps } from "./kernels/mirror.js";
import { normalizeOps } from "./kernels/normalize.js";
import { passOps } from "./kernels/pass.js";
import { poolOps } from "./kernels/pool.js";
import { rearrangeOps } from "./kernels/rearrange.js";
import { reduceOps } from "./kernels/reduce.js";
import { resizeOps } from "./kernels/resize.js";
import { shapeOps } from "./kernels/shape.js";
import { sliceOps } from "./kernels/slice.js";
import { spaceBatchOps } from "./kernels/spaceBatch.js";
import { tensorArrayOps } from "./kernels/tensorArray.js";
import { tensorListOps } from "./kernels/tensorList.js";
import { unaryOps } from "./kernels/unary.js";
import { variableOps } from "./kernels/variable.js";
import { volumeOps } from "./kernels/volume.js";
import type { OpTable } from "./op.js";

export const kernelTable: OpTable = {
  ...activationOps,
  ...arithmeticOps,
  ...bitwiseOps,
  ...castOps,
  ...combineOps,
  ...comparisonOps,
  ...controlOps,
  ...convOps,
  ...convTransposeOps,
  ...cumulativeOps,
  ...depthwiseOps,
  ...einsumOps,
  ...gatherOps,
  ...joinOps,
  ...lrnOps,
  ...makeOps,
  ...matmulOps,
  ...mirrorOps,
  ...normalizeOps,
  ...passOps,
  ...poolOps,
  ...rearrangeOps,
  ...reduceOps,
  ...resizeOps,
  ...shapeOps,
  ...sliceOps,
  ...spaceBatchOps,
  ...tensorArrayOps,
  ...tensorListOps,
  ...unaryOps,
  ...variableOps,
  ...volumeOps,
};
