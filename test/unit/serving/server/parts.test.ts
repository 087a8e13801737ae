import { describe, expect, it } from "vitest";
import { BearerToken } from "../../../../framework/serving/server/BearerToken.js";
import { durationBuckets, Endpoint } from "../../../../framework/serving/server/Endpoint.js";
import { createMetrics } from "../../../../framework/serving/server/metrics.js";
import { openApiDocument } from "../../../../framework/serving/server/openApi.js";
import { requestIds } from "../../../../framework/serving/server/requestIds.js";
import {
  emptyStatistics,
  type ModelRepository,
  type ServedModel,
} from "../../../../framework/serving/ServedModel.js";
import { io } from "../../../../framework/serving/service/io.js";
import { Service } from "../../../../framework/serving/service/Service.js";

const statistics = emptyStatistics();
statistics.inferenceCount = 27;
statistics.executionCount = 4;
statistics.success.count = 5;
statistics.queue.ns = 2e9;
statistics.batches.set(1, { count: 2, ns: 0 });
statistics.batches.set(5, { count: 1, ns: 0 });
statistics.batches.set(2000, { count: 1, ns: 0 });
const model = { name: "m", version: "1", statistics, queuedRows: 3 } as unknown as ServedModel;
const repository = {
  index: () => [
    { name: "m", version: "1", state: "READY", reason: "" },
    { name: "gone", version: "1", state: "UNAVAILABLE", reason: "unloaded" },
  ],
  get: () => model,
} as unknown as ModelRepository;

describe("metrics", () => {
  it("are Prometheus' text, with buckets that add up", async () => {
    const endpoint = new Endpoint("/predict", "work");
    for (const seconds of [0.0004, 0.0005, 0.003, 100]) endpoint.count(200, seconds);
    endpoint.count(503, 0.001);
    endpoint.inProgress = 2;
    const text = await (await createMetrics("s", [endpoint], repository)).text();
    const value = (name: string, ...labels: string[]) => {
      const line = text
        .split("\n")
        .find((one) => one.startsWith(`${name}{`) && labels.every((l) => one.includes(l)));
      return Number(line?.split(" ").at(-1));
    };
    const ok = 'http_response_code="200"';
    const bucket = (le: string) => value("cmsrun_server_request_duration_seconds_bucket", ok, `le="${le}"`);
    expect([bucket("0.0005"), bucket("0.002"), bucket("0.005"), bucket("60"), bucket("+Inf")]).toEqual([
      2, 2, 3, 3, 4,
    ]);
    expect(value("cmsrun_server_request_duration_seconds_count", ok)).toBe(4);
    expect(value("cmsrun_server_request_duration_seconds_sum", ok)).toBeCloseTo(100.0039, 6);
    expect(value("cmsrun_server_request_total", 'http_response_code="503"')).toBe(1);
    expect(value("cmsrun_server_request_in_progress", "/predict")).toBe(2);
    const rows = (le: string) => value("cmsrun_runner_batch_size_bucket", 'model="m"', `le="${le}"`);
    expect([rows("1"), rows("4"), rows("8"), rows("1024"), rows("+Inf")]).toEqual([2, 2, 3, 3, 4]);
    expect(value("cmsrun_runner_batch_size_sum")).toBe(2007);
    expect(value("cmsrun_model_rows_total")).toBe(27);
    expect(value("cmsrun_model_calls_total")).toBe(4);
    expect(value("cmsrun_model_requests_total", 'outcome="success"')).toBe(5);
    expect(value("cmsrun_model_phase_seconds_total", 'phase="queue"')).toBe(2);
    expect(value("cmsrun_model_queued_rows")).toBe(3);
    expect(text).not.toContain("gone");
    expect(text.match(/^# TYPE cmsrun_runner_batch_size histogram$/gm)).toHaveLength(1);
  });

  it("cost less than 5 µs a request", () => {
    const endpoint = new Endpoint("/predict", "work");
    const count = 200_000;
    for (let i = 0; i < count; i++) endpoint.count(200, i / count);
    const start = performance.now();
    for (let i = 0; i < count; i++) endpoint.count(i % 50 === 0 ? 503 : 200, i / count);
    expect(((performance.now() - start) * 1000) / count).toBeLessThan(5);
    expect(durationBuckets.length).toBeGreaterThan(10);
  });
});

it("a token is the same only where it is the same", () => {
  const token = new BearerToken("abc");
  expect(["Bearer abc", "bearer abc", "BEARER abc"].map((header) => token.isIn(header))).toEqual([
    true,
    true,
    true,
  ]);
  const wrong = [
    undefined,
    "",
    "abc",
    "Bearer",
    "Bearer ",
    "Bearer ab",
    "Bearer abcd",
    "Bearer abd",
    "Bearer  abc",
    "Basic abc",
  ];
  expect(wrong.filter((header) => token.isIn(header))).toEqual([]);
});

it("a request's id is the client's where it is plain, otherwise a new one", () => {
  const next = requestIds();
  const of = (id?: string) => next({ headers: { "x-request-id": id } } as never);
  expect(of("a-1")).toBe("a-1");
  const made = [of(), of(""), of("a b"), of("ü"), of("x".repeat(129))];
  expect(new Set(made).size).toBe(5);
  for (const id of made) expect(id).toMatch(/^[0-9a-f]{12}-\d+$/);
});

it("the OpenAPI document has each function with its schemas", () => {
  const service = new Service({ name: "s", doc: "About it" });
  service.api(
    "rows",
    { input: io.NumpyNdarray({ dtype: "int32", shape: [-1, 3] }), output: io.Text(), doc: "Counts rows" },
    () => "",
  );
  const options = { title: "s", description: "d", version: "1", service };
  const document = openApiDocument({ ...options, needsToken: true });
  const paths = document.paths as unknown as Record<string, { post: Record<string, unknown> }>;
  expect(paths["/rows"]?.post).toMatchObject({
    summary: "Counts rows",
    requestBody: {
      content: {
        "application/json": {
          schema: {
            type: "array",
            items: { type: "array", minItems: 3, maxItems: 3, items: { type: "integer", format: "int32" } },
          },
        },
      },
    },
    responses: { 200: { content: { "text/plain": { schema: { type: "string" } } } }, 400: {}, 503: {} },
  });
  expect(document).toMatchObject({ openapi: "3.0.2", security: [{ token: [] }] });
  expect(openApiDocument({ ...options, needsToken: false })).not.toHaveProperty("security");
});
