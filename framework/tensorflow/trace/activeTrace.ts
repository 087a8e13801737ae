/** The trace that is under way, for ops that only a trace has: apart from it, because it is loaded when something is traced. */
import type { Trace } from "./Trace.js";

let active: Trace | undefined;

export function activeTrace(): Trace | undefined {
  return active;
}

export function setActiveTrace(trace: Trace | undefined): void {
  active = trace;
}
