/** A thread as the job sees it: an EventLoop in this thread, or one behind a worker thread's port. */
import { Worker as NodeWorker } from "node:worker_threads";
import { modelMemory } from "../aot/ModelMemory.js";
import { Exception, type PlainException } from "../base/errors.js";
import type { LogMessage } from "../base/log.js";
import { toPosted } from "../base/sharedForm.js";
import type { EventLoop } from "./EventLoop.js";
import type { PlainRegistration } from "./registrations.js";
import type { ThreadSummary } from "./summaryCounts.js";
import type { BegunLumi, BoundPlan, GrantedRange, LumiBlock, RangeResult, ThreadPlan } from "./threadPlan.js";

export interface ThreadHandle {
  registrations(): Promise<readonly PlainRegistration[]>;
  bind(bound: BoundPlan): Promise<void>;
  beginStreams(): Promise<void>;
  process(granted: GrantedRange): Promise<RangeResult>;
  finishBefore(lumi: number, news: readonly LumiBlock[]): Promise<void>;
  finish(lastLumi: number, news: readonly LumiBlock[]): Promise<void>;
  /** `isComplete`: nothing has failed, so what the modules found is wanted. */
  endStreams(isComplete: boolean): Promise<ThreadSummary>;
  /** A luminosity block has begun; undefined: none will any more. */
  announce(lumi: number, begun: BegunLumi | undefined): void;
  close(): Promise<void>;
}

/** What a thread calls on the job. */
export interface JobCalls {
  ended(what: "lumi" | "run", index: number): void;
  report(ordinal: number, run: number, event: number, lumi: number, streamID: number): void;
  log(message: LogMessage): void;
}

export type Method =
  | "registrations"
  | "bind"
  | "beginStreams"
  | "process"
  | "finishBefore"
  | "finish"
  | "endStreams";
/** Job → thread. */
export type Request =
  | { readonly call: number; readonly method: Method; readonly args: readonly unknown[] }
  | { readonly announce: number; readonly begun: BegunLumi | undefined };
/** Thread → job. */
export type Reply =
  | { readonly call: number; readonly value?: unknown; readonly error?: PlainException }
  | { readonly job: keyof JobCalls; readonly args: readonly unknown[] };

/** Waits of a thread for luminosity blocks to begin. */
export class BegunLumis {
  readonly #known = new Map<number, BegunLumi>();
  readonly #waiting = new Map<number, (begun: BegunLumi | undefined) => void>();
  #isStopped = false;

