import http2 from "node:http2";
import { connect } from "node:net";
import { gzipSync } from "node:zlib";
import {
  type CallOptions,
  Client,
  type ClientOptions,
  credentials,
  Metadata,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import {
  type InferenceMethod,
  inferencePath,
  requestType,
  responseType,
} from "../../../../framework/serving/kserve/inferenceSchema.js";
import { FolderRepository } from "../../../../framework/serving/repository/FolderRepository.js";
import { emptyStatistics, type ServedModel } from "../../../../framework/serving/ServedModel.js";
import { defaults, type ServeOptions } from "../../../../framework/serving/server/ServeOptions.js";
import { Server } from "../../../../framework/serving/server/Server.js";
import type { TensorLike } from "../../../../framework/tensorflow/Tensor.js";

/** Answers what it is asked, when it is told to. */
class Gate implements ServedModel {
  readonly name = "gate";
  readonly version = "1";
  readonly platform = "none";
  readonly inputs = [{ name: "x", dtype: "float32", shape: [1] }] as const;
  readonly outputs = [{ name: "y", dtype: "float32", shape: [1] }] as const;
  readonly maxBatchSize = 0;
  readonly maxLatencyMs = 0;
  readonly statistics = emptyStatistics();
  readonly waiting: (() => void)[] = [];

  infer(inputs: readonly TensorLike[]): Promise<readonly TensorLike[]> {
    return new Promise((resolve) => this.waiting.push(() => resolve(inputs)));
  }

  open(): void {
    for (const answer of this.waiting.splice(0)) answer();
  }

  async close(): Promise<void> {}
}

/** Takes the event loop for 20 ms a call. */
class Busy extends Gate {
  override infer(inputs: readonly TensorLike[]): Promise<readonly TensorLike[]> {
    for (const end = performance.now() + 20; performance.now() < end; );
    return Promise.resolve(inputs);
  }
}

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function start(options: Partial<ServeOptions> = {}, gate = new Gate()) {
  const repository = new FolderRepository();
  const load = async () => repository.add(gate);
  const contents = {
    name: "s",
    version: "0",
    service: undefined,
    repository,
    load,
    allowsModelControl: false,
  };
  const server = await Server.listen(contents, { ...defaults, port: 0, grpcPort: 0, ...options });
  ends.push(() => server.stop(0));
  const [http = "", grpc = ""] = server.urls;
  const metrics = async () =>
    (await (await fetch(`${http}/metrics`, { headers: { authorization: "Bearer t" } })).text()).split("\n");
  return { server, gate, http, address: grpc.replace("grpc://", ""), metrics };
}

/** With a connection of its own. */
function clientOf(address: string, more: ClientOptions = {}): Client {
  const options = { "grpc.use_local_subchannel_pool": 1, ...more };
  const client = new Client(address, credentials.createInsecure(), options);
  ends.push(() => client.close());
  return client;
}

const infer = { model_name: "gate", inputs: [{ name: "x", datatype: "FP32", shape: [1] }] };
const inferRequest = { ...infer, raw_input_contents: [new Uint8Array(4)] };

/** Gives gRPC's code. */
function call(
  client: Client,
  method: InferenceMethod,
  message: object = {},
  options: CallOptions = {},
  metadata = new Metadata(),
): Promise<number> {
  const [given, type] = [requestType(method), responseType(method)];
  return new Promise((resolve) => {
    const serialize = (value: object) => Buffer.from(given.encode(given.fromObject(value)).finish());
    client.makeUnaryRequest(
      inferencePath(method),
      serialize,
      (bytes: Buffer) => type.decode(bytes),
      message,
      metadata,
      options,
      (error: ServiceError | null) => resolve(error?.code ?? status.OK),
    );
  });
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
async function until(what: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !what(); i++) await sleep(10);
  expect(what()).toBe(true);
}

describe("a gRPC call", () => {
  it("is in the metrics and the log, with the status that its twin over HTTP has", async () => {
    const lines: string[] = [];
    const { server, gate, address, metrics } = await start({
      maxRequestBytes: 1000,
      timeoutMs: 300,
      token: "t",
      accessLog: (line) => lines.push(line),
    });
    await server.load();
    const client = clientOf(address);
    const token = new Metadata();
    token.set("authorization", "Bearer t");
    const ask = (message: object, options: CallOptions = {}) =>
      call(client, "ModelInfer", message, options, token);
    const answers = [ask(inferRequest)];
    await until(() => gate.waiting.length === 1);
    const name = "/inference.GRPCInferenceService/ModelInfer";
    const progress = `cmsrun_server_request_in_progress{endpoint="${name}",service_name="s"}`;
    expect(await metrics()).toContain(`${progress} 1`);
    gate.open();
    answers.push(ask(infer));
    answers.push(ask({ model_name: "none" }));
    answers.push(ask({ ...inferRequest, raw_input_contents: [new Uint8Array(2000)] }));
    answers.push(call(client, "ModelInfer", inferRequest));
    expect(await Promise.all(answers)).toEqual([0, 3, 5, 8, 16]);
    expect(await ask(inferRequest, { deadline: Date.now() + 50 })).toBe(status.DEADLINE_EXCEEDED);
    expect(await ask(inferRequest)).toBe(status.DEADLINE_EXCEEDED);
    expect(await call(client, "ServerLive")).toBe(status.OK);
    await until(() => lines.filter((line) => line.includes("ModelInfer")).length === 7);
    const found = await metrics();
    const total = (code: number) =>
      `cmsrun_server_request_total{endpoint="${name}",http_response_code="${code}",service_name="s"}`;
    for (const code of [200, 400, 404, 429, 401]) expect(found).toContain(`${total(code)} 1`);
    expect(found).toContain(`${progress} 0`);
    // A client's own deadline may end the call there before it ends here.
    const late = found.filter((line) => line.startsWith(total(504)) || line.startsWith(total(499)));
    expect(late.reduce((sum, line) => sum + Number(line.split(" ")[1]), 0)).toBe(2);
    expect(lines.find((line) => line.includes("ModelInfer"))).toMatch(
      /^\S+Z 127\.0\.0\.1 "POST \/inference\S+ModelInfer" \d{3} [\d.]+ ms -\n$/,
    );
  });

  it("takes one of the places of --max-concurrency, whichever connection it comes over", async () => {
    const { server, gate, http, address } = await start({ maxConcurrency: 2 });
    expect(await call(clientOf(address), "ModelInfer", inferRequest)).toBe(status.UNAVAILABLE);
    await server.load();
    const others = Array.from({ length: 3 }, () => clientOf(address));
    const first = others.slice(0, 2).map((client) => call(client, "ModelInfer", inferRequest));
    await until(() => gate.waiting.length === 2);
    for (const client of [others[0], others[2]])
      expect(await call(client as Client, "ModelInfer", inferRequest)).toBe(status.RESOURCE_EXHAUSTED);
    const body = JSON.stringify({ inputs: [{ ...infer.inputs[0], data: [1] }] });
    const rest = () => fetch(`${http}/v2/models/gate/infer`, { method: "POST", body });
    expect((await rest()).status).toBe(429);
    expect(await call(others[2] as Client, "ServerReady")).toBe(status.OK);
    gate.open();
    expect(await Promise.all(first)).toEqual([0, 0]);
    const last = [call(others[2] as Client, "ModelInfer", inferRequest), rest().then((r) => r.status)];
    await until(() => gate.waiting.length === 2);
    gate.open();
    expect(await Promise.all(last)).toEqual([0, 200]);
  });

  it("that its client has left keeps its place until its work is done", async () => {
    const { server, gate, address } = await start({ maxConcurrency: 1 });
    await server.load();
    const client = clientOf(address);
    expect(await call(client, "ModelInfer", inferRequest, { deadline: Date.now() + 100 })).toBe(
      status.DEADLINE_EXCEEDED,
    );
    expect(await call(client, "ModelInfer", inferRequest)).toBe(status.RESOURCE_EXHAUSTED);
    gate.open();
    await sleep(20);
    const next = call(client, "ModelInfer", inferRequest);
    await until(() => gate.waiting.length === 1);
    gate.open();
    expect(await next).toBe(status.OK);
  });

  it("over REST does so too", async () => {
    const { server, gate, http } = await start({ maxConcurrency: 1 });
    await server.load();
    const body = JSON.stringify({ inputs: [{ ...infer.inputs[0], data: [1] }] });
    const ask = (signal?: AbortSignal) =>
      fetch(`${http}/v2/models/gate/infer`, { method: "POST", body, ...(signal && { signal }) });
    await expect(ask(AbortSignal.timeout(100))).rejects.toThrow();
    await sleep(20);
    expect((await ask()).status).toBe(429);
    gate.open();
    await sleep(20);
    const next = ask();
    await until(() => gate.waiting.length === 1);
    gate.open();
    expect((await next).status).toBe(200);
  });

  it("whose message does not come is ended when its time is up", async () => {
    const { server, address, metrics } = await start({ timeoutMs: 200 });
    await server.load();
    const stream = clientOf(address).makeClientStreamRequest(
      inferencePath("ModelInfer"),
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => bytes,
      (error) => expect(error?.code).toBe(status.DEADLINE_EXCEEDED),
    );
    await new Promise((resolve) => stream.on("status", resolve));
    await sleep(50);
    expect(
      (await metrics()).filter((line) => /request_total.*ModelInfer.*"504".* 1$/.test(line)),
    ).toHaveLength(1);
  });
});

describe("large gRPC messages", () => {
  const maxRequestBytes = 200_000;
  const large = { ...infer, raw_input_contents: [new Uint8Array(180_000)] };
  /** The first bytes of a message that says it is as long as may be. */
  const beginOf = (bytes: number) => {
    const piece = Buffer.alloc(5 + bytes);
    piece.writeUInt32BE(maxRequestBytes, 1);
    return piece;
  };

  it("that arrive are bounded together; small ones are taken all the same", async () => {
    const { server, gate, address } = await start({ maxRequestBytes });
    await server.load();
    const session = http2.connect(`http://${address}`);
    ends.push(() => session.destroy());
    const begin = () => {
      const stream = session.request({
        ":method": "POST",
        ":path": inferencePath("ModelInfer"),
        "content-type": "application/grpc",
        te: "trailers",
      });
      const answer = new Promise<string>((resolve) => {
        stream.on("response", (headers) => resolve(String(headers["grpc-status"])));
      });
      stream.on("error", () => {});
      stream.write(beginOf(190_000));
      return { stream, answer };
    };
    const slow = Array.from({ length: 16 }, begin);
    await sleep(200);
    const client = clientOf(address);
    expect(await call(client, "ModelInfer", large)).toBe(status.UNAVAILABLE);
    const small = call(client, "ModelInfer", inferRequest);
    await until(() => gate.waiting.length === 1);
    gate.open();
    expect(await small).toBe(status.OK);
    const first = await Promise.race(slow.map(({ answer }) => answer));
    expect(Number(first)).toBe(status.UNAVAILABLE);
    for (const { stream } of slow) stream.destroy();
    await sleep(50);
    expect(await call(client, "ModelInfer", large)).toBe(status.INVALID_ARGUMENT);
  });

  it("of a stream are room again when they are answered", async () => {
    const { server, address } = await start({ maxRequestBytes });
    await server.load();
    const [given, type] = [requestType("ModelStreamInfer"), responseType("ModelStreamInfer")];
    const stream = clientOf(address).makeBidiStreamRequest(
      inferencePath("ModelStreamInfer"),
      (value: object) => Buffer.from(given.encode(given.fromObject(value)).finish()),
      (bytes: Buffer) => type.decode(bytes),
    );
    let answers = 0;
    stream.on("data", () => answers++);
    for (let i = 1; i <= 40; i++) {
      stream.write(large);
      await until(() => answers === i);
    }
    stream.end();
    await new Promise((resolve) => stream.on("status", ({ code }) => resolve(expect(code).toBe(0))));
  });
});

describe("compressed gRPC messages", () => {
  it("are inflated a few at a time, as bodies over HTTP are", { timeout: 60_000 }, async () => {
    const { server, gate, address } = await start();
    await server.load();
    for (const algorithm of [1, 2]) {
      const client = clientOf(address, { "grpc.default_compression_algorithm": algorithm });
      const answer = call(client, "ModelInfer", inferRequest);
      await until(() => gate.waiting.length === 1);
      gate.open();
      expect(await answer).toBe(status.OK);
    }
    // 48 MB each, in 47 kB. Refused when they are read, being no rows of this model.
    const bomb = { ...infer, raw_input_contents: [new Uint8Array(48 * 2 ** 20)] };
    const message = framed(
      gzipSync(requestType("ModelInfer").encode(requestType("ModelInfer").fromObject(bomb)).finish()),
    );
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, process.memoryUsage().arrayBuffers);
    }, 2);
    const session = http2.connect(`http://${address}`);
    ends.push(() => session.destroy());
    const codes = await Promise.all(Array.from({ length: 24 }, () => send(session, message)));
    clearInterval(watch);
    expect(new Set(codes)).toEqual(new Set([String(status.INVALID_ARGUMENT)]));
    expect(most).toBeLessThan(700 * 2 ** 20);
    expect(await send(session, framed(Buffer.from("no gzip")))).toBe(String(status.INVALID_ARGUMENT));
    const tooLarge = gzipSync(Buffer.alloc(defaults.maxRequestBytes + 1));
    expect(await send(session, framed(tooLarge))).toBe(String(status.RESOURCE_EXHAUSTED));
  });

  /** With the head that says compressed. */
  function framed(body: Buffer): Buffer {
    const head = Buffer.from([1, 0, 0, 0, 0]);
    head.writeUInt32BE(body.length, 1);
    return Buffer.concat([head, body]);
  }

  function send(session: http2.ClientHttp2Session, message: Buffer): Promise<string> {
    const stream = session.request({
      ":method": "POST",
      ":path": inferencePath("ModelInfer"),
      "content-type": "application/grpc",
      "grpc-encoding": "gzip",
      te: "trailers",
    });
    return new Promise((resolve, reject) => {
      const answered = (headers: http2.IncomingHttpHeaders) => {
        if (headers["grpc-status"] !== undefined) resolve(String(headers["grpc-status"]));
      };
      stream.on("response", answered).on("trailers", answered).on("error", reject).resume();
      stream.end(message);
    });
  }
});

