/**
 * Thirty seconds of as much as a thousand clients can send, up to four times what edmServe can do: deepjet_like of
 * $CMSRUN_SHARED/models, one jet a request, behind a queue of 256 rows and a time limit of a second. Every answer must be 200 or 503, the accepted ones within the limit,
 * memory must stay bounded, and a second later a single client must be served as before.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { skippedCase } from "./inference/cases.mjs";
import { generate, hey, heyFault, startServer } from "./hey.mjs";
import { median, modelFolder } from "./run.mjs";

const limitMs = 1000;
const queuedRows = 256;
const seconds = 30;
const overload = 4;
const clients = 8000;
/** Of the server's resident memory, over what it had before [MB]. */
const memoryMB = 200;
const recovery = 1.2;

export async function* overloaded() {
  const fault = heyFault();
  if (fault !== undefined) {
    yield skippedCase("overload", fault);
    return;
  }
  const scratch = mkdtempSync(join(tmpdir(), "cmsrun-overload-"));
  const body = join(scratch, "body.json");
  const folder = join(modelFolder(), "deepjet_like");
  writeFileSync(body, JSON.stringify(oneRow(JSON.parse(readFileSync(join(folder, "meta.json"), "utf8")))));
  const limits = ["--timeout-ms", String(limitMs), "--max-queued-rows", String(queuedRows)];
  const server = await startServer([`deepjet=${join(folder, "saved_model")}`, ...limits]);
  try {
    yield* measure(server, `${server.url}/v2/models/deepjet/infer`, body);
  } finally {
    server.stop();
    rmSync(scratch, { recursive: true });
  }
}

function oneRow({ inputs }) {
  const tensors = Object.entries(inputs).map(([name, { shape }]) => {
    const sizes = shape.map((size) => (size === null || size < 0 ? 1 : size));
    const count = sizes.reduce((product, size) => product * size, 1);
    return {
      name,
      shape: sizes,
      datatype: "FP32",
      data: Array.from({ length: count }, (_, i) => (i % 7) / 7),
    };
  });
  return { inputs: tensors };
}

async function* measure({ pid }, url, body) {
  generate(url, body, { clients: 32, requests: 6400 });
  const capacity = generate(url, body, { clients: 32, requests: 12_800 }).rate;
  const before = alone(url, body);
  const residentBefore = residentMB(pid);
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, residentMB(pid));
  }, 200);
  const answers = await flood(url, body, (overload * capacity) / clients);
  clearInterval(watch);
  await sleep(1000);
  const after = alone(url, body);
  const offered = answers.length / seconds;
  const of = (status) => answers.filter((answer) => answer.status === status);
  const accepted = of(200)
    .map(({ ms }) => ms)
    .sort((a, b) => a - b);
  const other = answers.length - accepted.length - of(503).length;
  const p99 = accepted[Math.floor(0.99 * accepted.length)] ?? Number.NaN;
  const line = (name, value, unit, target = null) => ({
    case: `overload/${name}`,
    value,
    unit,
    peer: null,
    ratio: null,
    target,
    of: "value",
    better: "lower",
  });
  yield line("capacity", capacity, "req/s");
  yield { ...line("offered", offered, "req/s"), ratio: offered / capacity, peer: "capacity" };
  yield line("accepted", accepted.length / seconds, "req/s");
  yield line("answers other than 200 and 503", other, "", 0);
  yield line("accepted/p99", p99, "ms", limitMs);
  yield line("memory over before", most - residentBefore, "MB", memoryMB);
  yield {
    ...line("c1 a second later/mean", after, "ms", recovery),
    ratio: after / before,
    peer: "before",
    of: "ratio",
  };
}

/** Mean time of a single client's requests in ms (hey's percentiles have steps of 0.1 ms), the median of five. */
function alone(url, body) {
  const means = Array.from(
    { length: 5 },
    () => 1000 / generate(url, body, { clients: 1, requests: 400 }).rate,
  );
  return median(means);
}

/** Requests of clients that do not wait for one another, at `rate` a second each: status and ms of every answer. */
async function flood(url, body, rate) {
  const args = ["-z", `${seconds}s`, "-c", clients, "-q", Math.ceil(rate), "-o", "csv"];
  const child = spawn(hey(), [...args.map(String), "-m", "POST", "-T", "application/json", "-D", body, url]);
  let text = "";
  child.stdout.on("data", (chunk) => {
    text += chunk;
  });
  await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  const [head = "", ...lines] = text.trim().split("\n");
  const columns = head.split(",");
  const [time, dial, status] = ["response-time", "DNS+dialup", "status-code"].map((name) =>
    columns.indexOf(name),
  );
  return lines.map((cells) => {
    const cell = cells.split(",");
    // From the connection on: the kernel lets a thousand new ones wait for seconds.
    return { ms: 1000 * (Number(cell[time]) - Number(cell[dial])), status: Number(cell[status]) };
  });
}

function residentMB(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
}
