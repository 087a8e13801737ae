/** Finds in one event file the events of another, by run:lumi:event, whatever their order. */
import type { EventFileReader } from "./EventFileReader.js";

/** An event that both files have. Ordinals count a file's events from 0. */
export interface MatchedEvent {
  /** Printed as run:lumi:event. */
  readonly name: string;
  readonly ordinalA: number;
  /** Index within A's cluster. */
  readonly indexA: number;
  readonly clusterB: number;
  readonly indexB: number;
}

/** How many events are named in a list; the count says how many there are. */
const listed = 20;

export interface EventList {
  count: number;
  /** The first 20 in file order, as run:lumi:event. */
  readonly first: string[];
}

/** Keeps one number for each event of B in memory: no more than its ids. */
export class EventMatcher {
  readonly onlyInA: EventList = { count: 0, first: [] };
  readonly #b: EventFileReader;
  /** Lumi, then event number, to B's ordinals; a list for events that occur more than once. */
  readonly #ordinals = new Map<string, Map<bigint | number, number | number[]>>();
  /** First ordinal of each cluster of B. */
  readonly #starts: number[] = [];
  readonly #isMatched: Uint8Array;

  constructor(b: EventFileReader) {
    this.#b = b;
    this.#isMatched = new Uint8Array(b.eventCount);
    let ordinal = 0;
    for (let cluster = 0; cluster < b.clusters.length; cluster++) {
      this.#starts.push(ordinal);
      for (const { lumi, event } of eventsOf(b, cluster)) this.#add(lumi, event, ordinal++);
    }
  }

  #add(lumi: string, event: bigint | number, ordinal: number): void {
    const events = this.#ordinals.get(lumi) ?? new Map<bigint | number, number | number[]>();
    this.#ordinals.set(lumi, events);
    const known = events.get(event);
    if (known === undefined) events.set(event, ordinal);
    else if (typeof known === "number") events.set(event, [known, ordinal]);
    else known.push(ordinal);
  }

  /** The events of A's cluster that B has too, in B's order; the k-th of equal events matches the k-th. */
  match(a: EventFileReader, cluster: number, firstOrdinal: number): MatchedEvent[] {
    const found: { name: string; indexA: number; ordinalB: number }[] = [];
    for (const [indexA, { lumi, event }] of eventsOf(a, cluster).entries()) {
      const name = `${lumi}:${event}`;
      const ordinalB = this.#take(lumi, event);
      if (ordinalB === undefined) note(this.onlyInA, name);
      else found.push({ name, indexA, ordinalB });
    }
    found.sort((x, y) => x.ordinalB - y.ordinalB);
    let clusterB = 0;
    return found.map(({ name, indexA, ordinalB }) => {
      while ((this.#starts[clusterB + 1] ?? Number.POSITIVE_INFINITY) <= ordinalB) clusterB++;
      const indexB = ordinalB - (this.#starts[clusterB] as number);
      return { name, ordinalA: firstOrdinal + indexA, indexA, clusterB, indexB };
    });
  }

  #take(lumi: string, event: bigint | number): number | undefined {
    const known = this.#ordinals.get(lumi)?.get(event);
    const candidates = typeof known === "number" ? [known] : known;
    const ordinal = candidates?.find((candidate) => this.#isMatched[candidate] === 0);
    if (ordinal !== undefined) this.#isMatched[ordinal] = 1;
    return ordinal;
  }

  /** What match() has not found so far. */
  onlyInB(): EventList {
    const list: EventList = { count: 0, first: [] };
    if (this.#isMatched.every((matched) => matched === 1)) return list;
    for (const [cluster, start] of this.#starts.entries()) {
      for (const [index, { lumi, event }] of eventsOf(this.#b, cluster).entries()) {
        if (this.#isMatched[start + index] === 0) note(list, `${lumi}:${event}`);
      }
    }
    return list;
  }
}

function note(list: EventList, name: string): void {
  list.count++;
  if (list.first.length < listed) list.first.push(name);
}

function eventsOf(file: EventFileReader, cluster: number): { lumi: string; event: bigint | number }[] {
  const ids = file.ids(cluster);
  return Array.from(ids.event, (number, i) => {
    const event = number <= Number.MAX_SAFE_INTEGER ? Number(number) : number;
    return { lumi: `${ids.run[i]}:${ids.luminosityBlock[i]}`, event };
  });
}
