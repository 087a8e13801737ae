import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Container } from "inversify";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Exception } from "../../../../framework/base/errors.js";
import { type LogMessage, setLogSink } from "../../../../framework/base/log.js";
import { cms } from "../../../../framework/config/cms.js";
import {
  construct,
  DEFINE_FWK_SERVICE,
  type PluginClass,
} from "../../../../framework/modules/PluginFactory.js";
import type { ParameterSetDescription } from "../../../../framework/parameters/description.js";
import { ParameterSet } from "../../../../framework/parameters/ParameterSet.js";
import { validateParameters } from "../../../../framework/parameters/validateParameters.js";
import type { Parameters } from "../../../../framework/parameters/values.js";
import "../../../../framework/serving/sonic/register.js";
import {
  TritonClient,
  tritonClientParameters,
  type TritonParameters,
} from "../../../../framework/serving/sonic/TritonClient.js";
import { fallbackName, openToAll } from "../../../../framework/serving/sonic/TritonServer.js";
import { TritonService } from "../../../../framework/serving/sonic/TritonService.js";
import { tritonServiceParameters } from "../../../../framework/serving/sonic/tritonServiceParameters.js";
import { answer, FakeTriton, sums } from "./FakeTriton.js";

const messages: LogMessage[] = [];
setLogSink((message) => messages.push(message));
const { untracked } = cms;

class Holder {
  static readonly description = tritonClientParameters;
  static readonly concurrency = "service";
  static readonly kind = "Service";
  readonly client: TritonClient;
  constructor(pset: TritonParameters) {
    this.client = new TritonClient(pset, "Holder");
  }
}
DEFINE_FWK_SERVICE("Holder")(Holder);

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
  messages.length = 0;
});

async function fake(name?: string, port?: number): Promise<FakeTriton> {
  const server = await FakeTriton.start(name, port);
  open.unshift(() => server.stop());
  return server;
}

function validated<D extends ParameterSetDescription>(description: D, given: object): ParameterSet<D> {
  const owner = { name: "test", where: () => "" };
  return new ParameterSet<D>(validateParameters(owner, description, given as Parameters));
}

/** A client of these servers, as a module of a job has it. */
async function client(
  servers: readonly { readonly name: string; readonly port: number; readonly tokenFile?: string }[],
  given: object = {},
): Promise<TritonClient> {
  const listed = servers.map(({ name, port, tokenFile = "" }) =>
    cms.PSet({
      name: untracked.string(name),
      address: untracked.string("127.0.0.1"),
      port: untracked.uint32(port),
      tokenFile: untracked.string(tokenFile),
    }),
  );
  const container = new Container();
  const servicePset = validated(tritonServiceParameters, { servers: untracked.VPSet(...listed) });
  const service = construct<TritonService>(
    container,
    TritonService as unknown as PluginClass,
    servicePset as unknown as ParameterSet,
    undefined,
  );
  container.bind(TritonService).toConstantValue(service);
  open.push(() => service.postEndJob());
  const pset = validated(tritonClientParameters, { modelName: cms.string("m"), ...given });
  const parameters = validated(
    { Client: { kind: "PSet", tracked: true, presence: "required", nested: tritonClientParameters } },
    { Client: cms.PSet({ modelName: cms.string("m"), ...given }) },
  );
  await service.preBeginJob([
    { label: "scores", type: "Test", parameters: parameters as unknown as ParameterSet },
  ]);
  const holder = construct<Holder>(
    container,
    Holder as unknown as PluginClass,
    pset as unknown as ParameterSet,
    undefined,
  );
  return holder.client;
}

async function run(of: TritonClient, rows: readonly number[]): Promise<number[]> {
  await of.connect();
  of.setBatchSize(rows.length / 2);
  of.input.at("x").toServer(Float32Array.from(rows));
  await of.dispatch();
  return Array.from(of.output.at("y").fromServer("float32").data);
}

const failure = (promise: Promise<unknown>): Promise<Exception> =>
  promise.then(
    () => Promise.reject(new Error("it did not fail")),
    (error: Exception) => error,
  );
