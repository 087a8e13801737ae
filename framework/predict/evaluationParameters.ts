/** The parameters by which a module is told what to measure and how: InferenceRunner's, and for modules of your own. */
import { inputTag, optional, string, vstring } from "../parameters/description.js";
import type { ParameterSet } from "../parameters/ParameterSet.js";
import type { ColumnDType } from "./ColumnTensor.js";
import type { TensorSource } from "./EventBatch.js";
import type { InferencerOptions } from "./inferencerTypes.js";

/** Each element of a VPSet of tensors: columns of a product. `oneWhere`: values that become 1, all others 0. */
export const tensorParameters = {
  tensor: string(undefined, { comment: "name of the tensor that the columns become" }),
  src: inputTag(),
  product: string(undefined, { comment: "type of the product, for example JetCollection" }),
  columns: vstring(undefined, { comment: "fields; one value a row, or one for all rows of an event" }),
  dtype: string("float32", { allowed: ["float32", "float64", "int32", "int64"] }),
  oneWhere: optional.vdouble(),
};

/** Each element of a VPSet of inferencers: its type, and which of these it takes (makeInferencer). */
export const inferencerParameters = {
  type: string(undefined, { comment: "RocCurve, Calibration … or one of your own (registerInferencer)" }),
  names: optional.vstring(),
  wrongTensorName: optional.string(),
  predTensorName: optional.string(),
  labelTensorName: optional.string(),
  prefix: optional.string(),
  summaryName: optional.string(),
  threshold: optional.double(),
  bins: optional.uint32(),
  lower: optional.double(),
  upper: optional.double(),
  mistagRates: optional.vdouble(),
  maxDistinctScores: optional.uint32(),
  classes: optional.vstring(),
};

/** An inferencer as plain data, for makeInferencer in any thread. */
export interface InferencerChoice {
  readonly type: string;
  readonly options: InferencerOptions;
}

export function tensorSource(
  pset: ParameterSet<typeof tensorParameters>,
  shape: "vector" | "matrix",
): TensorSource {
  return {
    tensor: pset.getParameter("tensor"),
    product: pset.getParameter("product"),
    columns: pset.getParameter("columns"),
    dtype: pset.getParameter("dtype") as ColumnDType,
    oneWhere: pset.getParameter("oneWhere"),
    shape,
  };
}

export function inferencerChoice(pset: ParameterSet<typeof inferencerParameters>): InferencerChoice {
  const names = pset.parameterNames as (keyof typeof inferencerParameters)[];
  const options = names.filter((name) => name !== "type").map((name) => [name, pset.getParameter(name)]);
  return { type: pset.getParameter("type"), options: Object.fromEntries(options) as InferencerOptions };
}
