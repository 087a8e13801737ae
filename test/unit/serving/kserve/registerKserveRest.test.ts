import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateSync, gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "./startServer.js";
import { writeModels } from "./testModels.js";

const folder = mkdtempSync(join(tmpdir(), "cmsrun-rest-"));
let server: TestServer;

beforeAll(async () => {
  writeModels(folder);
  server = await startServer(folder);
  expect([...server.failed.keys()]).toEqual([]);
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

type Headers = Record<string, string>;

function post(url: string, payload: string | Buffer, headers: Headers = {}) {
  return server.app.inject({
    method: "POST",
    url,
    payload,
    headers: { "content-type": "application/json", ...headers },
  });
}
const get = (url: string) => server.app.inject({ method: "GET", url });
const infer = (model: string, request: unknown, headers: Headers = {}) =>
  post(
    `/v2/models/${model}/infer`,
    typeof request === "string" || Buffer.isBuffer(request) ? request : JSON.stringify(request),
    headers,
  );

const x = (data: unknown, shape: readonly number[], datatype = "FP32", more: object = {}) => ({
  inputs: [{ name: "x", shape, datatype, data, ...more }],
});

/** JSON and the raw tensors behind it. */
function binary(request: object, ...raw: Uint8Array[]) {
  const json = Buffer.from(JSON.stringify(request));
  return {
    body: Buffer.concat([json, ...raw]),
    headers: { "inference-header-content-length": String(json.length) },
  };
}

async function refused(answer: ReturnType<typeof post>, status: number, message: string | RegExp) {
  const { statusCode, body, headers } = await answer;
  const { error, ...rest } = JSON.parse(body) as { error: string };
  expect(rest).toEqual({});
  expect(error).toMatch(message);
  expect(statusCode).toBe(status);
  expect(headers["content-type"]).toBe("application/json; charset=utf-8");
}

describe("health and metadata", () => {
  it("are told as the protocol has them", async () => {
    for (const path of ["live", "ready"])
      expect(await get(`/v2/health/${path}`)).toMatchObject({ statusCode: 200, body: "" });
    expect((await get("/v2")).json()).toMatchObject({ name: "test server", version: "1.2.3" });
    expect((await get("/v2")).json().extensions).toContain("binary_tensor_data");
    const metadata = {
      name: "mlp",
      versions: ["1"],
      platform: "tensorflow_graphdef",
      inputs: [{ name: "inputs", datatype: "FP32", shape: [-1, 20] }],
      outputs: [{ name: "probs", datatype: "FP32", shape: [-1, 2] }],
    };
    expect((await get("/v2/models/mlp")).json()).toEqual(metadata);
    expect((await get("/v2/models/mlp/versions/1")).json()).toEqual(metadata);
    expect(await get("/v2/models/mlp/ready")).toMatchObject({ statusCode: 200, body: "" });
    await refused(get("/v2/models/nope/ready"), 400, "model 'nope' is not ready");
    await refused(get("/v2/models/mlp/versions/7/ready"), 400, "version 7 is not ready");
    await refused(get("/v2/models/nope"), 404, "Request for unknown model: 'nope' is not found");
    await refused(
      get("/v2/models/mlp/versions/7"),
      404,
      "Request for unknown model: 'mlp' version 7 is not found",
    );
    await refused(get("/v2/nothing/there"), 404, "there is no GET /v2/nothing/there");
    await refused(server.app.inject({ method: "DELETE", url: "/v2/models/mlp" }), 404, "there is no DELETE");
  });

  it("tell a model's configuration", async () => {
    expect((await get("/v2/models/mlp/config")).json()).toMatchObject({
      name: "mlp",
      platform: "tensorflow_graphdef",
      max_batch_size: 64,
      input: [{ name: "inputs", data_type: "TYPE_FP32", dims: [20] }],
      output: [{ name: "probs", data_type: "TYPE_FP32", dims: [2] }],
    });
    expect((await get("/v2/models/labelled/config")).json()).toMatchObject({
      max_batch_size: 4,
      dynamic_batching: { preferred_batch_size: [3], max_queue_delay_microseconds: 100 },
      model_repository_agents: { agents: [{ name: "checksum", parameters: { "MD5:1/model.pb": "0" } }] },
    });
  });

  it("count what was inferred", async () => {
    const before = (await get("/v2/models/sum/stats")).json().model_stats[0];
    const row = { shape: [3, 2], datatype: "FP32", data: [1, 2, 3, 4, 5, 6] };
    await infer("sum", {
      inputs: [
        { name: "a", ...row },
        { name: "b", ...row },
      ],
    });
    const after = (await get("/v2/models/sum/versions/1/stats")).json().model_stats[0];
    expect(after.inference_count - before.inference_count).toBe(3);
    expect(after.execution_count - before.execution_count).toBe(1);
    expect(after.inference_stats.success.count - before.inference_stats.success.count).toBe(1);
    expect(after.inference_stats.success.ns).toBeGreaterThan(0);
    expect(Number.isInteger(after.inference_stats.compute_infer.ns)).toBe(true);
    expect(after.batch_stats.at(-1).batch_size).toBe(3);
    expect((await get("/v2/models/stats")).json().model_stats.length).toBeGreaterThan(10);
    await refused(get("/v2/models/nope/stats"), 404, "unknown model");
  });
});

describe("infer", () => {
  it("answers JSON with JSON, the id only when one was given", async () => {
    const answer = await infer("echo_fp32", {
      id: "42",
      ...x(
        [
          [1, 2.5],
          [3, 4],
        ],
        [2, 2],
      ),
    });
    expect(answer.statusCode).toBe(200);
    expect(answer.body).toBe(
      '{"model_name":"echo_fp32","model_version":"1","id":"42","outputs":[{"name":"y","datatype":"FP32","shape":[2,2],"data":[1,2.5,3,4]}]}',
    );
    expect((await infer("echo_fp32", x([1], [1, 1]))).json()).not.toHaveProperty("id");
  });

  it("mixes JSON and binary in any way", async () => {
    const raw = new Uint8Array(new Float32Array([1.5, -2]).buffer);
    const parameters = { binary_data_size: 8 };
    const request = {
      inputs: [
        { name: "b", shape: [1, 2], datatype: "FP32", data: [10, 20] },
        { name: "a", shape: [1, 2], datatype: "FP32", parameters },
      ],
    };
    const one = binary(request, raw);
    expect((await infer("sum", one.body, one.headers)).json().outputs[0].data).toEqual([11.5, 18]);
    const two = binary({ ...request, outputs: [{ name: "sum", parameters: { binary_data: true } }] }, raw);
    const answer = await infer("sum", two.body, two.headers);
    const length = Number(answer.headers["inference-header-content-length"]);
    expect(answer.headers["content-type"]).toBe("application/octet-stream");
    const head = JSON.parse(answer.rawPayload.subarray(0, length).toString());
    expect(head.outputs).toEqual([
      { name: "sum", datatype: "FP32", shape: [1, 2], parameters: { binary_data_size: 8 } },
    ]);
    expect(new Float32Array(new Uint8Array(answer.rawPayload.subarray(length)).buffer)).toEqual(
      new Float32Array([11.5, 18]),
    );
    const all = await infer("echo_fp32", { ...x([7], [1, 1]), parameters: { binary_data_output: true } });
    expect(all.headers["inference-header-content-length"]).toBeDefined();
  });

  it("takes a raw tensor alone", async () => {
    const raw = Buffer.from(new Float32Array(40).buffer);
    const answer = await infer("mlp", raw, { "inference-header-content-length": "0" });
    const head = JSON.parse(
      answer.rawPayload.subarray(0, Number(answer.headers["inference-header-content-length"])).toString(),
    );
    expect(head.outputs[0].shape).toEqual([2, 2]);
    const headers = { "inference-header-content-length": "0" };
    await refused(infer("mlp", raw.subarray(1), headers), 400, "unexpected byte size 159");
    await refused(infer("sum", raw, headers), 400, "a raw request needs a model with one input");
  });

  it("takes compressed bodies, and compresses when asked and worth it", async () => {
    const request = JSON.stringify(
      x(
        Array.from({ length: 2000 }, (_, i) => i),
        [1, 2000],
      ),
    );
    for (const [encoding, body] of [
      ["gzip", gzipSync(request)],
      ["deflate", deflateSync(request)],
      ["identity", Buffer.from(request)],
    ] as const)
      expect(
        (await infer("echo_fp32", body, { "content-encoding": encoding })).json().outputs[0].data[1999],
      ).toBe(1999);
    const answer = await infer("echo_fp32", request, { "accept-encoding": "deflate, gzip" });
    expect(answer.headers["content-encoding"]).toBe("gzip");
    expect(JSON.parse(gunzipSync(answer.rawPayload).toString()).outputs[0].data[1999]).toBe(1999);
    expect(
      (await infer("echo_fp32", x([1], [1, 1]), { "accept-encoding": "gzip" })).headers,
    ).not.toHaveProperty("content-encoding");
    await refused(
      infer("echo_fp32", gzipSync(request).subarray(0, 50), { "content-encoding": "gzip" }),
      400,
      "no gzip",
    );
    await refused(infer("echo_fp32", request, { "content-encoding": "br" }), 400, "'br' is not supported");
    const bomb = gzipSync(Buffer.alloc(64 * 2 ** 20, " "));
    await refused(infer("echo_fp32", bomb, { "content-encoding": "gzip" }), 413, "inflates to more than");
  });

  it("gives the largest classes with their labels", async () => {
    const outputs = [{ name: "y", parameters: { classification: 2 } }];
    const answer = await infer("labelled", { ...x([1, 3, 2, 0.5, 0.5, 0.25], [2, 3]), outputs });
    expect(answer.json().outputs).toEqual([
      {
        name: "y",
        datatype: "BYTES",
        shape: [2, 2],
        data: ["3:1:dog", "2:2:bird", "0.5:0:cat", "0.5:1:dog"],
      },
    ]);
  });

  it("answers for no rows, and for more rows than a batch has", async () => {
    expect(
      (
        await infer("mlp", { inputs: [{ name: "inputs", shape: [0, 20], datatype: "FP32", data: [] }] })
      ).json().outputs[0],
    ).toEqual({
      name: "probs",
      datatype: "FP32",
      shape: [0, 2],
      data: [],
    });
    const data = Array.from({ length: 200 }, (_, i) => i);
    expect((await infer("echo_fp32", x(data, [200, 1]))).json().outputs[0].data).toEqual(data);
  });

  it("says in Triton's words what does not fit the model", async () => {
    const row = Array.from({ length: 20 }, () => 0);
    const one = (more: object) => ({
      inputs: [{ name: "inputs", shape: [1, 20], datatype: "FP32", data: row, ...more }],
    });
    await refused(infer("nope", one({})), 404, "Request for unknown model: 'nope' is not found");
    await refused(post("/v2/models/mlp/versions/7/infer", "{}"), 404, "'mlp' version 7 is not found");
    await refused(
      infer("mlp", one({ shape: [1, 3] })),
      400,
      "unexpected shape for input 'inputs' for model 'mlp'. Expected [-1,20], got [1,3]",
    );
    await refused(
      infer("mlp", one({ shape: [20] })),
      400,
      "Expected [-1,20], got [20]. The first dimension is the number of rows",
    );
    await refused(
      infer("mlp", one({ datatype: "FP64" })),
      400,
      "inference input 'inputs' data-type is 'FP64', but model 'mlp' expects 'FP32'",
    );
    await refused(
      infer("mlp", one({ name: "zzz" })),
      400,
      "unexpected inference input 'zzz' for model 'mlp'",
    );
    await refused(
      infer("mlp", { inputs: [] }),
      400,
      "expected 1 inputs but got 0 inputs for model 'mlp'. Missing: 'inputs'",
    );
    await refused(
      infer("mlp", { inputs: [...one({}).inputs, ...one({}).inputs] }),
      400,
      "input 'inputs' is given twice",
    );
    await refused(
      infer("mlp", { ...one({}), outputs: [{ name: "zzz" }] }),
      400,
      "unexpected inference output 'zzz' for model 'mlp'",
    );
    await refused(
      infer("mlp", one({ data: row.slice(1) })),
      400,
      "input 'inputs': its shape [1,20] means 20 elements, its data has 19 elements",
    );
    const pair = (name: string, rows: number) => ({
      name,
      shape: [rows, 2],
      datatype: "FP32",
      data: Array.from({ length: 2 * rows }, () => 0),
    });
    await refused(
      infer("sum", { inputs: [pair("a", 1), pair("b", 2)] }),
      400,
      "input 'b' batch size does not match",
    );
  });

  it("answers for what is no request", async () => {
    const texts = [
      "",
      "{",
      "[]",
      "null",
      "5",
      '{"inputs":{}}',
      '{"inputs":[null]}',
      '{"inputs":[{"name":1}]}',
      '{"inputs":[{"name":"x"}]}',
      '{"inputs":[{"name":"x","datatype":"FP32"}]}',
      '{"inputs":[{"name":"x","datatype":"FP32","shape":"1"}]}',
      '{"inputs":[{"name":"x","datatype":"FP32","shape":[1,-1],"data":[]}]}',
      '{"inputs":[{"name":"x","datatype":"FP32","shape":[1,1.5],"data":[]}]}',
      '{"inputs":[{"name":"x","datatype":"FP32","shape":[1,1]}]}',
      '{"id":{},"inputs":[]}',
      '{"parameters":[],"inputs":[]}',
      '{"parameters":{"timeout":-1},"inputs":[]}',
      '{"parameters":{"binary_data_output":1},"inputs":[]}',
      '{"inputs":[],"outputs":5}',
      '{"inputs":[],"outputs":[{"name":"y","parameters":{"classification":{"toString":1}}}]}',
      '{"__proto__":{"inputs":[]}}',
    ];
    for (const text of texts) await refused(infer("echo_fp32", text), 400, /./);
    await refused(
      infer("echo_fp32", Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])),
      400,
      "no UTF-8",
    );
    await refused(infer("echo_fp32", JSON.stringify(x([1], [2 ** 40, 2 ** 40]))), 400, "elements, more than");
    await refused(
      infer("echo_fp32", JSON.stringify(x([1], [2 ** 28, 1]))),
      400,
      "means 268435456 elements, its data has 1",
    );
    await refused(
      infer(
        "echo_fp32",
        JSON.stringify(
          x(
            Array.from({ length: 1000 }, () => []),
            [1000, 100000],
          ),
        ),
      ),
      400,
      "nested in another way",
    );
    const deep = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;
    await refused(
      infer("echo_fp32", `{"inputs":[{"name":"x","datatype":"FP32","shape":[1,1],"data":${deep}}]}`),
      400,
      /./,
    );
    await refused(
      infer("echo_int64", `{"inputs":[{"name":"x","datatype":"INT64","shape":[1,1],"data":[[${deep}]]}]}`),
      400,
      /./,
    );
    await refused(infer("echo_fp32", deep), 400, "must be an object");
    await refused(
      infer(
        "echo_fp32",
        JSON.stringify({ inputs: [{ name: "z".repeat(100_000), shape: [1], datatype: "FP32", data: [1] }] }),
      ),
      400,
      /^unexpected inference input 'z{100}…'/,
    );
    await refused(get(`/v2/models/${"m".repeat(90)}`), 404, "is not found");
    const large = Buffer.alloc(17 * 2 ** 20);
    await refused(infer("echo_fp32", large), 413, "too large");
  });

  it("answers for sizes of binary data that lie", async () => {
    const raw = new Uint8Array(8);
    const request = (size: unknown, more = {}) => ({
      inputs: [
        { name: "x", shape: [1, 2], datatype: "FP32", parameters: { binary_data_size: size }, ...more },
      ],
    });
    const send = (body: object, headers?: Headers) => {
      const made = binary(body, raw);
      return infer("echo_fp32", made.body, headers ?? made.headers);
    };
    for (const size of [9, 2 ** 40]) await refused(send(request(size)), 400, "8 bytes are left");
    await refused(send(request(4)), 400, "4 bytes behind the JSON belong to no input");
    for (const size of [-1, 1.5, "8", null, {}])
      await refused(send(request(size)), 400, "must be a whole number");
    await refused(send(request(8, { data: [1, 2] })), 400, "both 'data' and 'binary_data_size'");
    for (const header of ["-1", "1e3", "99999999999999999999", "x", "100000"])
      await refused(
        send(request(8), { "inference-header-content-length": header }),
        400,
        /Inference-Header-Content-Length is '/,
      );
    await refused(send(request(8), { "inference-header-content-length": "5" }), 400, "failed to parse");
    await refused(
      send({
        inputs: [{ name: "x", shape: [1, 2], datatype: "FP32", parameters: { shared_memory_region: "r" } }],
      }),
      400,
      "shared memory is not supported",
    );
    const bytes = binary(
      { inputs: [{ name: "x", shape: [1, 2], datatype: "BYTES", parameters: { binary_data_size: 8 } }] },
      new Uint8Array([255, 255, 255, 255, 0, 0, 0, 0]),
    );
    await refused(
      infer("echo_bytes", bytes.body, bytes.headers),
      400,
      "says that it has 4294967295 bytes, but only 4 follow",
    );
  });
});

