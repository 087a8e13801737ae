/** CropAndResize: for every box the image's pixels around each position, mixed. Positions are in float64, as tfjs has them. */
import type { Lowering, LoweringTable, Recorder, Traced } from "../Recorder.js";
import { cast, expandDims, input, node, scalar, typed, typeOf } from "./nodes.js";
import { gather } from "./slice.js";
import { Tensor } from "../../Tensor.js";

/** What one axis of the crops takes from the image, [boxes, size] each. */
interface Positions {
  readonly at: Traced;
  readonly isInside: Traced;
}

function double(recorder: Recorder, value: number): Traced {
  return scalar(recorder, "float64", value);
}

/** `low` and `high`: where boxes begin and end, [boxes, 1], 0 to 1 over the image. */
function positionsOf(recorder: Recorder, low: Traced, high: Traced, extent: number, size: number): Positions {
  const last = double(recorder, extent - 1);
  const at =
    size > 1
      ? steps(recorder, low, high, last, size)
      : typed(
          recorder,
          "Mul",
          typed(recorder, "Mul", double(recorder, 0.5), typed(recorder, "AddV2", low, high)),
          last,
        );
  const isFrom = typed(recorder, "GreaterEqual", at, double(recorder, 0));
  const isTo = typed(recorder, "LessEqual", at, last);
  const [isInside] = recorder.node("LogicalAnd", [isFrom, isTo], {}) as [Traced];
  // What lies outside is replaced in the end, and must only not be looked for there.
  const none = double(recorder, 0);
  return { at: node(recorder, "SelectV2", [isInside, at, none], typeOf(at)), isInside };
}

function steps(recorder: Recorder, low: Traced, high: Traced, last: Traced, size: number): Traced {
  const width = typed(recorder, "Mul", typed(recorder, "Sub", high, low), last);
  const step = typed(recorder, "RealDiv", width, double(recorder, size - 1));
  const counts = recorder.constant(
    new Tensor(
      "float64",
      [1, size],
      Array.from({ length: size }, (_, i) => i),
    ),
    "CropAndResize/counts",
  );
  return typed(recorder, "AddV2", typed(recorder, "Mul", low, last), typed(recorder, "Mul", counts, step));
}

/** The pixels along an axis of one image a box, mixed from the two neighbours or taken from the nearest. */
function sample(recorder: Recorder, images: Traced, at: Traced, axis: number, isNearest: boolean): Traced {
  const pick = (positions: Traced) => gather(recorder, images, cast(recorder, positions, "int32"), axis, 1);
  if (isNearest) {
    const half = typed(recorder, "AddV2", at, double(recorder, 0.5));
    return pick(typed(recorder, "Floor", half));
  }
  const floor = typed(recorder, "Floor", at);
  const [before, after] = [pick(floor), pick(typed(recorder, "Ceil", at))];
  const rest = cast(recorder, typed(recorder, "Sub", at, floor), "float32");
  const weight = expandDims(
    recorder,
    axis === 2 ? expandDims(recorder, rest, 1) : expandDims(recorder, rest, 2),
    3,
  );
  const difference = typed(recorder, "Sub", after, before);
  return typed(recorder, "AddV2", before, typed(recorder, "Mul", difference, weight));
}

const cropAndResize: Lowering = (recorder, inputs, attrs) => {
  const image = cast(recorder, input(inputs, "image"), "float32");
  const boxes = cast(recorder, input(inputs, "boxes"), "float64");
  const [, height, width] = image.value.shape as readonly [number, number, number, number];
  const [rows, columns] = attrs.cropSize as [number, number];
  const [top, left, bottom, right] = recorder.node(
    "Split",
    [scalar(recorder, "int32", 1, "split/split_dim"), boxes],
    { ...typeOf(boxes), num_split: { i: 4 } },
  ) as [Traced, Traced, Traced, Traced];
  const down = positionsOf(recorder, top, bottom, height, rows);
  const aside = positionsOf(recorder, left, right, width, columns);
  const isNearest = attrs.method === "nearest";
  const own = gather(recorder, image, input(inputs, "boxInd"), 0);
  const across = sample(recorder, own, aside.at, 2, isNearest);
  const crops = sample(recorder, across, down.at, 1, isNearest);
  const isRow = expandDims(recorder, expandDims(recorder, down.isInside, 2), 3);
  const isColumn = expandDims(recorder, expandDims(recorder, aside.isInside, 1), 3);
  const isInside = recorder.node("LogicalAnd", [isRow, isColumn], {})[0] as Traced;
  const outside = scalar(recorder, "float32", (attrs.extrapolationValue as number | undefined) ?? 0);
  return node(recorder, "SelectV2", [isInside, crops, outside], typeOf(crops));
};

export const crop: LoweringTable = { CropAndResize: cropAndResize };
