/** Cast between element types. */
import { cast, read } from "../tensor/element.js";
import type { View } from "../tensor/View.js";
import type { Lower, LowerTable } from "./Lowering.js";
import { elementTypeAttr } from "./operands.js";

const castTo: Lower = (trace, node, inputs) => {
  const [x] = inputs as [View];
  const dtype = elementTypeAttr(trace, node, "DstT", x.dtype);
  return dtype === x.dtype ? x : trace.map(x.shape, cast(read(x), dtype));
};

export const castLowerings: LowerTable = { Cast: castTo };
