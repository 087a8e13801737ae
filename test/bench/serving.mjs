/**
 * Requests a second and latencies of edmServe over REST: one row of the dense 20-64-64-2 model of $CMSRUN_SHARED/models
 * (mlp_small) a request, JSON both ways, batching as it is by default. The generator runs on the same machine: hey
 * (go install github.com/rakyll/hey@latest), named by HEY or found on the PATH. Beside it, in the same run, a bare Node
 * server that computes the same network without checks or batches.
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { skippedCase } from "./inference/cases.mjs";
import { median, modelFolder } from "./run.mjs";

const host = fileURLToPath(new URL("../../dist/edmServe.js", import.meta.url));
const bare = fileURLToPath(new URL("./bareServer.mjs", import.meta.url));
const repetitions = 7;
const timeLimitMs = 120_000;
/** Clients at once, requests, and what must be reached; times in ms. */
const loads = [
  { clients: 1, requests: 4000, p50: 0.6 },
  { clients: 8, requests: 16_000, rate: 5800 },
  { clients: 32, requests: 32_000, rate: 10_000 },
  { clients: 128, requests: 64_000, rate: 12_000, p99: 25 },
];
/** After a burst, a single client must be served as fast as before it, but for this. */
const recovery = 1.2;

export async function* serving() {
  let folder;
  try {
    folder = modelFolder();
    execFileSync(hey(), ["-h"], { stdio: "ignore" });
  } catch (error) {
    if (!/^Command failed/.test(error.message)) {
      yield skippedCase(
        "serving",
        error.code === "ENOENT" ? "no hey: go install github.com/rakyll/hey@latest" : error.message,
      );
      return;
    }
  }
  const scratch = mkdtempSync(join(tmpdir(), "cmsrun-serving-"));
  const body = join(scratch, "body.json");
  const data = Array.from({ length: 20 }, (_, i) => i / 20);
  writeFileSync(
    body,
    JSON.stringify({ inputs: [{ name: "input", shape: [1, 20], datatype: "FP32", data }] }),
  );
  const model = join(folder, "mlp_small", "saved_model");
  const ours = await start([host, `mlp=${model}`, "--port", "0"]);
  const peer = await start([bare]);
  try {
    yield* compare(`${ours.url}/v2/models/mlp/infer`, `${peer.url}/v2/models/mlp/infer`, body);
  } finally {
    ours.stop();
    peer.stop();
    rmSync(scratch, { recursive: true });
  }
}

function* compare(ours, peer, body) {
  const runs = { ours: [], peer: [], after: [] };
  for (let i = 0; i <= repetitions; i++) {
    const measured = loads.map((load) => generate(ours, body, load));
    const after = generate(ours, body, loads[0]);
    const bare = loads.map((load) => generate(peer, body, load));
    // The first repetition warms both up.
    if (i === 0) continue;
    runs.ours.push(measured);
    runs.after.push(after);
    runs.peer.push(bare);
  }
  const of = (list, at, what) => median(list.map((run) => run[at][what]));
  for (const [at, { clients, rate, p50, p99 }] of loads.entries()) {
    const [own, other] = [of(runs.ours, at, "rate"), of(runs.peer, at, "rate")];
    yield line(`serving/rest/c${clients}`, own, "req/s", rate ?? null, "higher", own / other);
    yield line(`serving/rest/c${clients}/p50`, of(runs.ours, at, "p50"), "ms", p50 ?? null, "lower");
    yield line(`serving/rest/c${clients}/p99`, of(runs.ours, at, "p99"), "ms", p99 ?? null, "lower");
  }
  const before = of(runs.ours, 0, "p50");
  const after = median(runs.after.map((run) => run.p50));
  yield {
    ...line("serving/rest/c1 after c128/p50", after, "ms", recovery, "lower", after / before),
    of: "ratio",
    peer: "c1",
  };
}

const line = (name, value, unit, target, better, ratio = null) => ({
  case: name,
  value,
  unit,
  peer: ratio === null ? null : "bare Node",
  ratio,
  target,
  of: "value",
  better,
});

/** hey's own summary: requests a second, and latencies in ms. @throws when a request was not answered with 200 */
function generate(url, body, { clients, requests }) {
  const args = ["-n", requests, "-c", clients, "-m", "POST", "-T", "application/json", "-D", body, url].map(
    String,
  );
  const text = execFileSync(hey(), args, { encoding: "utf8", timeout: timeLimitMs });
  const answered = Number(/\[200\]\s+(\d+) responses/.exec(text)?.[1] ?? 0);
  if (answered < requests - clients)
    throw new Error(`${answered} of ${requests} requests were answered:\n${text}`);
  const percentile = (percent) => 1000 * Number(new RegExp(`${percent}%+ in ([\\d.]+) secs`).exec(text)?.[1]);
  return {
    rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)?.[1]),
    p50: percentile(50),
    p99: percentile(99),
  };
}

const hey = () => process.env.HEY ?? "hey";

/** Starts a server that prints its URL when it is ready. */
function start(args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    const timer = setTimeout(() => reject(new Error(`${args[0]} is not ready`)), 60_000);
    let printed = "";
    child.stdout.on("data", (text) => {
      printed += text;
      const url = /http:\/\/[\d.:]+/.exec(printed)?.[0];
      if (url === undefined) return;
      clearTimeout(timer);
      resolve({ url, stop: () => child.kill() });
    });
    child.on("exit", (code) => reject(new Error(`${args[0]} ended with ${code}`)));
  });
}