const retry = (type: string, tries: number) => ({
  retryBackoffMs: untracked.uint32(1),
  Retry: cms.VPSet(cms.PSet({ retryType: cms.string(type), allowedTries: untracked.uint32(tries) })),
});

describe("TritonClient", () => {
  it("sends a rectangular batch as one request of raw bytes", async () => {
    const server = await fake();
    const one = await client([server]);
    expect(await run(one, [1, 2, 3, 4, 5, 6])).toEqual([3, 7, 11]);
    expect([one.maxBatchSize, one.batchSize, one.batchMode]).toEqual([8, 3, "Rectangular"]);
    expect(server.requests).toHaveLength(1);
    const [request] = server.requests;
    expect(request?.inputs.map(({ name, datatype, shape }) => [name, datatype, shape.map(Number)])).toEqual([
      ["x", "FP32", [3, 2]],
    ]);
    expect(request?.outputs.map(({ name }) => name)).toEqual(["y"]);
    one.reset();
    expect(one.batchSize).toBe(1);
  });

  it("sends nothing for a batch without rows", async () => {
    const server = await fake();
    const one = await client([server]);
    expect(await run(one, [])).toEqual([]);
    expect(server.requests).toHaveLength(0);
  });

  it("sends a request an entry of a ragged batch, and returns to rectangular", async () => {
    const server = await fake();
    server.metadata = {
      versions: ["1"],
      inputs: [{ name: "x", datatype: "FP32", shape: [-1, -1] }],
      outputs: [{ name: "y", datatype: "FP32", shape: [-1, 1] }],
    };
    const one = await client([server]);
    await one.connect();
    const rows = [[1, 2, 3], [4], [5, 6]];
    for (const [entry, row] of rows.entries()) {
      one.addEntry(entry);
      one.input.at("x").setShape(0, row.length, entry);
      one.input.at("x").toServer(Float32Array.from(row), entry);
    }
    expect([one.batchMode, one.batchSize]).toEqual(["Ragged", 3]);
    await one.dispatch();
    expect(rows.map((_, entry) => Array.from(one.output.at("y").fromServer("float32", entry).data))).toEqual([
      [6],
      [4],
      [11],
    ]);
    expect(server.requests.map(({ inputs }) => inputs[0]?.shape.map(Number))).toEqual([
      [1, 3],
      [1, 1],
      [1, 2],
    ]);
    one.reset();
    expect(one.batchMode).toBe("Rectangular");
    one.setBatchMode("Ragged");
    one.reset();
    expect(one.batchMode).toBe("Ragged");
  });

  it("has at most 32 requests of a ragged batch under way", async () => {
    const server = await fake();
    server.infer = async (request) => {
      await new Promise((done) => setTimeout(done, 20));
      return sums(request);
    };
    const one = await client([server]);
    await one.connect();
    one.setBatchMode("Ragged");
    one.setBatchSize(100);
    for (let entry = 0; entry < 100; entry++) one.input.at("x").toServer(Float32Array.of(entry, 1), entry);
    await one.dispatch();
    for (let entry = 0; entry < 100; entry++)
      expect(one.output.at("y").fromServer("float32", entry).data[0]).toBe(entry + 1);
    expect(server.most).toBe(32);
  });

  it("carries strings and models without a batch dimension", async () => {
    const server = await fake();
    server.config = { max_batch_size: 0 };
    server.metadata = {
      versions: ["1"],
      inputs: [{ name: "x", datatype: "BYTES", shape: [2] }],
      outputs: [{ name: "y", datatype: "BYTES", shape: [-1] }],
    };
    server.infer = ({ raw_input_contents }) => ({
      outputs: [{ name: "y", datatype: "BYTES", shape: [2] }],
      raw_output_contents: raw_input_contents,
    });
    const one = await client([server]);
    await one.connect();
    expect(() => one.setBatchSize(2)).toThrow(
      "Requested batch size 2 exceeds server-specified max batch size 1",
    );
    one.input.at("x").toServer([Buffer.from("a"), Buffer.from("bcd")]);
    await one.dispatch();
    const { shape, data } = one.output.at("y").fromServer("string");
    expect([shape, data.map((bytes) => Buffer.from(bytes).toString())]).toEqual([[2], ["a", "bcd"]]);
  });

  it.each([
    [14, "UNAVAILABLE"],
    [4, "DEADLINE_EXCEEDED"],
    [1, "CANCELLED"],
    [2, "UNKNOWN"],
    [5, "NOT_FOUND"],
    [8, "RESOURCE_EXHAUSTED"],
    [13, "INTERNAL"],
  ])("status %i (%s) is tried again", async (code, name) => {
    const server = await fake();
    server.infer = (request, call) => (call < 3 ? { code, details: "not now" } : sums(request));
    const one = await client([server], retry("RetrySameServerAction", 2));
    expect(await run(one, [1, 2])).toEqual([3]);
    const warnings = messages.filter(({ severity }) => severity === "WARNING").map(({ text }) => text);
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toBe(
      `Holder:TritonClient: ModelInfer of model 'm' on server 'fake' (127.0.0.1:${server.port}): ${name}: not now`,
    );
  });

  it("a request that is wrong is no better at the next try", async () => {
    const server = await fake();
    server.infer = () => ({ code: 3, details: "wrong" });
    const error = await failure(run(await client([server], retry("RetrySameServerAction", 2)), [1, 2]));
    expect([error.category, server.requests.length]).toEqual(["TritonFailure", 1]);
    expect(error.message).toContain("INVALID_ARGUMENT: wrong");
  });

  it("a server that answers what was not asked is left for another", async () => {
    const [odd, good] = [await fake("odd"), await fake("good")];
    odd.infer = () => answer([2, 1], new Float32Array(2));
    expect(await run(await client([odd, good], retry("RetryActionDiffServer", 1)), [1, 2])).toEqual([3]);
    expect([odd.requests.length, good.requests.length]).toEqual([1, 1]);
  });

  it("a server that was not there when the job began takes over when it is", async () => {
    const early = await fake("early");
    const late = await fake("late");
    late.stop();
    const one = await client([early, late], retry("RetryActionDiffServer", 1));
    expect(await run(one, [1, 2])).toEqual([3]);
    early.infer = () => ({ code: 14, details: "gone" });
    const there = await fake("late", late.port);
    // The connection is tried anew some 100 ms after it failed.
    await sleep(500);
    expect(await run(one, [3, 4])).toEqual([7]);
    expect(there.requests).toHaveLength(1);
  });

  it("calls the fallback server in Sync mode, whatever was configured", async () => {
    const [first, own] = [await fake("first"), await fake("own")];
    first.infer = () => ({ code: 14, details: "gone" });
    const fallback = { name: fallbackName, address: "127.0.0.1", port: own.port, ...openToAll };
    vi.spyOn(TritonService.prototype, "fallbackServer").mockResolvedValueOnce(fallback);
    const one = await client([first], {
      mode: cms.string("Async"),
      ...retry("RetryFallbackServerAction", 1),
    });
    expect(one.mode).toBe("Async");
    expect(await run(one, [1, 2])).toEqual([3]);
    expect([one.mode, own.requests.length]).toEqual(["Sync", 1]);
    await expect(client([own, { name: "fallback", port: 1 }])).rejects.toThrow(
      "Not allowed to specify more than one server with same name (fallback)",
    );
  });

  it("shows a server its token, read again when it was refused", async () => {
    const folder = mkdtempSync(join(tmpdir(), "token-"));
    open.push(() => rmSync(folder, { recursive: true }));
    const tokenFile = join(folder, "token");
    writeFileSync(tokenFile, "first\n");
    const server = await fake();
    const one = await client([{ name: server.name, port: server.port, tokenFile }], {
      ...retry("RetrySameServerAction", 1),
    });
    expect(await run(one, [1, 2])).toEqual([3]);
    expect(server.authorization).toBe("Bearer first");
    writeFileSync(tokenFile, "second\n");
    server.infer = (request) =>
      server.authorization === "Bearer second" ? sums(request) : { code: 16, details: "expired" };
    expect(await run(one, [3, 4])).toEqual([7]);
    expect(messages.map(({ text }) => text).join("\n")).not.toMatch(/first|second/);
  });

  it("leaves a server that does not answer in time for another", async () => {
    const [hanging, good] = [await fake("hanging"), await fake("good")];
    hanging.infer = () => "never";
    const one = await client([hanging, good], {
      ...retry("RetryActionDiffServer", 1),
      timeout: untracked.uint32(60_000),
      timeoutUnit: untracked.string("microseconds"),
    });
    const start = performance.now();
    expect(await run(one, [1, 2])).toEqual([3]);
    expect(performance.now() - start).toBeLessThan(2000);
    expect([hanging.requests.length, good.requests.length]).toEqual([1, 1]);
    expect(await run(one, [3, 4])).toEqual([7]);
    expect([hanging.requests.length, good.requests.length]).toEqual([1, 2]);
  });

  it("does not go on with another model of the same name", async () => {
    const [first, second] = [await fake("first"), await fake("second")];
    first.infer = () => ({ code: 14, details: "gone" });
    second.metadata = {
      versions: ["1"],
      inputs: [{ name: "x", datatype: "FP64", shape: [-1, 2] }],
      outputs: [{ name: "y", datatype: "FP32", shape: [-1, 1] }],
    };
    const error = await failure(
      run(await client([first, second], retry("RetryActionDiffServer", 1)), [1, 2]),
    );
    expect(error.category).toBe("ModelErrors");
    expect(error.message).toContain("model 'm' is not the same on the server that takes over");
  });

  it.each([
    ["another shape", answer([2, 1], new Float32Array(2)), "its shape is [2,1]"],
    ["another type", answer([1, 1], new Float32Array(1), "INT32"), "it is INT32"],
    ["another output", answer([1, 1], new Float32Array(1), "FP32", "z"), "it is not in the answer"],
    ["too few bytes", answer([1, 1], new Float32Array(0)), "unexpected byte size 0, expected 4"],
  ])("refuses an answer with %s", async (_what, reply, message) => {
    const server = await fake();
    server.infer = () => reply;
    expect((await failure(run(await client([server]), [1, 2]))).message).toContain(message);
  });

  it("refuses malformed models and outputs that are not there", async () => {
    const server = await fake();
    server.metadata = { versions: ["1"], inputs: [], outputs: [] };
    const none = await failure((await client([server])).connect());
    expect([none.category, none.message]).toEqual([
      "ModelErrors",
      "model 'm': Model on server appears malformed (zero inputs)\nModel on server appears malformed (zero outputs)",
    ]);
    const odd = await fake("odd");
    odd.config = {};
    odd.metadata = { versions: [] };
    expect((await failure((await client([odd])).connect())).category).toBe("ModelErrors");
    const other = await client([await fake()], { outputs: untracked.vstring(["y", "z"]) });
    expect((await failure(other.connect())).category).toBe("MissingOutput");
  });

  it("is not given a server that has not its version", async () => {
    const one = await client([await fake()], { modelVersion: cms.string("2") });
    const error = await failure(one.connect());
    expect([error.category, error.message]).toEqual([
      "MissingModel",
      "no server has model 'm' in version 2: 'fake' has m, m:1. Add a server that has it, or enable the fallback server and give the client's modelConfigPath.",
    ]);
  });

  it("compresses when asked to", async () => {
    const server = await fake();
    const one = await client([server], { compression: untracked.string("gzip") });
    expect(await run(one, [1, 2])).toEqual([3]);
    await expect(client([server], { compression: untracked.string("lz4") })).rejects.toThrow(
      "Unknown compression algorithm requested: lz4; known: 'none', 'deflate', 'gzip'",
    );
  });
});
