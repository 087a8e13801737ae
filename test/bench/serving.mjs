/**
 * Requests a second and latencies of edmServe over REST: one row of the dense 20-64-64-2 model of $CMSRUN_SHARED/models
 * (mlp_small) a request, JSON both ways, batching as it is by default. The generator runs on the same machine: hey
 * (go install github.com/rakyll/hey@latest), named by HEY or found on the PATH. Beside it, in the same run, a bare Node
 * server that computes the same network without checks or batches.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { generate, heyFault, start, startServer } from "./hey.mjs";
import { skippedCase } from "./inference/cases.mjs";
import { median, modelFolder } from "./run.mjs";

const bare = fileURLToPath(new URL("./bareServer.mjs", import.meta.url));
const repetitions = 7;
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
  const fault = heyFault();
  if (fault !== undefined) {
    yield skippedCase("serving", fault);
    return;
  }
  const scratch = mkdtempSync(join(tmpdir(), "cmsrun-serving-"));
  const body = join(scratch, "body.json");
  const data = Array.from({ length: 20 }, (_, i) => i / 20);
  writeFileSync(
    body,
    JSON.stringify({ inputs: [{ name: "input", shape: [1, 20], datatype: "FP32", data }] }),
  );
  const ours = await startServer([`mlp=${join(modelFolder(), "mlp_small", "saved_model")}`]);
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
