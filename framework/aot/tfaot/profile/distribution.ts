/** How often each batch size comes in a job: what batch rules and compiled sizes are chosen for. */
import { Exception } from "../../../base/errors.js";

export interface BatchDistribution {
  /** Where it comes from, for reports. */
  readonly origin: string;
  /** Batch size → share of the events, ascending; the shares make 1. Size 0 is an event with nothing to compute. */
  readonly shares: ReadonlyMap<number, number>;
}

/** The distribution of these batch sizes, one an event. @throws Configuration when there are none */
export function distributionOf(sizes: Iterable<number>, origin: string): BatchDistribution {
  const counts = new Map<number, number>();
  for (const size of sizes) counts.set(size, (counts.get(size) ?? 0) + 1);
  return normalized(counts, origin);
}

/** "1:10,2:30,5:7": batch size and weight. @throws Configuration for another form */
export function parseDistribution(text: string): BatchDistribution {
  const weights = new Map<number, number>();
  for (const entry of text.split(",")) {
    const [, size, weight] = /^\s*(\d+)\s*:\s*(\d+(?:\.\d+)?(?:e[-+]?\d+)?)\s*$/i.exec(entry) ?? [];
    if (size === undefined || weights.has(Number(size))) {
      const what = size === undefined ? `'${entry}' is no SIZE:WEIGHT` : `size ${size} is there twice`;
      throw wrong(text, `${what}; it is written "1:10,2:30,5:7"`);
    }
    weights.set(Number(size), Number(weight));
  }
  return normalized(weights, `'${text}'`);
}

/** All batch sizes from 1 to `most` alike: what there is to go by when nothing is known of the events. */
export function evenDistribution(most: number): BatchDistribution {
  return distributionOf(
    Array.from({ length: most }, (_, i) => i + 1),
    `1 to ${most}, all alike`,
  );
}

export function meanBatch({ shares }: BatchDistribution): number {
  return [...shares].reduce((sum, [size, share]) => sum + size * share, 0);
}

function normalized(weights: ReadonlyMap<number, number>, origin: string): BatchDistribution {
  const entries = [...weights].filter(([, weight]) => weight > 0).sort(([a], [b]) => a - b);
  if (!entries.some(([size]) => size > 0))
    throw wrong(origin, "no event has a batch, so there is nothing to choose rules for");
  const total = entries.reduce((sum, [, weight]) => sum + weight, 0);
  return { origin, shares: new Map(entries.map(([size, weight]) => [size, weight / total])) };
}

function wrong(origin: string, what: string): Exception {
  return new Exception("Configuration", `distribution of batch sizes, ${origin}: ${what}.`);
}
