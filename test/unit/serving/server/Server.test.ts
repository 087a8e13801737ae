import { request } from "node:http";
import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { defaults, type ServeOptions } from "../../../../framework/serving/server/ServeOptions.js";
import { Server } from "../../../../framework/serving/server/Server.js";
import { FolderRepository } from "../../../../framework/serving/repository/FolderRepository.js";
import { Service } from "../../../../framework/serving/service/Service.js";

const held: ((answer: number) => void)[] = [];
const service = new Service({ name: "s" })
  .api("echo", { input: JSON, output: JSON }, (value) => value)
  .api("hold", { input: JSON, output: JSON }, () => new Promise<number>((resolve) => held.push(resolve)));
let open: Server | undefined;
afterEach(async () => {
  await open?.stop(0);
  open = undefined;
});

/** Listening, with its models still being loaded. */
async function start(options: Partial<ServeOptions & { repository: FolderRepository }> = {}) {
  let loaded = () => {};
  const load = () =>
    new Promise<void>((resolve) => {
      loaded = resolve;
    });
  const repository = options.repository ?? new FolderRepository();
  const contents = { name: "s", version: "0", service, repository, load, allowsModelControl: false };
  const server = await Server.listen(contents, { ...defaults, port: 0, ...options });
  open = server;
  const loading = server.load();
  const ready = () => {
    loaded();
    return loading;
  };
  return { server, url: server.urls[0] as string, ready };
}

const json = { "content-type": "application/json" };
const echo = (url: string, body = "1") => fetch(`${url}/echo`, { method: "POST", headers: json, body });
const statusOf = async (url: string) => (await fetch(url)).status;

describe("a server", () => {
  it("lives at once, and is ready when its models are", async () => {
    const { url, ready } = await start();
    expect(await statusOf(`${url}/livez`)).toBe(200);
    expect(await statusOf(`${url}/docs.json`)).toBe(200);
    const probe = await fetch(`${url}/readyz`);
    expect([probe.status, probe.headers.get("retry-after")]).toEqual([503, "1"]);
    expect(await probe.json()).toEqual({ error: "the models are being loaded." });
    expect(await statusOf(`${url}/v2/health/ready`)).toBe(503);
    const early = await echo(url);
    expect([early.status, early.headers.get("retry-after")]).toEqual([503, "1"]);
    await ready();
    expect(await statusOf(`${url}/readyz`)).toBe(200);
    expect(await (await echo(url, "[1]")).json()).toEqual([1]);
  });

  it("has no more large bodies in memory than fit, and takes small ones all the same", async () => {
    const { url, ready } = await start({ maxRequestBytes: 100_000 });
    await ready();
    const body = `"${"x".repeat(98_000)}"`;
    const slow = Array.from({ length: 8 }, () => {
      const headers = { ...json, "content-length": body.length };
      const sent = request(`${url}/echo`, { method: "POST", headers });
      sent.on("error", () => {});
      const answer = new Promise<number>((resolve) =>
        sent.on("response", (r) => resolve(r.statusCode as number)),
      );
      sent.write(body.slice(0, 10));
      return { sent, answer };
    });
    await new Promise((resolve) => setTimeout(resolve, 200));
    const beyond = await echo(url, body);
    expect([beyond.status, beyond.headers.get("retry-after")]).toEqual([503, "1"]);
    expect((await echo(url)).status).toBe(200);
    for (const { sent } of slow.slice(0, 4)) sent.end(body.slice(10));
    for (const { sent } of slow.slice(4)) sent.destroy();
    expect(await Promise.all(slow.slice(0, 4).map(({ answer }) => answer))).toEqual([200, 200, 200, 200]);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect((await echo(url, body)).status).toBe(200);
  });

  it("forgets no place of requests whose clients went away", async () => {
    const { url, ready } = await start({ maxConcurrency: 2 });
    await ready();
    for (let i = 0; i < 10; i++) {
      const sent = request(`${url}/echo`, { method: "POST", headers: { ...json, "content-length": 10 } });
      sent.on("error", () => {});
      sent.write("1");
      await new Promise((resolve) => setTimeout(resolve, 20));
      sent.destroy();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect((await echo(url)).status).toBe(200);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toContain(
      'cmsrun_server_request_total{endpoint="/echo",http_response_code="499",service_name="s"} 10',
    );
    expect(metrics).toContain('cmsrun_server_request_in_progress{endpoint="/echo",service_name="s"} 0');
  });

  it("forgets no place of pipelined requests either, and none of files that are not there", async () => {
    const { server, url, ready } = await start({ maxConcurrency: 8 });
    await ready();
    const one = (name: string) =>
      `POST /${name} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1\r\n\r\n1`;
    for (let i = 0; i < 4; i++) {
      const socket = connect(Number(new URL(url).port), "127.0.0.1", () =>
        socket.write(one("hold") + one("echo") + one("hold")),
      );
      await new Promise((resolve) => setTimeout(resolve, 30));
      socket.destroy();
      await new Promise((resolve) => setTimeout(resolve, 30));
      for (const answer of held.splice(0)) answer(1);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    expect((await echo(url)).status).toBe(200);
    for (const path of ["/static/none", "/static/%2e%2e%2fpackage.json", "/none"])
      expect(await statusOf(url + path)).toBe(404);
    const outside = request(url, { path: "/static/../../x" });
    expect(await new Promise((resolve) => outside.on("response", resolve).end())).toHaveProperty(
      "statusCode",
      403,
    );
    outside.destroy();
    const metrics = await (await fetch(`${url}/metrics`)).text();
    const inProgress = metrics.split("\n").filter((line) => /^cmsrun_server_request_in_progress/.test(line));
    expect(inProgress.filter((line) => !line.endsWith(" 0"))).toEqual([
      'cmsrun_server_request_in_progress{endpoint="/metrics",service_name="s"} 1',
    ]);
    const startMs = performance.now();
    expect(await server.stop(5000)).toBe(0);
    expect(performance.now() - startMs).toBeLessThan(4000);
  });

  it("ends though a model does not", async () => {
    const repository = new FolderRepository();
    repository.close = () => new Promise<void>(() => {});
    const { server, ready } = await start({ repository });
    await ready();
    const startMs = performance.now();
    expect(await server.stop(10)).toBe(0);
    expect(performance.now() - startMs).toBeLessThan(3000);
  });

  it("can be stopped twice, and before it is ready", async () => {
    const { server, url, ready } = await start();
    const stops = [server.stop(1000), server.stop(1000)];
    expect(await Promise.all(stops)).toEqual([0, 0]);
    await ready();
    await expect(fetch(`${url}/livez`)).rejects.toThrow();
  });
});