it("more gRPC calls than can be answered in time are answered or refused, and none is late", async () => {
  const { server, address } = await start({ timeoutMs: 800 }, new Busy());
  await server.load();
  const clients = Array.from({ length: 8 }, () => clientOf(address));
  await Promise.all(clients.map((client) => call(client, "ServerLive")));
  const answers = Array.from({ length: 160 }, (_, i) =>
    call(clients[i % 8] as Client, "ModelInfer", inferRequest),
  );
  const codes = new Set(await Promise.all(answers));
  expect([...codes].sort()).toEqual([status.OK, status.UNAVAILABLE]);
  expect(await call(clients[0] as Client, "ModelInfer", inferRequest)).toBe(status.OK);
});

describe("a gRPC server", () => {
  it("has no more connections than --max-connections", async () => {
    const { server, address } = await start({ maxConnections: 2 });
    await server.load();
    const port = Number(address.split(":")[1]);
    const idle = [0, 1].map(() => connect(port, "127.0.0.1"));
    await Promise.all(idle.map((socket) => new Promise((resolve) => socket.on("connect", resolve))));
    await sleep(50);
    expect(await call(clientOf(address), "ServerLive")).toBe(status.UNAVAILABLE);
    for (const socket of idle) socket.destroy();
    await sleep(50);
    expect(await call(clientOf(address), "ServerLive")).toBe(status.OK);
  });

  it("that is stopped answers what it has, and waits for no stream that asks nothing", async () => {
    const { server, gate, address } = await start();
    await server.load();
    const client = clientOf(address);
    const [given, type] = [requestType("ModelStreamInfer"), responseType("ModelStreamInfer")];
    const open = () =>
      client.makeBidiStreamRequest(
        inferencePath("ModelStreamInfer"),
        (value: object) => Buffer.from(given.encode(given.fromObject(value)).finish()),
        (bytes: Buffer) => type.decode(bytes),
      );
    const [idle, busy] = [open(), open()];
    const answers: object[] = [];
    busy.on("data", (answer: object) => answers.push(answer));
    idle.on("data", () => {});
    const ended = [idle, busy].map((stream) => new Promise((resolve) => stream.on("end", resolve)));
    busy.write(inferRequest);
    const one = call(client, "ModelInfer", inferRequest);
    await until(() => gate.waiting.length === 2);
    const stopped = server.stop(5000);
    await sleep(50);
    gate.open();
    expect([await stopped, await one, answers.length]).toEqual([0, 0, 1]);
    await Promise.all(ended);
  });

  it("tells how many calls were cut off", async () => {
    const { server, gate, address } = await start();
    await server.load();
    const client = clientOf(address);
    const calls = [0, 1, 2].map(() => call(client, "ModelInfer", inferRequest));
    await until(() => gate.waiting.length === 3);
    expect(await server.stop(100)).toBe(3);
    for (const code of await Promise.all(calls)) expect(code).not.toBe(status.OK);
  });
});
