/** What each kernel of tfjs becomes in TensorFlow's graph; those that are not here are in refusedKernels.ts, with the reason. */
import { activation } from "./kernels/activation.js";
import { binary } from "./kernels/binary.js";
import { compare } from "./kernels/compare.js";
import { conv } from "./kernels/conv.js";
import { convTranspose } from "./kernels/convTranspose.js";
import { crop } from "./kernels/crop.js";
import { join } from "./kernels/join.js";
import { make } from "./kernels/make.js";
import { matmul } from "./kernels/matmul.js";
import { normalize } from "./kernels/normalize.js";
import { padding } from "./kernels/pad.js";
import { pool } from "./kernels/pool.js";
import { rearrange } from "./kernels/rearrange.js";
import { reduce } from "./kernels/reduce.js";
import { reshaping } from "./kernels/reshape.js";
import { resize } from "./kernels/resize.js";
import { scatter } from "./kernels/scatter.js";
import { search } from "./kernels/search.js";
import { slicing } from "./kernels/slice.js";
import { space } from "./kernels/space.js";
import { unary } from "./kernels/unary.js";
import type { LoweringTable } from "./Recorder.js";

/** By the kernel's name in tfjs 4.22. Results agree with tfjs's to float32's precision, NaN aside where a comment says so. */
export const lowerings: LoweringTable = {
  ...activation,
  ...binary,
  ...compare,
  ...conv,
  ...convTranspose,
  ...crop,
  ...join,
  ...make,
  ...matmul,
  ...normalize,
  ...padding,
  ...pool,
  ...rearrange,
  ...reduce,
  ...reshaping,
  ...resize,
  ...scatter,
  ...search,
  ...slicing,
  ...space,
  ...unary,
};
