import { Client, credentials, Server, ServerCredentials, type ServiceError, status } from "@grpc/grpc-js";
import Fastify from "fastify";
import { afterEach, describe, expect, it } from "vitest";
import { Exception } from "../../../../framework/base/errors.js";
import { setLogSink } from "../../../../framework/base/log.js";
import { addKserveService } from "../../../../framework/serving/kserve/addKserveService.js";
import { inferencePath, requestType } from "../../../../framework/serving/kserve/inferenceSchema.js";
import { registerKserveRest } from "../../../../framework/serving/kserve/registerKserveRest.js";
import { FolderRepository } from "../../../../framework/serving/repository/FolderRepository.js";
import { emptyStatistics, type ServedModel } from "../../../../framework/serving/ServedModel.js";
import { requestTimeout, ServerBusy } from "../../../../framework/serving/servingErrors.js";

const options = { server: { name: "test", version: "1" }, isReady: () => false, allowsModelControl: false };
const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

/** A model that always fails in this way. */
function failing(error: unknown): FolderRepository {
  const model: ServedModel = {
    name: "m",
    version: "1",
    platform: "test",
    inputs: [],
    outputs: [],
    maxBatchSize: 0,
    maxLatencyMs: 0,
    statistics: emptyStatistics(),
    infer: () => Promise.reject(error),
    close: async () => {},
  };
  const repository = new FolderRepository();
  repository.add(model);
  return repository;
}

async function overRest(repository: FolderRepository, url = "/v2/models/m/infer") {
  const app = Fastify();
  open.push(() => app.close());
  await app.register((scope) => registerKserveRest(scope, repository, options));
  const answer = await app.inject({ method: "POST", url, payload: '{"inputs":[]}' });
  return { status: answer.statusCode, body: answer.json(), retryAfter: answer.headers["retry-after"] };
}

async function overGrpc(repository: FolderRepository): Promise<ServiceError | null> {
  const server = new Server();
  addKserveService(server, repository, options);
  const port = await new Promise<number>((resolve) =>
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (_, bound) => resolve(bound)),
  );
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  open.push(
    () => server.forceShutdown(),
    () => client.close(),
  );
  const bytes = requestType("ModelInfer").encode({ model_name: "m" }).finish();
  const plain = (value: Buffer) => value;
  return new Promise((resolve) => {
    client.makeUnaryRequest(inferencePath("ModelInfer"), plain, plain, Buffer.from(bytes), resolve);
  });
}

describe("faults", () => {
  const cases: [string, unknown, number, status, string][] = [
    [
      "a full queue",
      new ServerBusy("12 rows wait already.", 2500),
      503,
      status.UNAVAILABLE,
      "12 rows wait already",
    ],
    ["time that is up", requestTimeout("too late."), 504, status.DEADLINE_EXCEEDED, "too late"],
    ["a request that is wrong", new Exception("InvalidRun", "wrong."), 400, status.INVALID_ARGUMENT, "wrong"],
    ["a model that fails", new Exception("ExternalFailure", "no device."), 500, status.INTERNAL, "no device"],
    ["a bug", new TypeError("x is undefined"), 500, status.INTERNAL, "x is undefined"],
    ["what is no error", undefined, 500, status.INTERNAL, "a value that is no Error was thrown"],
  ];
  for (const [name, error, http, grpc, message] of cases)
    it(`have a status and a sentence: ${name}`, async () => {
      const logged: string[] = [];
      setLogSink(({ text }) => logged.push(text));
      const repository = failing(error);
      const rest = await overRest(repository);
      expect(rest.status).toBe(http);
      expect(Object.keys(rest.body)).toEqual(["error"]);
      expect(rest.body.error).toContain(message);
      expect(rest.retryAfter).toBe(http === 503 ? "3" : undefined);
      expect(await overGrpc(repository)).toMatchObject({
        code: grpc,
        details: expect.stringContaining(message),
      });
      expect(logged.length).toBe(http === 500 ? 2 : 0);
    });

  it("tell that models are fixed, and that the server is not ready", async () => {
    const repository = failing(undefined);
    const refused = { status: 400, body: { error: expect.stringContaining("loading is switched off") } };
    expect(await overRest(repository, "/v2/repository/models/m/unload")).toMatchObject(refused);
    expect(repository.get("m").name).toBe("m");
    const app = Fastify();
    open.push(() => app.close());
    await app.register((scope) => registerKserveRest(scope, repository, options));
    const ready = await app.inject({ method: "GET", url: "/v2/health/ready" });
    expect([ready.statusCode, Object.keys(ready.json())]).toEqual([503, ["error"]]);
  });
});
