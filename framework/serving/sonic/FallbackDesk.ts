/**
 * Where threads ask the main thread for the fallback server: only that thread may start it. A BroadcastChannel joins the
 * threads of one process by name, so the engine need not know.
 */
import { randomUUID } from "node:crypto";
import { BroadcastChannel } from "node:worker_threads";
import { Exception, type PlainException } from "../../base/errors.js";
import type { TritonServer } from "./TritonServer.js";

interface Question {
  readonly ask: string;
  readonly model: string;
}
interface Answer {
  readonly to: string;
  readonly server?: TritonServer | undefined;
  readonly error?: PlainException;
}

/** The server's own wait is shorter. */
const longestWaitMs = 600_000;

/** The main thread's side. */
export class FallbackDesk {
  readonly name = `cmsrun-fallback-${randomUUID()}`;
  readonly #channel = new BroadcastChannel(this.name);

  constructor(serve: (model: string) => Promise<TritonServer | undefined>) {
    this.#channel.onmessage = (message: unknown) => {
      const question = (message as { data: Question | Answer }).data;
      if ("ask" in question) void this.#answer(question, serve);
    };
    this.#channel.unref();
  }

  close(): void {
    this.#channel.close();
  }

  async #answer(
    { ask, model }: Question,
    serve: (model: string) => Promise<TritonServer | undefined>,
  ): Promise<void> {
    try {
      this.#post({ to: ask, server: await serve(model) });
    } catch (error) {
      this.#post({ to: ask, error: Exception.from(error).toPlain() });
    }
  }

  #post(answer: Answer): void {
    this.#channel.postMessage(answer);
  }
}

/** Another thread's side. @throws what starting the server threw */
export function askFallback(desk: string, model: string): Promise<TritonServer | undefined> {
  const channel = new BroadcastChannel(desk);
  const ask = randomUUID();
  return new Promise<TritonServer | undefined>((resolve, reject) => {
    const tooLate = setTimeout(() => {
      reject(new Exception("FallbackFailed", "the main thread did not answer for the fallback server."));
    }, longestWaitMs);
    channel.onmessage = (message: unknown) => {
      const answer = (message as { data: Question | Answer }).data;
      if (!("to" in answer) || answer.to !== ask) return;
      clearTimeout(tooLate);
      if (answer.error) reject(Exception.fromPlain(answer.error));
      else resolve(answer.server);
    };
    channel.postMessage({ ask, model } satisfies Question);
  }).finally(() => channel.close());
}
