import { execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root, temporaryFolder } from "../run.js";
import { curl, type RunningServer, startServer } from "../serve.js";

const json = ["-H", "Content-Type: application/json"];
/** TensorFlow's own score, in data/models/simple/make_model.py. */
const scores = [0.648093, 0.351907];
let server: Promise<RunningServer> | undefined;
const running = () => {
  server ??= startServer(["configs/test_service.ts"]);
  return server;
};

describe("the documented service", () => {
  it("answers curl with TensorFlow's scores", async () => {
    const { url } = await running();
    const { stdout } = await curl([...json, "-d", "[0, 1, 2, 3]", `${url}/predict`]);
    const given = JSON.parse(stdout) as number[];
    expect(given).toHaveLength(2);
    for (const [i, score] of scores.entries()) expect(given[i]).toBeCloseTo(score, 5);
  });

  it("answers two clients at once, each with its own row", async () => {
    const { url } = await running();
    const rows = [
      [0, 1, 2, 3],
      [3, 2, 1, 0],
    ];
    const ask = (row: number[]) => curl([...json, "-d", JSON.stringify(row), `${url}/predict`]);
    const alone = [];
    for (const row of rows) alone.push((await ask(row)).stdout);
    const together = await Promise.all(rows.map(ask));
    expect(together.map(({ stdout }) => stdout)).toEqual(alone);
    expect(alone[0]).not.toBe(alone[1]);
  });

  it("is started by npx, and ends on Ctrl-C", { timeout: 60_000 }, async () => {
    expect(existsSync(join(root, "node_modules", ".bin", "edmServe"))).toBe(true);
    const child = spawn("npx", ["edmServe", "configs/test_service.ts", "--port", "0"], {
      cwd: root,
      detached: true,
    });
    const url = await new Promise<string>((resolve, reject) => {
      let text = "";
      child.on("exit", (code) => reject(new Error(`it ended with ${code}: ${text}`)));
      child.stderr.on("data", (chunk) => {
        text += chunk;
      });
      child.stdout.on("data", (chunk) => {
        text += chunk;
        const found = /^edmServe ready: (\S+)\n/m.exec(text)?.[1];
        if (found !== undefined) resolve(found);
      });
    });
    const { stdout } = await curl([...json, "-d", "[0, 1, 2, 3]", `${url}/predict`]);
    expect(JSON.parse(stdout)).toHaveLength(2);
    // As a terminal does: to all processes of the group.
    process.kill(-(child.pid as number), "SIGINT");
    for (let code = 0; code !== 7; ) ({ code } = await curl([`${url}/livez`]));
  });
});

