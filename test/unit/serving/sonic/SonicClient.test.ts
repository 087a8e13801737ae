import { describe, expect, it } from "vitest";
import { Exception } from "../../../../framework/base/errors.js";
import { type LogMessage, setLogSink } from "../../../../framework/base/log.js";
import { cms } from "../../../../framework/config/cms.js";
import { ParameterSet } from "../../../../framework/parameters/ParameterSet.js";
import { validateParameters } from "../../../../framework/parameters/validateParameters.js";
import type { Parameters } from "../../../../framework/parameters/values.js";
import {
  RecoverableException,
  type RetryType,
  SonicClient,
  sonicClientParameters,
} from "../../../../framework/serving/sonic/SonicClient.js";

const messages: LogMessage[] = [];
setLogSink((message) => messages.push(message));

/** CMSSW's DummyClient: its outcomes are given. */
class DummyClient extends SonicClient<{ value: number }, { value: number }> {
  readonly input = { value: 0 };
  readonly output = { value: 0 };
  readonly prepared: RetryType[] = [];
  readonly counted: number[] = [];
  calls = 0;
  underWay = 0;
  most = 0;
  constructor(
    given: Record<string, unknown>,
    readonly fails: (call: number) => Error | undefined = () => undefined,
    readonly possible: readonly RetryType[] = [
      "RetrySameServerAction",
      "RetryActionDiffServer",
      "RetryFallbackServerAction",
    ],
  ) {
    super(parameters(given), "Test:DummyClient");
  }
  protected override async evaluate(): Promise<void> {
    this.most = Math.max(this.most, ++DummyClient.underWay);
    await new Promise((done) => setTimeout(done, 5));
    DummyClient.underWay--;
    const failure = this.fails(++this.calls);
    if (failure) throw failure;
    this.output.value = 2 * this.input.value;
  }
  protected override async prepare(action: RetryType): Promise<boolean> {
    this.prepared.push(action);
    return this.possible.includes(action);
  }
  protected override finished(_ms: number, repetitions: number): void {
    this.counted.push(repetitions);
  }
  override reset(): void {
    this.output.value = 0;
  }
  static underWay = 0;
}

function parameters(given: Record<string, unknown>): ParameterSet<typeof sonicClientParameters> {
  const all = { retryBackoffMs: cms.untracked.uint32(1), ...given } as unknown as Parameters;
  return new ParameterSet(validateParameters({ name: "test", where: () => "" }, sonicClientParameters, all));
}

const lost = () => new RecoverableException("TritonFailure", "connection lost");
const retry = (...actions: [string, number][]) => ({
  Retry: cms.VPSet(
    ...actions.map(([type, tries]) =>
      cms.PSet({ retryType: cms.string(type), allowedTries: cms.untracked.uint32(tries) }),
    ),
  ),
});
const failure = (promise: Promise<unknown>): Promise<Exception> =>
  promise.then(
    () => Promise.reject(new Error("it did not fail")),
    (error: Exception) => error,
  );

describe("SonicClient", () => {
  it("computes", async () => {
    const client = new DummyClient({});
    client.input.value = 21;
    await client.dispatch();
    expect(client.output.value).toBe(42);
    expect(client.mode).toBe("PseudoAsync");
    expect(client.counted).toEqual([0]);
  });

  it.each([
    [0, 1],
    [1, 1],
    [3, 3],
  ])("allowedTries %i: %i calls of the same server", async (allowedTries, calls) => {
    const client = new DummyClient({ allowedTries: cms.untracked.uint32(allowedTries) }, lost);
    const error = await failure(client.dispatch());
    expect(client.calls).toBe(calls);
    expect(error.category).toBe("ExternalFailure");
    expect(error.message).toBe(
      `SonicCallFailed: call failed after max ${calls} tries; the last one: connection lost`,
    );
    expect(client.counted).toEqual([]);
  });

  it("a failure that another try mends is a warning", async () => {
    messages.length = 0;
    const client = new DummyClient({ allowedTries: cms.untracked.uint32(5) }, (call) =>
      call < 3 ? lost() : undefined,
    );
    await client.dispatch();
    expect(client.calls).toBe(3);
    expect(client.counted).toEqual([2]);
    expect(messages.map(({ severity, text }) => [severity, text])).toEqual([
      ["WARNING", "Test:DummyClient: connection lost"],
      ["WARNING", "Test:DummyClient: connection lost"],
    ]);
  });

  it("any other failure ends the call at once", async () => {
    const client = new DummyClient(
      { allowedTries: cms.untracked.uint32(5) },
      () => new Exception("ModelErrors", "no inputs"),
    );
    expect((await failure(client.dispatch())).category).toBe("ModelErrors");
    expect(client.calls).toBe(1);
  });

  it("tries the actions in their order, each as often as it may", async () => {
    const client = new DummyClient(
      retry(["RetrySameServerAction", 2], ["RetryActionDiffServer", 1], ["RetryFallbackServerAction", 1]),
      lost,
    );
    expect((await failure(client.dispatch())).message).toContain("after max 5 tries");
    expect(client.prepared).toEqual([
      "RetrySameServerAction",
      "RetrySameServerAction",
      "RetryActionDiffServer",
      "RetryFallbackServerAction",
    ]);
  });

  it("passes over an action that can do nothing, and begins anew with the next call", async () => {
    let failing = true;
    const client = new DummyClient(
      retry(["RetryActionDiffServer", 3], ["RetryFallbackServerAction", 1]),
      () => (failing ? lost() : undefined),
      ["RetryFallbackServerAction"],
    );
    expect((await failure(client.dispatch())).message).toContain("after max 2 tries");
    expect(client.prepared).toEqual(["RetryActionDiffServer", "RetryFallbackServerAction"]);
    failing = false;
    await client.dispatch();
    expect(client.counted).toEqual([0]);
  });

  it("waits longer before each repetition", async () => {
    const client = new DummyClient(
      { ...retry(["RetrySameServerAction", 3]), retryBackoffMs: cms.untracked.uint32(20) },
      lost,
    );
    const start = performance.now();
    await failure(client.dispatch());
    expect(performance.now() - start).toBeGreaterThanOrEqual(20 + 40 + 80);
  });

  it.each([
    ["Sync", 1],
    ["Async", 3],
    ["PseudoAsync", 3],
  ])("%s: at most %i calls of a thread at once", async (mode, most) => {
    const clients = [1, 2, 3].map((value) => {
      const client = new DummyClient({ mode: cms.string(mode) });
      client.input.value = value;
      return client;
    });
    await Promise.all(clients.map((client) => client.dispatch()));
    expect(clients.map(({ output }) => output.value)).toEqual([2, 4, 6]);
    expect(Math.max(...clients.map((client) => client.most))).toBe(most);
  });

  it("a Sync call that fails does not hold up the others", async () => {
    const sync = { mode: cms.string("Sync") };
    const [bad, good] = [new DummyClient(sync, lost), new DummyClient(sync)];
    const failed = failure(bad.dispatch());
    await good.dispatch();
    expect((await failed).message).toContain("SonicCallFailed");
    expect(good.counted).toEqual([0]);
  });

  it("refuses modes and actions that do not exist", () => {
    expect(() => new DummyClient({ mode: cms.string("Asynch") })).toThrow(
      "Unknown mode for SonicClient: Asynch; did you mean 'Async'?",
    );
    expect(() => new DummyClient(retry(["Retry", 1]))).toThrow(
      "Unknown retryType for SonicClient: Retry; known: ",
    );
  });
});
