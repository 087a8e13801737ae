/** Space to batch or depth and back: how old graphs write a dilated convolution. A view, copied once. */
import { intAttr } from "../../tensorflow/attributes.js";
import type { View } from "../tensor/View.js";
import type { Lower, LowerTable, Trace } from "./Lowering.js";
import { numberElement } from "./operands.js";
import { pad, type Margin } from "./pad.js";
import { ImageFormat, range } from "./windows.js";

/** Blocks of the axes after the first, and margins or crops. */
function blocksOf(trace: Trace, inputs: readonly View[]): { block: number[]; margins: Margin[] } {
  const block = trace.integers(inputs[1], "the block");
  const given = trace.integers(inputs[2], "the margins");
  const margins = block.map((_, i): Margin => [given[2 * i] as number, given[2 * i + 1] as number]);
  if (given.length !== 2 * block.length || given.some((size) => size < 0) || block.some((size) => size < 1))
    return trace.unsupported(
      `blocks of [${block}] with margins [${given}] are not possible; correct the graph`,
    );
  return { block, margins };
}

const spaceToBatch: Lower = (trace, _node, inputs) => {
  const [x] = inputs as [View];
  const { block, margins } = blocksOf(trace, inputs);
  const rest = x.rank - 1 - block.length;
  if (rest < 0)
    return trace.unsupported(`[${x.shape}] has no ${block.length} axes of blocks; correct the graph`);
  const padded = pad(
    trace,
    x,
    [[0, 0], ...margins, ...range(0, rest).map((): Margin => [0, 0])],
    numberElement(x.dtype, 0),
  );
  const cut = cutAxes(trace, padded, block);
  const outer = block.map((_, i) => 1 + 2 * i);
  const order = [...outer.map((axis) => axis + 1), 0, ...outer, ...range(1 + 2 * block.length, cut.rank)];
  const moved = cut.permute(order);
  const batch = moved.shape.slice(0, block.length + 1).reduce((a, b) => a * b, 1);
  return trace.reshape(moved, [batch, ...moved.shape.slice(block.length + 1)]);
};

/** [n, a, b, …] as [n, a / block, block, b / block, block, …]. */
function cutAxes(trace: Trace, x: View, block: readonly number[]): View {
  const shape = [x.shape[0] as number];
  const strides = [x.strides[0] as number];
  for (const [i, size] of block.entries()) {
    const [extent, stride] = [x.shape[i + 1] as number, x.strides[i + 1] as number];
    if (extent % size !== 0)
      return trace.unsupported(
        `[${x.shape}] cannot be cut into blocks of [${block}]; correct the graph or the feeds`,
      );
    shape.push(extent / size, size);
    strides.push(stride * size, stride);
  }
  const rest = block.length + 1;
  return x.strided([...shape, ...x.shape.slice(rest)], [...strides, ...x.strides.slice(rest)]);
}

const batchToSpace: Lower = (trace, _node, inputs) => {
  const [x] = inputs as [View];
  const { block, margins } = blocksOf(trace, inputs);
  const blocks = block.reduce((a, b) => a * b, 1);
  const batch = (x.shape[0] as number) / blocks;
  if (!Number.isInteger(batch) || x.rank <= block.length)
    return trace.unsupported(
      `a batch of ${x.shape[0]} has no ${blocks} blocks; correct the graph or the feeds`,
    );
  const cut = trace.reshape(x, [...block, batch, ...x.shape.slice(1)]);
  const first = block.length + 1;
  const order = [
    block.length,
    ...block.flatMap((_, i) => [first + i, i]),
    ...range(first + block.length, cut.rank),
  ];
  const space = block.map((size, i) => size * (x.shape[i + 1] as number));
  const whole = trace.reshape(cut.permute(order), [batch, ...space, ...x.shape.slice(first)]);
  return margins.reduce((view, [before, after], i) => {
    const size = (space[i] as number) - before - after;
    if (size < 0) return trace.unsupported("its crops are larger than the space; correct the graph");
    return view.slice(i + 1, before, size);
  }, whole);
};

/** Blocks of pixels into channels. */
const spaceToDepth: Lower = (trace, node, inputs) => {
  const format = new ImageFormat(trace, node);
  const size = intAttr(node, "block_size");
  const cut = cutAxes(trace, format.imagesOf(inputs[0] as View), [size, size]);
  const [n, height, , width, , channels] = cut.shape as [number, number, number, number, number, number];
  const order = format.isChannelFirst ? [0, 2, 4, 5, 1, 3] : [0, 1, 3, 2, 4, 5];
  const depth = size * size * channels;
  return trace.reshape(
    cut.permute(order),
    format.isChannelFirst ? [n, depth, height, width] : [n, height, width, depth],
  );
};

/** And back. */
const depthToSpace: Lower = (trace, node, inputs) => {
  const format = new ImageFormat(trace, node);
  const size = intAttr(node, "block_size");
  const x = format.imagesOf(inputs[0] as View);
  const [n, height, width, depth] = x.shape as [number, number, number, number];
  const channels = depth / (size * size);
  if (!Number.isInteger(channels))
    return trace.unsupported(`${depth} channels have no blocks of ${size}; correct the graph`);
  const stride = x.strides[3] as number;
  const cut = x.strided(
    [n, height, width, size, size, channels],
    [...x.strides.slice(0, 3), stride * size * channels, stride * channels, stride],
  );
  const order = format.isChannelFirst ? [0, 5, 1, 3, 2, 4] : [0, 1, 3, 2, 4, 5];
  const space = [height * size, width * size];
  return trace.reshape(
    cut.permute(order),
    format.isChannelFirst ? [n, channels, ...space] : [n, ...space, channels],
  );
};

export const spaceBatchLowerings: LowerTable = {
  SpaceToBatchND: spaceToBatch,
  BatchToSpaceND: batchToSpace,
  SpaceToDepth: spaceToDepth,
  DepthToSpace: depthToSpace,
};
