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
import type { Lower, LowerTable } from "./Lowering.js";
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

const table: LowerTable = {
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

/** The least inputs of ops that the reference engine, which checks its own, does not have; one where not given. */
const leastInputs: Readonly<Record<string, number>> = {
  Atan2: 2,
  BiasAddV1: 2,
  BitwiseAnd: 2,
  BitwiseOr: 2,
  BitwiseXor: 2,
  ClipByValue: 3,
  Conv3D: 2,
  Cumprod: 2,
  Cumsum: 2,
  EuclideanNorm: 2,
  LeftShift: 2,
  MaxPoolV2: 3,
  MirrorPad: 2,
  Mod: 2,
  MulNoNan: 2,
  ReverseSequence: 2,
  RightShift: 2,
  TruncateDiv: 2,
  TruncateMod: 2,
  Xdivy: 2,
  Xlog1py: 2,
  Xlogy: 2,
};

function checkingInputs(op: string, lower: Lower): Lower {
  const least = leastInputs[op] ?? 1;
  return (trace, node, inputs) => {
    if (inputs.length >= least) return lower(trace, node, inputs);
    return trace.unsupported(`it has ${inputs.length} inputs and needs ${least}; correct the graph`);
  };
}

export const lowerings: LowerTable = Object.fromEntries(
  Object.entries(table).map(([op, lower]) => [op, checkingInputs(op, lower)]),
);
