/** How often each model was called and how long that took, over all threads, and what the servers themselves counted meanwhile. */
import { Exception } from "../../base/errors.js";
import { LogWarning } from "../../base/log.js";
import { type ProtoInt64, toNumber } from "../../tensorflow/proto/decodeTensor.js";
import type { TritonChannel } from "./TritonChannel.js";

interface Duration {
  readonly count: ProtoInt64;
  readonly ns: ProtoInt64;
}
interface StatisticsMessage {
  readonly model_stats: readonly {
    readonly inference_count: ProtoInt64;
    readonly execution_count: ProtoInt64;
    readonly inference_stats: Readonly<Record<(typeof durations)[number], Duration | null>> | null;
  }[];
}

const durations = ["success", "queue", "compute_input", "compute_infer", "compute_output"] as const;
const counts = [
  "inferences",
  "executions",
  "successes",
  "success",
  "queue",
  "input",
  "infer",
  "output",
] as const;
/** Counts, and times in ns. */
type ServerCounts = Record<(typeof counts)[number], number>;

/** Places of a model in the shared counters. */
const slot = { calls: 0, repetitions: 1, microseconds: 2, size: 3 } as const;
const timeoutMs = 5000;

export class ModelUse {
  readonly #models: readonly string[];
  readonly #counters: BigInt64Array;
  /** Server and model → what the server had counted when the job began. */
  readonly #before = new Map<string, ServerCounts>();

  constructor(models: readonly string[], counters?: BigInt64Array) {
    this.#models = models;
    this.#counters =
      counters ?? new BigInt64Array(new SharedArrayBuffer(8 * slot.size * Math.max(1, models.length)));
  }

  get plain(): { readonly models: readonly string[]; readonly counters: BigInt64Array } {
    return { models: this.#models, counters: this.#counters };
  }

  static fromPlain({ models, counters }: ModelUse["plain"]): ModelUse {
    return new ModelUse(models, counters);
  }

  count(model: string, clientMs: number, repetitions: number): void {
    const index = this.#models.indexOf(model);
    if (index < 0) return;
    const first = slot.size * index;
    Atomics.add(this.#counters, first + slot.calls, 1n);
    Atomics.add(this.#counters, first + slot.repetitions, BigInt(repetitions));
    Atomics.add(this.#counters, first + slot.microseconds, BigInt(Math.round(clientMs * 1000)));
  }

  async begin(servers: readonly Promise<TritonChannel>[]): Promise<void> {
    for (const [key, found] of await this.#ask(servers)) this.#before.set(key, found);
  }

  /** What was counted since begin(); "" when nothing was called. */
  async report(servers: readonly Promise<TritonChannel>[]): Promise<string> {
    const lines = this.#models.flatMap((model, index) => this.#clientLine(model, slot.size * index));
    if (lines.length === 0) return "";
    for (const [key, after] of await this.#ask(servers)) {
      const before = this.#before.get(key);
      const since = Object.fromEntries(counts.map((name) => [name, after[name] - (before?.[name] ?? 0)]));
      lines.push(...serverLines(key, since as ServerCounts));
    }
    return lines.join("\n");
  }

  #clientLine(model: string, first: number): string[] {
    const read = (place: number) => Number(Atomics.load(this.#counters, first + place));
    const calls = read(slot.calls);
    if (calls === 0) return [];
    const each = Math.round(read(slot.microseconds) / calls);
    const again = read(slot.repetitions);
    return [`Model '${model}': ${calls} calls, ${again} repetitions, client time ${each} usec a call`];
  }

  async #ask(servers: readonly Promise<TritonChannel>[]): Promise<Map<string, ServerCounts>> {
    const found = new Map<string, ServerCounts>();
    for (const opening of servers) {
      const channel = await opening;
      for (const model of this.#models) {
        try {
          const answer = await channel.call<StatisticsMessage>("ModelStatistics", { name: model }, timeoutMs);
          found.set(`Model '${model}' on server '${channel.server.name}'`, serverCounts(answer));
        } catch (error) {
          if (!(error instanceof Exception)) throw error;
          if (this.#before.size > 0) LogWarning("TritonService", `no statistics: ${error.message}`);
        }
      }
    }
    return found;
  }
}

/** All versions of a model together. */
function serverCounts({ model_stats }: StatisticsMessage): ServerCounts {
  const sum = Object.fromEntries(counts.map((name) => [name, 0])) as ServerCounts;
  for (const { inference_count, execution_count, inference_stats } of model_stats) {
    const ns = durations.map((name) => toNumber(inference_stats?.[name]?.ns ?? 0));
    sum.inferences += toNumber(inference_count);
    sum.executions += toNumber(execution_count);
    sum.successes += toNumber(inference_stats?.success?.count ?? 0);
    for (const [i, name] of (["success", "queue", "input", "infer", "output"] as const).entries())
      sum[name] += ns[i] ?? 0;
  }
  return sum;
}

function serverLines(what: string, since: ServerCounts): string[] {
  if (since.successes <= 0) return [];
  const us = (ns: number) => Math.round(ns / since.successes / 1000);
  const { success, queue, input, infer, output } = since;
  const overhead = Math.max(0, success - queue - input - infer - output);
  return [
    `${what}:`,
    `  Inference count: ${since.inferences}`,
    `  Execution count: ${since.executions}`,
    `  Successful request count: ${since.successes}`,
    `  Avg request latency: ${us(success)} usec`,
    `  (overhead ${us(overhead)} usec + queue ${us(queue)} usec + compute input ${us(input)} usec + compute infer ${us(infer)} usec + compute output ${us(output)} usec)`,
  ];
}
