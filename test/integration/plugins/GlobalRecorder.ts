/** Says every transition of a global module; each thread has a copy of it. */
import {
  DEFINE_FWK_MODULE,
  type Event,
  global,
  LogPrint,
  type LuminosityBlock,
  type Run,
  type StreamID,
} from "#framework";

const description = {};

@DEFINE_FWK_MODULE("GlobalRecorder")
export class GlobalRecorder extends global.EDAnalyzer {
  static readonly description = description;

  override beginJob(): void {
    say("beginJob");
  }
  override globalBeginRun({ run }: Run): Int32Array {
    say(`globalBeginRun ${run}`);
    return new Int32Array(new SharedArrayBuffer(4));
  }
  override globalEndRun({ run }: Run, _setup: unknown, events: unknown): void {
    say(`globalEndRun ${run} events=${(events as Int32Array)[0]}`);
  }
  override globalBeginLuminosityBlock({ run, luminosityBlock }: LuminosityBlock): void {
    say(`globalBeginLuminosityBlock ${run}:${luminosityBlock}`);
  }
  override globalEndLuminosityBlock({ run, luminosityBlock }: LuminosityBlock): void {
    say(`globalEndLuminosityBlock ${run}:${luminosityBlock}`);
  }
  override streamBeginRun(streamID: StreamID, { run }: Run): void {
    say(`stream${streamID} beginRun ${run}`);
  }
  override analyze(streamID: StreamID, event: Event): void {
    Atomics.add(this.runCache as Int32Array, 0, 1);
    say(`stream${streamID} analyze ${event.run}:${event.luminosityBlock}`);
  }
  override endJob(): void {
    say("endJob");
  }
}

function say(what: string): void {
  LogPrint("Global", `Global ${what}`);
}

declare module "#framework" {
  interface EDAnalyzers {
    GlobalRecorder: typeof GlobalRecorder;
  }
}
