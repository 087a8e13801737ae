/** What process.options, maxEvents and the command line say of a job: how many events, threads and streams. */
import { availableParallelism } from "node:os";
import { type CompilerSettings, compilerSettings } from "../aot/engine/settings.js";
import { LogPrint } from "../base/log.js";
import type { ProcessDescription } from "../config/ProcessDescription.js";
import type { JobModule } from "./JobModules.js";
import { isDeferred } from "./threadModules.js";

/** Given on the command line; stronger than the config. */
export interface JobOverrides {
  readonly threads?: number | undefined;
  readonly streams?: number | undefined;
  readonly engine?: string | undefined;
  readonly engineTarget?: CompilerSettings["target"] | undefined;
  /** Where compiled models are kept from job to job. */
  readonly compiledDirectory?: string | undefined;
}

export class JobSettings {
  readonly #process: ProcessDescription;
  readonly #overrides: JobOverrides;

  constructor(process: ProcessDescription, overrides: JobOverrides) {
    this.#process = process;
    this.#overrides = overrides;
  }

  /** The value of process.options.`name`. */
  option(name: string): unknown {
    return this.#process.options[name]?.value;
  }

  /** Events to read at most. */
  get inputLimit(): number {
    return limitOf(this.#process.maxEvents.input?.value);
  }

  /** Luminosity blocks to read at most. */
  get lumiLimit(): number {
    return limitOf(this.#process.maxLuminosityBlocks.input?.value);
  }

  /** Events each output module may write; undefined = all. */
  get maxOutput(): number | undefined {
    const wanted = this.#process.maxEvents.output?.value;
    return wanted === undefined || Number(wanted) < 0 ? undefined : Number(wanted);
  }

  get inferenceEngine(): string {
    return this.#overrides.engine ?? String(this.option("inferenceEngine"));
  }

  get compiler(): CompilerSettings {
    const { engineTarget, compiledDirectory = compilerSettings().cacheDirectory } = this.#overrides;
    const target = engineTarget ?? (String(this.option("engineTarget")) as CompilerSettings["target"]);
    return { target, cacheDirectory: compiledDirectory };
  }

  /** The threads and streams that the job really runs with. Says so when they are fewer than asked for. */
  concurrency(modules: readonly JobModule[]): Concurrency {
    const wanted = this.#overrides.threads ?? Number(this.option("numberOfThreads"));
    const threads = wanted === 0 ? availableParallelism() : wanted;
    const streams = (this.#overrides.streams ?? Number(this.option("numberOfStreams"))) || threads;
    const serial = modules.filter(({ plugin }) => plugin.concurrency === "one" && !isDeferred(plugin));
    const isSerial = serial.length > 0 || this.maxOutput !== undefined;
    if (threads > 1 && isSerial) sayWhySerial(serial, threads);
    const lumis = Number(this.option("numberOfConcurrentLuminosityBlocks")) || (streams >= 2 ? 2 : 1);
    const chosen = {
      threads: isSerial ? 1 : Math.min(threads, streams),
      streams,
      lumis: Math.min(lumis, streams),
    };
    if (this.option("dumpOptions")) dump(chosen);
    return chosen;
  }
}

/** Negative: none. */
function limitOf(value: unknown): number {
  const limit = Number(value);
  return limit < 0 ? Number.POSITIVE_INFINITY : limit;
}

export interface Concurrency {
  readonly threads: number;
  readonly streams: number;
  /** Luminosity blocks that may be open at once. */
  readonly lumis: number;
}

function sayWhySerial(serial: readonly JobModule[], threads: number): void {
  const names = serial.map(({ label, type }) => `${type}/'${label}'`).join(", ");
  const why =
    serial.length > 0
      ? `other modules wait for the one:: modules ${names}. Make them stream:: or global:: to use ${threads} threads.`
      : "maxEvents.output is set.";
  LogPrint("ThreadStreamSetup", `The job runs single-threaded: ${why}`);
}

function dump({ threads, streams, lumis }: Concurrency): void {
  const lines = [
    `Number of Threads = ${threads}`,
    `Number of Streams = ${streams}`,
    `Number of Concurrent Lumis = ${lumis}`,
    "Number of Concurrent Runs = 1",
  ];
  LogPrint("ThreadStreamSetup", lines.join("\n"));
}
