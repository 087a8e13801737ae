import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { type Answer, call, curl, startServer } from "../serve.js";

const many = join(import.meta.dirname, "..", "bad-requests-get-an-error-body", "many_service.ts");
const errorOf = ({ body }: Answer) => (JSON.parse(body) as { error: string }).error;

/** What a server says to bytes that come as they are, until it closes the connection. */
function raw(port: number, send: (write: (text: string) => void) => void): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const socket = connect(port, "127.0.0.1", () => send((part) => void socket.write(part)));
    socket.on("data", (chunk) => {
      text += chunk;
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(text));
  });
}

describe("a request", () => {
  it("that is too large gets 413, whether it says its length or not", async () => {
    const { url } = await startServer([many, "--max-request-bytes", "1000"]);
    const answer = await call(`${url}/echo`, { body: `"${"x".repeat(2000)}"` });
    expect([answer.status, errorOf(answer)]).toEqual([413, "the body is larger than this server takes."]);
    const chunked = await curl([
      ...["-H", "Content-Type: application/json", "-H", "Transfer-Encoding: chunked", "-w", "%{http_code}"],
      ...["-d", `"${"x".repeat(2000)}"`, `${url}/echo`],
    ]);
    expect(chunked.stdout).toMatch(/^\{"error":"[^"]+"\}413$/);
    expect((await call(`${url}/echo`, { body: `"${"x".repeat(900)}"` })).status).toBe(200);
  });

  it("beyond --max-concurrency gets 429 with Retry-After, and its place is free again when another is done", async () => {
    const { url } = await startServer([many, "--max-concurrency", "3"]);
    const first = Array.from({ length: 3 }, () => call(`${url}/slow`, { body: "700" }));
    await sleep(250);
    const beyond = await call(`${url}/echo`, { body: "1" });
    expect([beyond.status, beyond.headers["retry-after"]]).toEqual([429, "1"]);
    expect(errorOf(beyond)).toContain("3 are being worked on");
    expect((await call(`${url}/readyz`)).status).toBe(200);
    expect((await Promise.all(first)).map(({ status }) => status)).toEqual([200, 200, 200]);
    expect((await call(`${url}/echo`, { body: "1" })).status).toBe(200);
  });

  it("that takes longer than --timeout-ms gets 504, and keeps its place until its work is done", async () => {
    const { url } = await startServer([many, "--max-concurrency", "1", "--timeout-ms", "300"]);
    const start = performance.now();
    const late = await call(`${url}/slow`, { body: "1500" });
    expect([late.status, errorOf(late)]).toEqual([504, "there was no answer within 300 ms."]);
    expect(performance.now() - start).toBeLessThan(1200);
    expect((await call(`${url}/echo`, { body: "1" })).status).toBe(429);
    await sleep(1500 - (performance.now() - start) + 200);
    expect((await call(`${url}/echo`, { body: "1" })).status).toBe(200);
  });

  it("whose headers are too large gets 431", async () => {
    const { url } = await startServer([many]);
    const answer = await call(`${url}/livez`, { headers: { "x-large": "x".repeat(20_000) } });
    expect(answer.status).toBe(431);
    expect(errorOf(answer)).toBe("the headers are larger than this server takes.");
  });
});

describe("a slow sender", () => {
  const limits = ["--headers-timeout-ms", "700", "--request-timeout-ms", "1200"];

  it("of headers, and of a body, gets 408 and is closed, while others are answered", async () => {
    const { url, port } = await startServer([many, ...limits]);
    const drip = (start: string) =>
      raw(port, (write) => {
        write(start);
        const timer = setInterval(() => write("x"), 100);
        setTimeout(() => clearInterval(timer), 6000).unref();
      });
    const slow = Array.from({ length: 20 }, (_, i) =>
      drip(
        i % 2 === 0
          ? "POST /echo HTTP/1.1\r\nHost: a\r\nX-Slow: "
          : "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n",
      ),
    );
    for (let i = 0; i < 10; i++) {
      expect((await call(`${url}/echo`, { body: "1" })).status).toBe(200);
      await sleep(50);
    }
    for (const answer of await Promise.all(slow)) {
      expect(answer).toMatch(/^HTTP\/1\.1 408 /);
      expect(answer).toContain('{"error":"the request did not arrive in time."}');
    }
  });
});

describe("bodies that do not say their length", () => {
  const head =
    "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
  const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
  /** A request whose body has `before` and, when it is told to end, one byte more. */
  const begun = (port: number, before: string) => {
    let end = () => {};
    const answer = raw(port, (write) => {
      write(head + chunk(before));
      end = () => write(`${chunk('"')}0\r\n\r\n`);
    });
    return { answer, end: () => end() };
  };

  it("are worked on side by side while they are small", async () => {
    const { url, port } = await startServer([many, "--timeout-ms", "20000"]);
    const requests = Array.from({ length: 12 }, () => begun(port, '"a'));
    await sleep(200);
    expect((await call(`${url}/echo`, { body: "1" })).status).toBe(200);
    for (const { end } of requests) end();
    await sleep(500);
    const metrics = (await call(`${url}/metrics`)).body;
    expect(metrics).toMatch(/request_total\{[^}]*endpoint="\/echo",http_response_code="200"[^}]*\} 13/);
  });

  it("are refused when many are large, and there is room again when those are done", async () => {
    const { url, port } = await startServer([many, "--max-request-bytes", "200000"]);
    const large = `"${"x".repeat(100_000)}`;
    const requests = Array.from({ length: 8 }, () => begun(port, large));
    await sleep(300);
    const ninth = await begun(port, large).answer;
    expect(ninth).toMatch(/^HTTP\/1\.1 503 /);
    expect(ninth).toContain("too many bytes together");
    for (const { end } of requests) end();
    await sleep(300);
    const sized = await call(`${url}/echo`, { body: `${large}"` });
    expect(sized.status).toBe(200);
  });
});

