/**
 * Four times what edmServe can do, for thirty seconds: deepjet_like of $CMSRUN_SHARED/models, one jet a request, behind a
 * queue of 256 rows and a time limit of a second. oha (cargo install oha --locked, or OHA names it) sends at that rate over
 * 4000 connections, which come all at once. Every answer must be 200 or 503, the accepted ones within the limit, memory
 * must stay bounded, and a second later a single client must be served as by a server that was spared this.
 */
import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { skippedCase } from "./inference/cases.mjs";
import { generate, heyFault, startServer } from "./hey.mjs";
import { median, modelFolder } from "./run.mjs";

const limitMs = 1000;
const queuedRows = 256;
const seconds = 30;
const overload = 4;
const connections = 4000;
/** Of the server's resident memory, over what it had before [MB]. */
const memoryMB = 200;
const recovery = 1.2;

export async function* overloaded() {
  const fault = heyFault() ?? ohaFault();
  if (fault !== undefined) {
    yield skippedCase("overload", fault);
    return;
  }
  const scratch = mkdtempSync(join(tmpdir(), "cmsrun-overload-"));
  const body = join(scratch, "body.json");
  const folder = join(modelFolder(), "deepjet_like");
  writeFileSync(body, JSON.stringify(oneRow(JSON.parse(readFileSync(join(folder, "meta.json"), "utf8")))));
  const limits = ["--timeout-ms", String(limitMs), "--max-queued-rows", String(queuedRows)];
  const servers = [];
  try {
    for (let i = 0; i < 2; i++)
      servers.push(await startServer([`deepjet=${join(folder, "saved_model")}`, ...limits]));
    const urls = servers.map(({ url }) => `${url}/v2/models/deepjet/infer`);
    yield* measure(servers[0].pid, urls, body);
  } finally {
    for (const server of servers) server.stop();
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

async function* measure(pid, [url, spared], body) {
  for (const warmed of [url, spared]) {
    generate(warmed, body, { clients: 32, requests: 6400 });
    alone(warmed, body);
  }
  const capacity = generate(url, body, { clients: 32, requests: 12_800 }).rate;
  const residentBefore = residentMB(pid);
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, residentMB(pid));
  }, 200);
  const answers = await flood(url, body, overload * capacity);
  clearInterval(watch);
  await sleep(1000);
  const pairs = Array.from({ length: 7 }, () => ({ ms: alone(url, body), sparedMs: alone(spared, body) }));
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
    ...line("c1 a second later/mean", median(pairs.map(({ ms }) => ms)), "ms", recovery),
    ratio: median(pairs.map(({ ms, sparedMs }) => ms / sparedMs)),
    peer: "a server that was spared",
    of: "ratio",
  };
}

/** Mean time of a single client's requests in ms: hey's percentiles have steps of 0.1 ms. */
const alone = (url, body) => 1000 / generate(url, body, { clients: 1, requests: 1000 }).rate;

/** Requests at `rate` a second whether or not others are answered: status and ms of every answer, connecting included. */
async function flood(url, body, rate) {
  const load = ["-z", `${seconds}s`, "-c", connections, "-q", Math.ceil(rate), "-w"];
  const request = ["-m", "POST", "-T", "application/json", "-D", body, url];
  const args = [...load, "--no-tui", "--output-format", "csv", ...request].map(String);
  const limits = { maxBuffer: 2 ** 30, timeout: 5 * seconds * 1000 };
  const { stdout } = await promisify(execFile)(oha(), args, limits);
  const [head = "", ...lines] = stdout.trim().split("\n");
  const columns = head.split(",");
  const [duration, status] = ["request-duration", "status"].map((name) => columns.indexOf(name));
  return lines.map((line) => {
    const cells = line.split(",");
    return { ms: 1000 * Number(cells[duration]), status: Number(cells[status]) };
  });
}

const oha = () => process.env.OHA ?? "oha";

function ohaFault() {
  if (spawnSync(oha(), ["--version"]).error === undefined) return undefined;
  return "no oha: cargo install oha --locked, and OHA names it";
}

function residentMB(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
}