describe("every server", () => {
  it("says that it lives and is ready", async () => {
    const { url } = await running();
    for (const path of ["livez", "healthz", "readyz", "v2/health/live", "v2/health/ready"]) {
      const { stdout } = await curl(["-o", "/dev/null", "-w", "%{http_code}", `${url}/${path}`]);
      expect([path, stdout]).toEqual([path, "200"]);
    }
  });

  it("gives back the id of a request, or makes one", async () => {
    const { url } = await running();
    const idOf = async (args: string[]) => {
      const { stdout } = await curl([
        ...args,
        "-o",
        "/dev/null",
        "-w",
        "%header{x-request-id}",
        `${url}/livez`,
      ]);
      return stdout;
    };
    expect(await idOf(["-H", "X-Request-ID: mine-1"])).toBe("mine-1");
    const own = await idOf([]);
    expect(own).toMatch(/^[0-9a-f]{12}-\d+$/);
    expect(await idOf(["-H", `X-Request-ID: ${"x".repeat(200)}`])).not.toContain("xxx");
  });

  it("counts what it answered, its models' rows and its process", async () => {
    const { url } = await running();
    const rows = async () => {
      const { stdout } = await curl([`${url}/metrics`]);
      const of = (pattern: RegExp) => Number(pattern.exec(stdout)?.[1]);
      return {
        answered: of(
          /^cmsrun_server_request_total\{endpoint="\/predict",http_response_code="200".*\} (\d+)$/m,
        ),
        timed: of(
          /^cmsrun_server_request_duration_seconds_count\{endpoint="\/predict",http_response_code="200".*\} (\d+)$/m,
        ),
        rows: of(/^cmsrun_model_rows_total\{model="test_model".*\} (\d+)$/m),
        batchRows: of(/^cmsrun_runner_batch_size_sum\{model="test_model".*\} (\d+)$/m),
        cpu: of(/^process_cpu_seconds_total\S* ([\d.]+)$/m),
        text: stdout,
      };
    };
    await curl([...json, "-d", "[0, 1, 2, 3]", `${url}/predict`]);
    const before = await rows();
    for (let i = 0; i < 3; i++) await curl([...json, "-d", "[0, 1, 2, 3]", `${url}/predict`]);
    const after = await rows();
    expect(after.answered - before.answered).toBe(3);
    expect(after.timed).toBe(after.answered);
    expect(after.rows - before.rows).toBe(3);
    expect(after.batchRows).toBe(after.rows);
    expect(after.cpu).toBeGreaterThan(0);
    expect(after.text).toContain(
      'cmsrun_server_request_in_progress{endpoint="/metrics",service_name="test_service"} 1',
    );
  });

  it("serves a service's runners by KServe's protocol, too", async () => {
    const { url } = await running();
    const body = JSON.stringify({
      inputs: [{ name: "input", shape: [1, 4], datatype: "FP32", data: [0, 1, 2, 3] }],
    });
    const { stdout } = await curl(["-d", body, `${url}/v2/models/test_model/infer`]);
    const [output] = (JSON.parse(stdout) as { outputs: { data: number[]; shape: number[] }[] }).outputs;
    expect(output?.shape).toEqual([1, 2]);
    for (const [i, score] of scores.entries()) expect(output?.data[i]).toBeCloseTo(score, 5);
  });

  it("describes itself in OpenAPI", async () => {
    const { url } = await running();
    const document = JSON.parse((await curl([`${url}/docs.json`])).stdout) as {
      openapi: string;
      paths: Record<string, Record<string, { responses: object }>>;
    };
    expect(document.openapi).toMatch(/^3\.0\.\d$/);
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining(["/predict", "/v2/models/{model}/infer", "/livez", "/readyz", "/metrics"]),
    );
    expect(Object.keys(document.paths["/predict"]?.post?.responses ?? {})).toEqual(
      expect.arrayContaining(["200", "400", "429", "503", "504"]),
    );
  });
});

it("a model of the store is served by its tag, as a service and by itself", async () => {
  const env = { CMSRUN_MODEL_STORE: join(temporaryFolder(), "models") };
  const program = `import { models } from ${JSON.stringify(join(root, "dist", "index.js"))};
    const signatures = { __call__: { batchable: true, batchDim: 0 } };
    await models.tensorflow.save("data/models/simple/saved_model", "my_model", { signatures });`;
  const args = ["--input-type=module", "-e", program];
  execFileSync(process.execPath, args, { cwd: root, env: { ...process.env, ...env } });
  const service = await startServer(["configs/test_service.ts", "tag=my_model:latest"], { env });
  const { stdout } = await curl([...json, "-d", "[0, 1, 2, 3]", `${service.url}/predict`]);
  expect((JSON.parse(stdout) as number[])[0]).toBeCloseTo(0.648093, 5);
  const alone = await startServer(["mine=model:my_model:latest"], { env });
  expect(JSON.parse((await curl([`${alone.url}/v2/models/mine`])).stdout)).toMatchObject({ name: "mine" });
});

it("models are served by their paths, without a service", async () => {
  const { url } = await startServer([`simple=${join(root, "data/models/simple/saved_model")}`]);
  const body = JSON.stringify({
    inputs: [{ name: "input", shape: [1, 4], datatype: "FP32", data: [0, 1, 2, 3] }],
  });
  const { stdout } = await curl(["-d", body, `${url}/v2/models/simple/infer`]);
  expect((JSON.parse(stdout) as { outputs: { data: number[] }[] }).outputs[0]?.data[0]).toBeCloseTo(
    0.648093,
    5,
  );
});

it("cmsrun and #framework load neither fastify nor gRPC", () => {
  const program = `await import(${JSON.stringify(join(root, "dist", "index.js"))});
    const { createRequire } = await import("node:module");
    const loaded = Object.keys(createRequire(import.meta.url).cache);
    process.stdout.write(loaded.filter((path) => /fastify|grpc|prom-client/.test(path)).join());`;
  const args = ["--input-type=module", "-e", program];
  expect(execFileSync(process.execPath, args, { encoding: "utf8", cwd: root })).toBe("");
});
