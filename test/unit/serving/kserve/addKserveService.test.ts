import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CallOptions, Client, credentials, type ServiceError, status } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type InferenceMethod,
  inferencePath,
  requestType,
  responseType,
} from "../../../../framework/serving/kserve/inferenceSchema.js";
import { startServer, type TestServer } from "./startServer.js";
import { writeModels } from "./testModels.js";

const folder = mkdtempSync(join(tmpdir(), "cmsrun-grpc-"));
let server: TestServer;
let client: Client;

beforeAll(async () => {
  writeModels(folder);
  server = await startServer(folder);
  client = new Client(`127.0.0.1:${server.grpcPort}`, credentials.createInsecure());
});
afterAll(async () => {
  client.close();
  await server.close();
  rmSync(folder, { recursive: true });
});

/** The members of all answers that are looked at. */
interface Plain {
  readonly id: string;
  readonly config: { readonly dynamic_batching: { readonly max_queue_delay_microseconds: string } };
  readonly models: readonly object[];
  readonly model_stats: readonly [
    { readonly inference_stats: { readonly success: { readonly ns: string } } },
  ];
  readonly outputs: readonly object[];
  readonly raw_output_contents: readonly [Uint8Array];
  readonly error_message: string;
  readonly infer_response: Plain;
}

function sendBytes(method: InferenceMethod, bytes: Uint8Array, options: CallOptions = {}): Promise<Plain> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      inferencePath(method),
      (message: Uint8Array) => Buffer.from(message),
      (answer: Buffer) =>
        responseType(method).toObject(responseType(method).decode(answer), { longs: String, defaults: true }),
      bytes,
      options,
      (error, answer) => (error ? reject(error) : resolve(answer as Plain)),
    );
  });
}

function call(method: InferenceMethod, request: object = {}, options: CallOptions = {}): Promise<Plain> {
  const type = requestType(method);
  return sendBytes(method, type.encode(type.fromObject(request)).finish(), options);
}

async function refused(answer: Promise<unknown>, code: status, message: string | RegExp) {
  const error = (await answer.then(
    () => undefined,
    (reason: unknown) => reason,
  )) as ServiceError | undefined;
  expect(error?.details).toMatch(message);
  expect(error?.code).toBe(code);
}

const echo = (model: string, datatype: string, shape: readonly number[], contents: object, more = {}) =>
  call("ModelInfer", { model_name: model, inputs: [{ name: "x", datatype, shape, contents }], ...more });

