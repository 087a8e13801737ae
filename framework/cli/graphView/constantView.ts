/** What the page tells of a constant: its range, moments, histogram and first elements. */
import type { TensorLike } from "../../tensorflow/Tensor.js";
import { toJson } from "../tfrunTensors.js";
import type { ConstantView } from "./GraphViewData.js";

const binCount = 40;
const shownValues = 24;
const longestText = 60;

export function constantView(tensor: TensorLike): ConstantView {
  const { dtype, data } = tensor;
  const first = toJson({
    dtype,
    shape: [Math.min(data.length, shownValues)],
    data: data.slice(0, shownValues) as never,
  });
  const values = first.data.map((value) =>
    typeof value === "number" && !Number.isInteger(value)
      ? String(Number(value.toPrecision(6)))
      : String(value).slice(0, longestText),
  );
  const numbers = dtype === "string" ? undefined : numbersOf(asNumbers(tensor));
  return { count: data.length, values, ...(numbers && { numbers }) };
}

function asNumbers({ dtype, shape, data }: TensorLike): Float64Array {
  if (dtype === "half" || dtype === "bfloat16") {
    return Float64Array.from(toJson({ dtype, shape, data } as TensorLike).data, Number);
  }
  return Float64Array.from(data as ArrayLike<number | bigint> as ArrayLike<number>, Number);
}

/** Two passes: the moments need the mean, the histogram the range. */
function numbersOf(values: Float64Array): ConstantView["numbers"] {
  let [min, max, sum, nans, infinities] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0, 0];
  for (const value of values) {
    if (Number.isNaN(value)) nans++;
    else if (!Number.isFinite(value)) infinities++;
    else {
      min = Math.min(min, value);
      max = Math.max(max, value);
      sum += value;
    }
  }
  const finite = values.length - nans - infinities;
  if (finite === 0)
    return values.length === 0 ? undefined : { min: 0, max: 0, mean: 0, std: 0, nans, infinities, bins: [] };
  const mean = sum / finite;
  const bins = new Array<number>(min === max ? 1 : binCount).fill(0);
  let squares = 0;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    squares += (value - mean) ** 2;
    const bin =
      min === max ? 0 : Math.min(Math.floor(((value - min) / (max - min)) * binCount), binCount - 1);
    bins[bin] = (bins[bin] ?? 0) + 1;
  }
  return { min, max, mean, std: Math.sqrt(squares / finite), nans, infinities, bins };
}
