/** Says every transition that a stream module sees, each with its place in the job's one order of events. */
import {
  DEFINE_FWK_MODULE,
  type Event,
  JetScores,
  LogPrint,
  type LuminosityBlock,
  type ParameterSet,
  type Run,
  type StreamID,
  stream,
} from "#framework";

const description = {};

/** Shared by all threads: what happened before what, and how many events each run and luminosity block had. */
interface Clock {
  readonly ticks: Int32Array;
}

function say({ ticks }: Clock, what: string): void {
  LogPrint("Transition", `Transition ${Atomics.add(ticks, 0, 1)} ${what}`);
}

const counter = () => new Int32Array(new SharedArrayBuffer(4));

@DEFINE_FWK_MODULE("TransitionRecorder")
export class TransitionRecorder extends stream.EDProducer<Clock> {
  static readonly description = description;

  static initializeGlobalCache(_pset: ParameterSet<typeof description>): Clock {
    const clock = { ticks: counter() };
    say(clock, "initializeGlobalCache");
    return clock;
  }
  static globalBeginRun({ run }: Run, _setup: unknown, clock: Clock): Int32Array {
    say(clock, `globalBeginRun ${run}`);
    return counter();
  }
  static globalEndRun({ run }: Run, _setup: unknown, clock: Clock, events: Int32Array): void {
    say(clock, `globalEndRun ${run} events=${events[0]}`);
  }
  static globalBeginLuminosityBlock(
    { run, luminosityBlock }: LuminosityBlock,
    _setup: unknown,
    clock: Clock,
  ): Int32Array {
    say(clock, `globalBeginLuminosityBlock ${run}:${luminosityBlock}`);
    return counter();
  }
  static globalEndLuminosityBlock(
    { run, luminosityBlock }: LuminosityBlock,
    _setup: unknown,
    clock: Clock,
    events: Int32Array,
  ): void {
    say(clock, `globalEndLuminosityBlock ${run}:${luminosityBlock} events=${events[0]}`);
  }
  static globalEndJob(clock: Clock): void {
    say(clock, "globalEndJob");
  }

  readonly #scores = this.produces(JetScores);
  #stream = -1;

  constructor(_pset: ParameterSet<typeof description>, clock: Clock) {
    super(clock);
    say(clock, "constructor");
  }

  override beginStream(streamID: StreamID): void {
    this.#stream = streamID;
    this.#say("beginStream");
  }
  override beginRun({ run }: Run): void {
    this.#say(`beginRun ${run}`);
  }
  override beginLuminosityBlock({ run, luminosityBlock }: LuminosityBlock): void {
    this.#say(`beginLuminosityBlock ${run}:${luminosityBlock}`);
  }
  override produce(event: Event): void {
    this.#say(`produce ${event.run}:${event.luminosityBlock}`);
    Atomics.add(this.runCache as Int32Array, 0, 1);
    Atomics.add(this.luminosityBlockCache as Int32Array, 0, 1);
    event.put(this.#scores, { score: Float32Array.of(event.event) });
  }
  override endLuminosityBlock({ run, luminosityBlock }: LuminosityBlock): void {
    this.#say(`endLuminosityBlock ${run}:${luminosityBlock}`);
  }
  override endRun({ run }: Run): void {
    this.#say(`endRun ${run}`);
  }
  override endStream(): void {
    this.#say("endStream");
  }

  #say(what: string): void {
    say(this.globalCache, `stream${this.#stream} ${what}`);
  }
}

declare module "#framework" {
  interface EDProducers {
    TransitionRecorder: typeof TransitionRecorder;
  }
}
