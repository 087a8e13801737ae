/**
 * What differs between two event files: events, products and, value by value, their fields. The files describe
 * themselves, so nothing needs to be known about their products here. Reads A cluster by cluster.
 */
import { branchName } from "../data/BranchDescription.js";
import type { Column } from "./columnCodec.js";
import type { EventFileReader } from "./EventFileReader.js";
import { EventMatcher, type EventList, type MatchedEvent } from "./EventMatcher.js";
import {
  pairFields,
  type ComparisonStatus,
  type FieldComparison,
  type Tolerance,
} from "./FieldComparison.js";
import type { FileBranch, ProcessHistoryEntry } from "./eventFileFormat.js";

export interface CompareOptions {
  /** Relative tolerance of float and double fields; others must be equal. */
  readonly rtol?: number;
  /** Absolute tolerance of float and double fields, in the field's unit. */
  readonly atol?: number;
  /** Glob patterns (* and ?) of the branch names to compare, all by default; the trailing dot may be left out. */
  readonly products?: readonly string[];
  /** Whether another process history counts as a difference. */
  readonly processHistory?: boolean;
}

/** One product that both files have, over the events that both files have. */
export interface ProductComparison {
  /** The branch name. */
  readonly product: string;
  readonly status: ComparisonStatus;
  /** Events in which both files have the product. */
  readonly eventCount: number;
  /** Events in which only one file has the product. */
  readonly onlyInA: number;
  readonly onlyInB: number;
  readonly fields: readonly FieldComparison[];
}

export interface ComparisonResult {
  /** Whether nothing is different; values within the tolerance are not. */
  readonly same: boolean;
  /** Events that both files have. */
  readonly eventCount: number;
  readonly eventsOnlyInA: EventList;
  readonly eventsOnlyInB: EventList;
  /** Branch names. */
  readonly productsOnlyInA: readonly string[];
  readonly productsOnlyInB: readonly string[];
  readonly products: readonly ProductComparison[];
  readonly processHistory: {
    same: boolean;
    a: readonly ProcessHistoryEntry[];
    b: readonly ProcessHistoryEntry[];
  };
}

/** @throws FileReadError when a compared part of either file is damaged. */
export function compareEventFiles(
  a: EventFileReader,
  b: EventFileReader,
  {
    rtol = 0,
    atol = 0,
    products: patterns = ["*"],
    processHistory: isHistoryCompared = false,
  }: CompareOptions = {},
): ComparisonResult {
  const branchesA = selectBranches(a, patterns);
  const branchesB = selectBranches(b, patterns);
  const tolerance = { relative: rtol, absolute: atol };
  const tallies = [...branchesA].flatMap(([name, indexA]) => {
    const indexB = branchesB.get(name);
    return indexB === undefined ? [] : [new ProductTally(name, a, indexA, b, indexB, tolerance)];
  });

  const matcher = new EventMatcher(b);
  let eventCount = 0;
  let firstOrdinal = 0;
  for (const [cluster, { eventCount: size }] of a.clusters.entries()) {
    const matches = matcher.match(a, cluster, firstOrdinal);
    if (matches.length > 0) for (const tally of tallies) tally.compareCluster(cluster, matches);
    eventCount += matches.length;
    firstOrdinal += size;
  }

  const result = {
    eventCount,
    eventsOnlyInA: matcher.onlyInA,
    eventsOnlyInB: matcher.onlyInB(),
    productsOnlyInA: [...branchesA.keys()].filter((name) => !branchesB.has(name)),
    productsOnlyInB: [...branchesB.keys()].filter((name) => !branchesA.has(name)),
    products: tallies.map((tally) => tally.result()),
    processHistory: compareHistory(a, b),
  };
  const isSame =
    result.eventsOnlyInA.count + result.eventsOnlyInB.count === 0 &&
    result.productsOnlyInA.length + result.productsOnlyInB.length === 0 &&
    result.products.every(({ status }) => status !== "different") &&
    (result.processHistory.same || !isHistoryCompared);
  return { same: isSame, ...result };
}

class ProductTally {
  readonly #fields: FieldComparison[];
  /** B's column of this product that was read last. */
  #last: { cluster: number; column: Column } | undefined;
  #both = 0;
  #onlyInA = 0;
  #onlyInB = 0;

  constructor(
    readonly name: string,
    readonly a: EventFileReader,
    readonly indexA: number,
    readonly b: EventFileReader,
    readonly indexB: number,
    tolerance: Tolerance,
  ) {
    this.#fields = pairFields(this.#typeA.fields ?? [], this.#typeB.fields ?? [], tolerance);
  }

  get #typeA(): FileBranch["type"] {
    return (this.a.header.branches[this.indexA] as FileBranch).type;
  }

  get #typeB(): FileBranch["type"] {
    return (this.b.header.branches[this.indexB] as FileBranch).type;
  }

  compareCluster(cluster: number, matches: readonly MatchedEvent[]): void {
    const columnA = this.a.column(cluster, this.indexA, this.#typeA);
    for (const match of matches) {
      const productA = columnA.get(match.indexA) as Record<string, unknown> | undefined;
      const productB = this.#columnB(match.clusterB).get(match.indexB) as Record<string, unknown> | undefined;
      if (productA && productB) this.#compare(productA, productB, match);
      else if (productA) this.#onlyInA++;
      else if (productB) this.#onlyInB++;
    }
  }

  #compare(productA: Record<string, unknown>, productB: Record<string, unknown>, match: MatchedEvent): void {
    this.#both++;
    for (const field of this.#fields) {
      const { fieldA, fieldB } = field;
      field.compare(fieldA && productA[fieldA.name], fieldB && productB[fieldB.name], match);
    }
  }

  #columnB(cluster: number): Column {
    if (this.#last?.cluster !== cluster) {
      this.#last = { cluster, column: this.b.column(cluster, this.indexB, this.#typeB) };
    }
    return this.#last.column;
  }

  result(): ProductComparison {
    const fields = this.#fields.flatMap((field) => field.leaves);
    const statuses = fields.map(({ status }) => status);
    const isDifferent = statuses.includes("different") || this.#onlyInA + this.#onlyInB > 0;
    const status = isDifferent ? "different" : statuses.includes("close") ? "close" : "exact";
    const counts = { eventCount: this.#both, onlyInA: this.#onlyInA, onlyInB: this.#onlyInB };
    return { product: this.name, status, ...counts, fields };
  }
}

/** Branch name to index of those that a pattern selects. */
function selectBranches({ header }: EventFileReader, patterns: readonly string[]): Map<string, number> {
  const globs = patterns.map((pattern) => {
    const source = pattern
      .replace(/[.+^${}()|[\]\\]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".");
    return new RegExp(`^${source}$`);
  });
  const names = header.branches.map(({ description }, index) => [branchName(description), index] as const);
  return new Map(
    names.filter(([name]) => globs.some((glob) => glob.test(name) || glob.test(name.slice(0, -1)))),
  );
}

function compareHistory(a: EventFileReader, b: EventFileReader): ComparisonResult["processHistory"] {
  const [historyA, historyB] = [a.header.processHistory, b.header.processHistory];
  return { same: JSON.stringify(historyA) === JSON.stringify(historyB), a: historyA, b: historyB };
}
