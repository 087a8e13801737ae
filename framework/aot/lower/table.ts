/** All lowerings by the name of the op; control flow and lists are the tracer's own. */
import { arithmeticLowerings } from "./arithmetic.js";
import { batchNormLowerings } from "./batchNorm.js";
import { castLowerings } from "./cast.js";
import { compareLowerings } from "./compare.js";
import { convLowerings } from "./conv.js";
import { convTransposeLowerings } from "./convTranspose.js";
import { cumulativeLowerings } from "./cumulative.js";
import { depthwiseLowerings } from "./depthwise.js";
import { einsumLowerings } from "./einsum.js";
import { elementwiseLowerings } from "./elementwise.js";
import { gatherLowerings } from "./gather.js";
import { joinLowerings } from "./join.js";
import type { LowerTable } from "./Lowering.js";
import { makeLowerings } from "./make.js";
import { matmulLowerings } from "./matmul.js";
import { normalizeLowerings } from "./normalize.js";
import { poolLowerings } from "./pool.js";
import { randomLowerings } from "./random.js";
import { rearrangeLowerings } from "./rearrange.js";
import { reduceLowerings } from "./reduce.js";
import { resizeLowerings } from "./resize.js";
import { shapeLowerings } from "./shape.js";
import { sliceLowerings } from "./slices.js";
import { spaceBatchLowerings } from "./spaceBatch.js";
import { splitLowerings } from "./split.js";

export const lowerings: LowerTable = {
  ...arithmeticLowerings,
  ...batchNormLowerings,
  ...castLowerings,
  ...compareLowerings,
  ...convLowerings,
  ...convTransposeLowerings,
  ...cumulativeLowerings,
  ...depthwiseLowerings,
  ...einsumLowerings,
  ...elementwiseLowerings,
  ...gatherLowerings,
  ...joinLowerings,
  ...makeLowerings,
  ...matmulLowerings,
  ...normalizeLowerings,
  ...poolLowerings,
  ...randomLowerings,
  ...rearrangeLowerings,
  ...reduceLowerings,
  ...resizeLowerings,
  ...shapeLowerings,
  ...sliceLowerings,
  ...spaceBatchLowerings,
  ...splitLowerings,
};