describe("the repository", () => {
  it("loads and unloads", async () => {
    const state = async () =>
      (await post("/v2/repository/index", "")).json().find(({ name }: { name: string }) => name === "sum");
    expect(await state()).toEqual({ name: "sum", version: "1", state: "READY", reason: "" });
    expect((await post("/v2/repository/models/sum/unload", "")).statusCode).toBe(200);
    expect(await state()).toEqual({ name: "sum", version: "1", state: "UNAVAILABLE", reason: "unloaded" });
    await refused(infer("sum", "{}"), 400, "'sum' has no available versions (unloaded)");
    const ready = (await post("/v2/repository/index", '{"ready":true}')).json();
    expect(ready.every((entry: { state: string }) => entry.state === "READY")).toBe(true);
    expect((await post("/v2/repository/models/sum/load", '{"parameters":{}}')).statusCode).toBe(200);
    expect(await state()).toMatchObject({ state: "READY" });
    await refused(post("/v2/repository/models/nowhere/load", ""), 404, "'nowhere' is not found");
    await refused(post("/v2/repository/models/sum/load", '{"parameters":5}'), 400, "must be an object");
    await refused(
      post("/v2/repository/models/sum/load", '{"parameters":{"config":5}}'),
      400,
      "must be a text",
    );
    await refused(
      post("/v2/repository/models/sum/load", '{"parameters":{"config":"{"}}'),
      400,
      "failed to load 'sum': the model's configuration of the load request: it is no JSON",
    );
    expect(await state()).toMatchObject({ state: "READY" });
  });

  it("refuses what it has not, in one sentence", async () => {
    await refused(
      post("/v2/systemsharedmemory/region/r/register", "{}"),
      400,
      "shared memory is not supported",
    );
    await refused(
      post("/v2/cudasharedmemory/region/r/register", "{}"),
      400,
      "shared memory is not supported",
    );
    await refused(post("/v2/logging", "{}"), 400, "not changed through the protocol");
    expect((await get("/v2/systemsharedmemory/status")).json()).toEqual([]);
  });
});

