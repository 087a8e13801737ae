/** Starts edmServe as its users do, and speaks to it with curl and with node's own client. */
import { type ChildProcess, execFile } from "node:child_process";
import { type Agent, type IncomingHttpHeaders, request } from "node:http";
import { afterAll } from "vitest";
import { type Outcome, type RunOptions, startCmsrun } from "./run.js";

export interface RunningServer {
  readonly url: string;
  readonly port: number;
  /** Of gRPC, host:port; "" without. */
  readonly grpc: string;
  readonly pid: number;
  /** What it has written so far to stderr is in the outcome. */
  readonly outcome: Promise<Outcome>;
  signal(signal: NodeJS.Signals): void;
  /** SIGTERM, and its end. */
  stop(): Promise<Outcome>;
}

/** None outlives the tests of the file. */
const started = new Set<ChildProcess>();
afterAll(() => {
  for (const child of started) child.kill("SIGKILL");
});

/** A server on a free port that is ready; stopped after the tests of the file. */
export async function startServer(args: readonly string[], options: RunOptions = {}): Promise<RunningServer> {
  const job = startCmsrun(["--port", "0", ...args], { timeoutMs: 120_000, ...options, command: "edmServe" });
  started.add(job.child);
  const line = await job.seen(" ready: ");
  const [, url = "", grpc = ""] = /ready: (\S+)(?: grpcs?:\/\/(\S+))?/.exec(line) ?? [];
  const signal = (name: NodeJS.Signals) => void job.child.kill(name);
  return {
    url,
    port: Number(new URL(url).port),
    grpc,
    pid: job.child.pid as number,
    outcome: job.outcome,
    signal,
    stop() {
      signal("SIGTERM");
      return job.outcome;
    },
  };
}

/** edmServe that is expected to end by itself. */
export function edmServe(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return startCmsrun(args, { ...options, command: "edmServe" }).outcome;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Call {
  readonly method?: string;
  readonly body?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  readonly agent?: Agent;
}

const json = { "content-type": "application/json" };

/** One request. @throws (rejects) what the connection says, ECONNREFUSED for instance */
export function call(url: string, { method, body, headers = json, agent }: Call = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = {
      method: method ?? (body === undefined ? "GET" : "POST"),
      headers: { ...headers, ...(body !== undefined && { "content-length": Buffer.byteLength(body) }) },
      ...(agent && { agent }),
    };
    const sent = request(url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () =>
        resolve({
          status: response.statusCode as number,
          headers: response.headers,
          body: Buffer.concat(chunks).toString("utf8"),
        }),
      );
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

/** The real curl: what it printed. Its own failure is an exit code. */
export function curl(args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile("curl", ["--silent", "--show-error", "--max-time", "20", ...args], (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}
