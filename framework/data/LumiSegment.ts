/** Neighbouring events of one luminosity block: how ranges of an input and clusters of a file tell where theirs are from. */

export interface LumiSegment {
  readonly run: number;
  readonly luminosityBlock: number;
  readonly count: number;
}

/** Segments that grow while events are counted. */
export type GrowingSegments = { run: number; luminosityBlock: number; count: number }[];

/** Counts further events; those of the last segment's luminosity block join it. */
export function appendEvents(
  segments: GrowingSegments,
  run: number,
  luminosityBlock: number,
  count = 1,
): void {
  const last = segments.at(-1);
  if (last?.run === run && last.luminosityBlock === luminosityBlock) last.count += count;
  else segments.push({ run, luminosityBlock, count });
}
