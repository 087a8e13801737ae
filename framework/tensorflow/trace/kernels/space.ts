/** Space into batches and channels, and back; how TensorFlow writes windows with gaps that its processors do not have. */
import type { Lowering, LoweringTable, Recorder, Traced } from "../Recorder.js";
import { channelsLast } from "./layout.js";
import { input, int32, ints, node, typeOf } from "./nodes.js";
import type { Margin } from "./windows.js";

function spaceToBatch(
  recorder: Recorder,
  x: Traced,
  block: readonly number[],
  margins: readonly Margin[],
): Traced {
  const blocks = ints(recorder, block, "SpaceToBatchND/block_shape");
  const paddings = ints(recorder, margins.flat(), "SpaceToBatchND/paddings", [margins.length, 2]);
  const attrs = { ...typeOf(x), Tblock_shape: int32, Tpaddings: int32 };
  return node(recorder, "SpaceToBatchND", [x, blocks, paddings], attrs);
}

function batchToSpace(
  recorder: Recorder,
  x: Traced,
  block: readonly number[],
  margins: readonly Margin[],
): Traced {
  const blocks = ints(recorder, block, "BatchToSpaceND/block_shape");
  const crops = ints(recorder, margins.flat(), "BatchToSpaceND/crops", [margins.length, 2]);
  const attrs = { ...typeOf(x), Tblock_shape: int32, Tcrops: int32 };
  return node(recorder, "BatchToSpaceND", [x, blocks, crops], attrs);
}

/** Windows with gaps, as windows without (`compute`, unpadded and of stride 1) over every dilation-th element. */
export function dilated(
  recorder: Recorder,
  x: Traced,
  dilations: readonly number[],
  margins: readonly Margin[],
  compute: (x: Traced) => Traced,
): Traced {
  const extra = margins.map(([before, after], i) => {
    const [extent, dilation] = [x.value.shape[i + 1] as number, dilations[i] as number];
    const rest = (extent + before + after) % dilation;
    return rest === 0 ? 0 : dilation - rest;
  });
  const padded = margins.map(([before, after], i): Margin => [before, after + (extra[i] as number)]);
  const apart = compute(spaceToBatch(recorder, x, dilations, padded));
  return batchToSpace(
    recorder,
    apart,
    dilations,
    extra.map((after): Margin => [0, after]),
  );
}

const depthToSpace: Lowering = (recorder, inputs, attrs) =>
  channelsLast(recorder, input(inputs, "x"), attrs.dataFormat, (x) =>
    node(recorder, "DepthToSpace", [x], {
      ...typeOf(x),
      block_size: { i: attrs.blockSize as number },
      data_format: { s: "NHWC" },
    }),
  );

export const space: LoweringTable = {
  SpaceToBatchND: (recorder, inputs, attrs) =>
    spaceToBatch(recorder, input(inputs, "x"), attrs.blockShape as number[], attrs.paddings as Margin[]),
  BatchToSpaceND: (recorder, inputs, attrs) =>
    batchToSpace(recorder, input(inputs, "x"), attrs.blockShape as number[], attrs.crops as Margin[]),
  DepthToSpace: depthToSpace,
};