  begun(lumi: number): Promise<BegunLumi | undefined> {
    const known = this.#known.get(lumi);
    this.#known.delete(lumi);
    if (known || this.#isStopped) return Promise.resolve(known);
    return new Promise((resolve) => this.#waiting.set(lumi, resolve));
  }

  announce(lumi: number, begun: BegunLumi | undefined): void {
    if (begun) {
      const resolve = this.#waiting.get(lumi);
      this.#waiting.delete(lumi);
      if (resolve) resolve(begun);
      else this.#known.set(lumi, begun);
      return;
    }
    this.#isStopped = true;
    for (const resolve of this.#waiting.values()) resolve(undefined);
    this.#waiting.clear();
  }
}

/** One call after another: an EventLoop works on one thing at a time. */
export function inOrder(
  loop: () => EventLoop,
): (method: Method, args: readonly unknown[]) => Promise<unknown> {
  let last: Promise<unknown> = Promise.resolve();
  return (method, args) => {
    const run = async () => {
      if (method === "registrations") return loop().registrations;
      const target = loop() as unknown as Record<string, (...args: readonly unknown[]) => unknown>;
      return target[method]?.(...args);
    };
    const result = last.then(run, run);
    last = result.catch(() => undefined);
    return result;
  };
}

export class LocalThread implements ThreadHandle {
  readonly #call: (method: Method, args: readonly unknown[]) => Promise<unknown>;
  readonly #begun: BegunLumis;

  constructor(loop: EventLoop, begun: BegunLumis) {
    this.#call = inOrder(() => loop);
    this.#begun = begun;
  }

  registrations = () => this.#call("registrations", []) as Promise<readonly PlainRegistration[]>;
  bind = (bound: BoundPlan) => this.#call("bind", [bound]) as Promise<void>;
  beginStreams = () => this.#call("beginStreams", []) as Promise<void>;
  process = (granted: GrantedRange) => this.#call("process", [granted]) as Promise<RangeResult>;
  finishBefore = (lumi: number, news: readonly LumiBlock[]) =>
    this.#call("finishBefore", [lumi, news]) as Promise<void>;
  finish = (lumi: number, news: readonly LumiBlock[]) => this.#call("finish", [lumi, news]) as Promise<void>;
  endStreams = (isComplete: boolean) => this.#call("endStreams", [isComplete]) as Promise<ThreadSummary>;
  announce = (lumi: number, begun: BegunLumi | undefined) => this.#begun.announce(lumi, begun);
  close = () => Promise.resolve();
}

export class WorkerThread implements ThreadHandle {
  readonly #worker: NodeWorker;
  readonly #pending = new Map<
    number,
    { resolve: (value: unknown) => void; reject: (error: unknown) => void }
  >();
  #calls = 0;
  #died: Exception | undefined;

  constructor(entry: URL, plan: ThreadPlan, job: JobCalls) {
    this.#worker = new NodeWorker(entry, { workerData: plan, name: `streams ${plan.streams.join(",")}` });
    this.#worker.on("message", (reply: Reply) => {
      if ("job" in reply) (job[reply.job] as (...args: readonly unknown[]) => void)(...reply.args);
      else this.#settle(reply);
    });
    this.#worker.on("error", (error) => this.#die(deathOf(error)));
    this.#worker.on("exit", (code) => {
      modelMemory().endThread(plan.memoryThread);
      this.#die(
        new Exception(
          "UnexpectedJobTermination",
          `a worker thread ended with exit code ${code} before its work was done.`,
        ),
      );
    });
  }

  #settle({ call, value, error }: Extract<Reply, { call: number }>): void {
    const waiting = this.#pending.get(call);
    this.#pending.delete(call);
    if (error) waiting?.reject(Exception.fromPlain(error));
    else waiting?.resolve(value);
  }

  #die(reason: Exception): void {
    this.#died ??= reason;
    for (const { reject } of this.#pending.values()) reject(this.#died);
    this.#pending.clear();
  }

  #send(method: Method, ...args: readonly unknown[]): Promise<unknown> {
    if (this.#died) return Promise.reject(this.#died);
    const call = this.#calls++;
    return new Promise((resolve, reject) => {
      this.#pending.set(call, { resolve, reject });
      this.#post({ call, method, args });
    });
  }

  #post(request: Request): void {
    this.#worker.postMessage(request);
  }

  registrations = () => this.#send("registrations") as Promise<readonly PlainRegistration[]>;
  bind = (bound: BoundPlan) => this.#send("bind", bound) as Promise<void>;
  beginStreams = () => this.#send("beginStreams") as Promise<void>;
  process = (granted: GrantedRange) => this.#send("process", granted) as Promise<RangeResult>;
  finishBefore = (lumi: number, news: readonly LumiBlock[]) =>
    this.#send("finishBefore", lumi, news) as Promise<void>;
  finish = (lumi: number, news: readonly LumiBlock[]) => this.#send("finish", lumi, news) as Promise<void>;
  endStreams = (isComplete: boolean) => this.#send("endStreams", isComplete) as Promise<ThreadSummary>;

  announce(lumi: number, begun: BegunLumi | undefined): void {
    if (this.#died) return;
    this.#post({
      announce: lumi,
      begun: begun && { ...begun, runCaches: posted(begun.runCaches), lumiCaches: posted(begun.lumiCaches) },
    });
  }

  async close(): Promise<void> {
    this.#died ??= new Exception("LogicError", "the thread is closed");
    await this.#worker.terminate();
  }
}

/** What ended a worker thread: its heap was full, or something threw where nobody could catch it. */
function deathOf(error: Error & { code?: string }): Exception {
  if (error.code !== "ERR_WORKER_OUT_OF_MEMORY") return Exception.from(error);
  return new Exception(
    "BadAlloc",
    "a worker thread ran out of memory; give node a larger heap (NODE_OPTIONS=--max-old-space-size=MB) or use fewer streams.",
  );
}

function posted(caches: BegunLumi["runCaches"]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(caches).map(([label, cache]) => [label, toPosted(cache, label)]));
}
