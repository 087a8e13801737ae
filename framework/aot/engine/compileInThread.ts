/** Compiles in a thread of its own, one model at a time, so that this one goes on serving. */
import { Worker } from "node:worker_threads";
import { Exception, type PlainException } from "../../base/errors.js";
import type { Feed } from "../lower/traceGraph.js";
import type { CompiledCode } from "../Unit.js";
import { type CompilerSettings, compilerSettings } from "./settings.js";

/** What the thread is started with. Plain data. */
export interface CompileOrder {
  readonly model: unknown;
  readonly compiler: CompilerSettings;
  readonly units: readonly (readonly Feed[])[];
  readonly fetches: readonly string[];
}

/** For each unit in turn: its code, nothing where it cannot be compiled whole, or what went wrong. */
export interface CompileReply {
  readonly code?: CompiledCode;
  readonly error?: PlainException;
}

let last: Promise<unknown> = Promise.resolve();

/**
 * Gives each unit's code to `take` as it is there, in order; stops when `take` says that no more is wanted.
 * @throws what compiling throws
 */
export function compileInThread(
  order: Omit<CompileOrder, "compiler">,
  take: (index: number, code: CompiledCode | undefined) => boolean,
): Promise<void> {
  const run = () => inThread({ ...order, compiler: compilerSettings() }, take);
  const done = last.then(run, run);
  last = done.catch(() => undefined);
  return done;
}

async function inThread(
  order: CompileOrder,
  take: (index: number, code: CompiledCode | undefined) => boolean,
): Promise<void> {
  const thread = new Worker(new URL("./compileThread.js", import.meta.url), { workerData: order });
  let index = 0;
  try {
    await new Promise<void>((resolve, reject) => {
      thread.on("message", ({ code, error }: CompileReply) => {
        try {
          if (error) throw Exception.fromPlain(error);
          if (!take(index++, code) || index === order.units.length) resolve();
        } catch (failure) {
          reject(failure);
        }
      });
      thread.on("error", (error) => reject(Exception.from(error)));
      thread.on("exit", () => resolve());
    });
  } finally {
    await thread.terminate();
  }
}
