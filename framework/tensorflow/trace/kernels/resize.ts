/** Images resized. TensorFlow finds pixels in float32 and tfjs in float64: where they disagree the rows are picked by hand. */
import type { Lowering, LoweringTable } from "../Recorder.js";
import { type Attrs, input, ints, node, typeOf } from "./nodes.js";
import { gather } from "./slice.js";

function mappingAttrs(attrs: Attrs) {
  return {
    align_corners: { b: attrs.alignCorners === true },
    half_pixel_centers: { b: attrs.halfPixelCenters === true },
  };
}

const bilinear: Lowering = (recorder, inputs, attrs) => {
  const images = input(inputs, "images");
  const size = ints(recorder, attrs.size as number[], "resize/size");
  return node(recorder, "ResizeBilinear", [images, size], { ...typeOf(images), ...mappingAttrs(attrs) });
};

/** The pixels along one axis; `round` is to the precision that positions are computed in. */
function pixels(from: number, to: number, attrs: Attrs, round: (x: number) => number): number[] {
  const isAligned = attrs.alignCorners === true;
  const scale = round(isAligned && to > 1 ? (from - 1) / (to - 1) : from / to);
  const half = attrs.halfPixelCenters === true ? 0.5 : 0;
  return Array.from({ length: to }, (_, i) => {
    const position = round((i + half) * scale);
    const nearest = isAligned ? Math.round(position) : Math.floor(position);
    return Math.min(from - 1, Math.max(0, nearest));
  });
}

const nearest: Lowering = (recorder, inputs, attrs) => {
  const images = input(inputs, "images");
  const size = attrs.size as number[];
  const axes = size.map((to, i) => {
    const from = images.value.shape[i + 1] as number;
    const [own, single] = [pixels(from, to, attrs, (x) => x), pixels(from, to, attrs, Math.fround)];
    return { own, isSame: own.every((pixel, at) => pixel === single[at]) };
  });
  if (axes.every(({ isSame }) => isSame)) {
    const sizes = ints(recorder, size, "resize/size");
    return node(recorder, "ResizeNearestNeighbor", [images, sizes], {
      ...typeOf(images),
      ...mappingAttrs(attrs),
    });
  }
  return axes.reduce(
    (x, { own }, i) => gather(recorder, x, ints(recorder, own, "resize/pixels"), i + 1),
    images,
  );
};

export const resize: LoweringTable = { ResizeBilinear: bilinear, ResizeNearestNeighbor: nearest };
