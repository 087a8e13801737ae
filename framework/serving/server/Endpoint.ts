/** What is counted of one path: a few additions a request, made into Prometheus' text when somebody asks. */

/** How a path is treated: probes are always answered, reading needs the token, work is also limited. */
export type EndpointKind = "probe" | "read" | "work";

/** Upper bounds in seconds: a small model answers within a millisecond, a large one within seconds. */
export const durationBuckets = [
  0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60,
] as const;

/** Answers with one status. */
export class AnswerCounts {
  count = 0;
  seconds = 0;
  /** By bucket, not summed up; the last is beyond all bounds. */
  readonly buckets = new Float64Array(durationBuckets.length + 1);
}

export class Endpoint {
  inProgress = 0;
  readonly answers = new Map<number, AnswerCounts>();

  constructor(
    readonly path: string,
    readonly kind: EndpointKind,
  ) {}

  count(status: number, seconds: number): void {
    let counts = this.answers.get(status);
    if (!counts) {
      counts = new AnswerCounts();
      this.answers.set(status, counts);
    }
    counts.count++;
    counts.seconds += seconds;
    let bucket = 0;
    while (bucket < durationBuckets.length && seconds > (durationBuckets[bucket] as number)) bucket++;
    (counts.buckets[bucket] as number)++;
  }
}
