import { Agent } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { type Answer, call, startServer } from "../serve.js";

const many = join(import.meta.dirname, "..", "bad-requests-get-an-error-body", "many_service.ts");
const service = "configs/test_service.ts";
const refused = ["ECONNREFUSED"];

it("under load every request is answered or never accepted, and the exit code is 0", {
  timeout: 60_000,
}, async () => {
  const server = await startServer([service]);
  const answers: Answer[] = [];
  const failures: string[] = [];
  const client = async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (;;) {
      try {
        answers.push(await call(`${server.url}/predict`, { body: "[0, 1, 2, 3]", agent }));
      } catch (error) {
        const { code = "", message } = error as NodeJS.ErrnoException;
        failures.push(code || message);
        agent.destroy();
        return;
      }
    }
  };
  const clients = Array.from({ length: 16 }, client);
  await sleep(1500);
  const before = answers.length;
  expect(before).toBeGreaterThan(100);
  const { code, stderr } = await server.stop();
  await Promise.all(clients);
  expect(stderr).toBe("");
  expect(code).toBe(0);
  expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
  expect(failures).toHaveLength(16);
  expect(failures.filter((failure) => !refused.includes(failure))).toEqual([]);
});

it("a request that takes its time is waited for; meanwhile no connection is accepted", async () => {
  const server = await startServer([many]);
  const slow = call(`${server.url}/slow`, { body: "1500" });
  const kept = new Agent({ keepAlive: true, maxSockets: 1 });
  await call(`${server.url}/livez`, { agent: kept });
  await sleep(300);
  server.signal("SIGTERM");
  await sleep(50);
  const probe = await call(`${server.url}/readyz`, { agent: kept });
  expect(probe.status).toBe(503);
  expect(JSON.parse(probe.body)).toEqual({ error: "the server is being stopped." });
  expect(probe.headers.connection).toBe("close");
  await sleep(100);
  await expect(call(`${server.url}/livez`)).rejects.toThrow("ECONNREFUSED");
  const answer = await slow;
  expect([answer.status, answer.body]).toEqual([200, "1500"]);
  const { code, stderr } = await server.outcome;
  expect([code, stderr]).toEqual([0, ""]);
});

it("a request that takes longer than --drain-ms is cut off, and the exit code says so", async () => {
  const server = await startServer([many, "--drain-ms", "400"]);
  const slow = call(`${server.url}/slow`, { body: "20000" });
  const seen = expect(slow).rejects.toThrow(/socket hang up|ECONNRESET/);
  await sleep(300);
  const start = performance.now();
  const { code, stderr } = await server.stop();
  await seen;
  expect(performance.now() - start).toBeLessThan(5000);
  expect(code).toBe(40);
  expect(stderr).toBe("WARNING edmServe: 1 requests were not answered within the 400 ms of --drain-ms.\n");
});

it("a second signal ends it at once", async () => {
  const server = await startServer([many]);
  call(`${server.url}/slow`, { body: "20000" }).catch(() => {});
  await sleep(300);
  server.signal("SIGTERM");
  await sleep(800);
  server.signal("SIGTERM");
  expect((await server.outcome).code).toBe(143);
});

it("an idle connection does not keep it", async () => {
  const server = await startServer([many]);
  const agent = new Agent({ keepAlive: true });
  await call(`${server.url}/livez`, { agent });
  const start = performance.now();
  server.signal("SIGINT");
  expect((await server.outcome).code).toBe(0);
  expect(performance.now() - start).toBeLessThan(3000);
});