describe("inference.GRPCInferenceService", () => {
  it("tells of the server, its models and their statistics", async () => {
    expect(await call("ServerLive")).toEqual({ live: true });
    expect(await call("ServerReady")).toEqual({ ready: true });
    expect(await call("ServerMetadata")).toMatchObject({ name: "test server", version: "1.2.3" });
    expect(await call("ModelReady", { name: "mlp" })).toEqual({ ready: true });
    expect(await call("ModelReady", { name: "nope" })).toEqual({ ready: false });
    expect(await call("ModelMetadata", { name: "mlp" })).toEqual({
      name: "mlp",
      versions: ["1"],
      platform: "tensorflow_graphdef",
      inputs: [{ name: "inputs", datatype: "FP32", shape: ["-1", "20"] }],
      outputs: [{ name: "probs", datatype: "FP32", shape: ["-1", "2"] }],
    });
    const { config } = await call("ModelConfig", { name: "labelled" });
    expect(config).toMatchObject({ max_batch_size: 4, input: [{ name: "x", data_type: 11, dims: ["3"] }] });
    expect(config.dynamic_batching.max_queue_delay_microseconds).toBe("100");
    const { models } = await call("RepositoryIndex", { ready: true });
    expect(models).toContainEqual({ name: "mlp", version: "1", state: "READY", reason: "" });
    await echo("echo_fp64", "FP64", [2, 1], { fp64_contents: [1, 2] });
    const { model_stats } = await call("ModelStatistics", { name: "echo_fp64", version: "1" });
    expect(model_stats[0]).toMatchObject({ inference_count: "2", execution_count: "1" });
    expect(Number(model_stats[0].inference_stats.success.ns)).toBeGreaterThan(0);
  });

  it("takes typed contents of every type, exactly", async () => {
    const cases: [string, string, object, string][] = [
      ["echo_bool", "BOOL", { bool_contents: [true, false] }, "0100"],
      ["echo_int8", "INT8", { int_contents: [-128, 127] }, "807f"],
      [
        "echo_int64",
        "INT64",
        { int64_contents: ["9007199254740993", "-9223372036854775808"] },
        "01000000000020000000000000000080",
      ],
      ["echo_uint16", "UINT16", { uint_contents: [1, 65535] }, "0100ffff"],
      [
        "echo_uint64",
        "UINT64",
        { uint64_contents: ["18446744073709551615", "1"] },
        "ffffffffffffffff0100000000000000",
      ],
      ["echo_fp32", "FP32", { fp32_contents: [1.5, -2] }, "0000c03f000000c0"],
      [
        "echo_bytes",
        "BYTES",
        { bytes_contents: [Buffer.from("ab"), Buffer.from([0xff])] },
        "0200000061620100000" + "0ff",
      ],
    ];
    for (const [model, datatype, contents, hex] of cases) {
      const { outputs, raw_output_contents: raw } = await echo(model, datatype, [1, 2], contents);
      expect(outputs[0]).toMatchObject({ name: "y", datatype, shape: ["1", "2"] });
      expect(Buffer.from(raw[0]).toString("hex"), model).toBe(hex);
    }
  });

  it("gives raw contents back bit by bit, and the id", async () => {
    const raw = Buffer.from("00fe017c", "hex");
    const inputs = [{ name: "x", datatype: "FP16", shape: [1, 2] }];
    const answer = await call("ModelInfer", {
      model_name: "echo_fp16",
      id: "a",
      inputs,
      raw_input_contents: [raw],
    });
    expect(answer).toMatchObject({ id: "a", model_name: "echo_fp16", model_version: "1" });
    expect(Buffer.from(answer.raw_output_contents[0])).toEqual(raw);
  });

  it("refuses with the code and in the words that clients know", async () => {
    const { INVALID_ARGUMENT, NOT_FOUND, DEADLINE_EXCEEDED, UNIMPLEMENTED, UNAVAILABLE } = status;
    await refused(
      echo("nope", "FP32", [1, 1], { fp32_contents: [1] }),
      NOT_FOUND,
      "Request for unknown model: 'nope' is not found",
    );
    await refused(
      echo("echo_fp32", "FP32", [1, 2], { fp32_contents: [1] }),
      INVALID_ARGUMENT,
      "fp32_contents has 1 elements, its shape means 2",
    );
    await refused(
      echo("echo_fp32", "FP32", [1, 1], { fp64_contents: [1] }),
      INVALID_ARGUMENT,
      "fp32_contents has 0 elements",
    );
    await refused(
      echo("echo_int8", "INT8", [1, 1], { int_contents: [128] }),
      INVALID_ARGUMENT,
      "is 128, which is no INT8",
    );
    await refused(echo("echo_fp16", "FP16", [1, 1], {}), INVALID_ARGUMENT, "FP16 has no typed contents");
    await refused(
      echo("echo_fp32", "FP64", [1, 1], {}),
      INVALID_ARGUMENT,
      "data-type is 'FP64', but model 'echo_fp32' expects 'FP32'",
    );
    await refused(echo("echo_fp32", "FP32", [1, -1], {}), INVALID_ARGUMENT, "Expected [-1,-1], got [1,-1]");
    await refused(
      echo("echo_fp32", "FP32", [1, 2], { fp32_contents: [1, 2] }, { raw_input_contents: [Buffer.alloc(8)] }),
      INVALID_ARGUMENT,
      "has contents although",
    );
    await refused(
      echo("echo_fp32", "FP32", [1, 2], {}, { raw_input_contents: [Buffer.alloc(8), Buffer.alloc(8)] }),
      INVALID_ARGUMENT,
      "expected 1 raw_input_contents",
    );
    await refused(
      echo("echo_fp32", "FP32", [1, 2], {}, { raw_input_contents: [Buffer.alloc(7)] }),
      INVALID_ARGUMENT,
      "unexpected byte size 7, expected 8",
    );
    await refused(
      echo("echo_fp32", "FP32", [1, 1], { fp32_contents: [1] }, { outputs: [{ name: "q" }] }),
      INVALID_ARGUMENT,
      "unexpected inference output 'q'",
    );
    await refused(
      echo(
        "echo_fp32",
        "FP32",
        [1, 1],
        { fp32_contents: [1] },
        { parameters: { timeout: { int64_param: 1 } } },
      ),
      DEADLINE_EXCEEDED,
      /./,
    );
    await refused(
      call("SystemSharedMemoryRegister", { name: "r" }),
      UNIMPLEMENTED,
      "shared memory is not supported",
    );
    await refused(
      call("LogSettings", { settings: { log_info: { bool_param: true } } }),
      UNIMPLEMENTED,
      "not changed",
    );
    expect(await call("TraceSetting")).toEqual({ settings: {} });
    await call("RepositoryModelUnload", { model_name: "sum" });
    await refused(
      call("ModelConfig", { name: "sum" }),
      UNAVAILABLE,
      "'sum' has no available versions (unloaded)",
    );
    await refused(call("RepositoryModelLoad", { model_name: "nowhere" }), NOT_FOUND, /./);
    await refused(
      call("RepositoryModelLoad", {
        model_name: "sum",
        parameters: { config: { string_param: '{"platform":"onnxruntime_onnx"}' } },
      }),
      INVALID_ARGUMENT,
      "platform 'onnxruntime_onnx' is not served here",
    );
    await call("RepositoryModelLoad", { model_name: "sum" });
    expect(await call("ModelReady", { name: "sum" })).toEqual({ ready: true });
    const long = `${"z".repeat(99)}𝄞${"z".repeat(20_000)}`;
    await refused(call("ModelMetadata", { name: long }), NOT_FOUND, "is not found");
  });

  it("passes a call's deadline on to the model", async () => {
    await refused(
      call("ModelMetadata", { name: "mlp" }, { deadline: Date.now() - 1000 }),
      status.DEADLINE_EXCEEDED,
      /./,
    );
  });

  it("answers a stream in order, faults included", async () => {
    const type = requestType("ModelStreamInfer");
    const stream = client.makeBidiStreamRequest(
      inferencePath("ModelStreamInfer"),
      (message: object) => Buffer.from(type.encode(type.fromObject(message)).finish()),
      (answer: Buffer) => responseType("ModelStreamInfer").decode(answer) as unknown as Plain,
    );
    const answers: Plain[] = [];
    const ended = new Promise((resolve, reject) => {
      stream.on("data", (answer: Plain) => answers.push(answer));
      stream.on("end", resolve);
      stream.on("error", reject);
    });
    for (let i = 0; i < 300; i++) {
      const input = {
        name: i % 7 === 3 ? "zzz" : "x",
        datatype: "FP32",
        shape: [1, 1],
        contents: { fp32_contents: [i] },
      };
      stream.write({ model_name: "echo_fp32", id: String(i), inputs: [input] });
    }
    stream.end();
    await ended;
    expect(answers.map(({ infer_response: { id } }) => id)).toEqual(
      Array.from({ length: 300 }, (_, i) => String(i)),
    );
    for (const [i, { error_message: fault, infer_response: response }] of answers.entries()) {
      if (i % 7 === 3) expect(fault).toMatch("unexpected inference input 'zzz'");
      else expect(Buffer.from(response.raw_output_contents[0]).readFloatLE()).toBe(i);
    }
  });

  it("survives damaged messages, and never gives another's data", { timeout: 60_000 }, async () => {
    const type = requestType("ModelInfer");
    const inputs = [{ name: "x", datatype: "FP32", shape: [2, 3] }];
    const raw = Buffer.from(new Float32Array([1, 2, 3, 4, 5, 6]).buffer);
    const whole = type
      .encode(type.fromObject({ model_name: "echo_fp32", id: "i", inputs, raw_input_contents: [raw] }))
      .finish();
    let state = 3;
    const random = (below: number) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    const marker = Buffer.from(new Float32Array(6).fill(777.25).buffer);
    let refusals = 0;
    for (let round = 0; round < 600; round++) {
      const body = Buffer.from(whole);
      for (let n = 1 + random(3); n > 0; n--) body[random(body.length)] = random(256);
      const cut = random(3) === 0 ? body.subarray(0, random(body.length)) : body;
      const [answer, other] = await Promise.all([
        sendBytes("ModelInfer", cut).catch((error: ServiceError) => error),
        call("ModelInfer", { model_name: "echo_fp32", inputs, raw_input_contents: [marker] }),
      ]);
      expect(Buffer.from(other.raw_output_contents[0])).toEqual(marker);
      if (answer instanceof Error) {
        refusals++;
        expect([status.INVALID_ARGUMENT, status.NOT_FOUND]).toContain((answer as ServiceError).code);
      } else expect(answer.raw_output_contents.some((bytes: Uint8Array) => marker.equals(bytes))).toBe(false);
    }
    expect(refusals).toBeGreaterThan(200);
  });
});