describe("mutated requests", () => {
  it("get an error or an answer of their own, and never another's data", { timeout: 60_000 }, async () => {
    let state = 7;
    const random = (below: number) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    const values = Array.from({ length: 6 }, (_, i) => i + 1);
    const plain = Buffer.from(
      JSON.stringify({
        id: "a",
        ...x(values, [2, 3]),
        outputs: [{ name: "y", parameters: { binary_data: false } }],
      }),
    );
    const made = binary(
      { inputs: [{ name: "x", shape: [2, 3], datatype: "FP32", parameters: { binary_data_size: 24 } }] },
      new Uint8Array(new Float32Array(values).buffer),
    );
    const marker = Array.from({ length: 6 }, () => 777.25);
    let refusals = 0;
    for (let round = 0; round < 1500; round++) {
      const isBinary = random(2) === 0;
      const body = Buffer.from(isBinary ? made.body : plain);
      for (let n = 1 + random(4); n > 0; n--) body[random(body.length)] = random(256);
      const cut = random(4) === 0 ? body.subarray(0, random(body.length)) : body;
      const [answer, other] = await Promise.all([
        infer("echo_fp32", cut, isBinary ? made.headers : {}),
        infer("echo_fp32", x(marker, [2, 3])),
      ]);
      expect(other.json().outputs[0].data).toEqual(marker);
      if (answer.statusCode !== 200) {
        refusals++;
        expect([400, 404]).toContain(answer.statusCode);
        expect(typeof answer.json().error).toBe("string");
      }
      expect(answer.body).not.toContain("777.25");
    }
    expect(refusals).toBeGreaterThan(500);
  });
});