it("a client that does not take its answer is cut off, and its place is free again", async () => {
  const limits = ["--timeout-ms", "500", "--request-timeout-ms", "500", "--headers-timeout-ms", "400"];
  const { url, port } = await startServer([many, "--max-concurrency", "1", ...limits]);
  // More than the system keeps of a connection.
  const large = `"${"x".repeat(32 * 2 ** 20)}"`;
  const socket = connect(port, "127.0.0.1").on("error", () => {});
  const head = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json";
  socket.write(`${head}\r\nContent-Length: ${large.length}\r\n\r\n${large}`);
  await until(async () => (await call(`${url}/echo`, { body: "1" })).status === 429);
  await until(async () => (await call(`${url}/echo`, { body: "1" })).status === 200);
  socket.destroy();
});

it("connections beyond --max-connections are closed, and there is room again when one is gone", async () => {
  const { url, port } = await startServer([many, "--max-connections", "2"]);
  const idle = [0, 1].map(() => connect(port, "127.0.0.1"));
  await sleep(200);
  await expect(call(`${url}/livez`)).rejects.toThrow();
  for (const socket of idle) socket.destroy();
  await sleep(200);
  expect((await call(`${url}/livez`)).status).toBe(200);
});

it("under overload answers 200, or 503 with Retry-After; its memory stays, and it is itself again at once", {
  timeout: 90_000,
}, async () => {
  const server = await startServer([
    "simple=data/models/simple/saved_model",
    "--max-queued-rows",
    "64",
    "--max-batch-size",
    "16",
  ]);
  const infer = `${server.url}/v2/models/simple/infer`;
  const rows = 64;
  const input = {
    name: "input",
    shape: [rows, 4],
    datatype: "FP32",
    data: Array.from({ length: rows * 4 }, (_, i) => i % 7),
  };
  const body = JSON.stringify({ inputs: [input] });
  const ask = () => call(infer, { body });
  const usual = await medianMs(ask);
  const counts = new Map<string, number>();
  const end = performance.now() + 5000;
  const client = async () => {
    while (performance.now() < end) {
      const { status, headers, body: text } = await ask();
      if (status !== 200) expect(text).toMatch(/^\{"error":/);
      const key = status === 503 ? `503 retry ${headers["retry-after"] !== undefined}` : String(status);
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  };
  const clients = Array.from({ length: 64 }, client);
  await sleep(2000);
  const early = residentMegabytes(server.pid);
  await Promise.all(clients);
  expect([...counts.keys()].sort()).toEqual(["200", "503 retry true"]);
  expect(counts.get("200")).toBeGreaterThan(50);
  expect(residentMegabytes(server.pid) - early).toBeLessThan(150);
  await sleep(1000);
  expect(await medianMs(ask)).toBeLessThan(Math.max(3 * usual, usual + 20));
  expect((await server.stop()).code).toBe(0);
});

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 10_000; !(await isSo()); await sleep(50))
    expect(performance.now()).toBeLessThan(end);
}

async function medianMs(ask: () => Promise<Answer>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < 21; i++) {
    const start = performance.now();
    expect((await ask()).status).toBe(200);
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[10] as number;
}

function residentMegabytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
}
