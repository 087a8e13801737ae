/** maxLuminosityBlocks: the input ends behind so many luminosity blocks. */
import type { LumiSegment } from "../data/LumiSegment.js";
import type { InputRange } from "../modules/InputSource.js";

/** The ranges of the first `limit` luminosity blocks; the last range is cut where they end. */
export async function* limitLumis(
  ranges: AsyncIterable<InputRange> | Iterable<InputRange>,
  limit: number,
): AsyncGenerator<InputRange, void, void> {
  let lumis = 0;
  let last: LumiSegment | undefined;
  for await (const range of ranges) {
    let count = 0;
    for (const [index, segment] of range.segments.entries()) {
      const isNew = segment.run !== last?.run || segment.luminosityBlock !== last.luminosityBlock;
      if (isNew && ++lumis > limit) {
        if (count > 0) yield { ...range, count, segments: range.segments.slice(0, index) };
        return;
      }
      last = segment;
      count += segment.count;
    }
    yield range;
  }
}
