/** The load generator of the serving benchmarks, hey (go install github.com/rakyll/hey@latest), and the server under it. */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { modelFolder } from "./run.mjs";

const edmServe = fileURLToPath(new URL("../../dist/edmServe.js", import.meta.url));
const timeLimitMs = 120_000;

/** Named by HEY or found on the PATH. */
export const hey = () => process.env.HEY ?? "hey";

/** Why nothing can be measured here; undefined when it can. */
export function heyFault() {
  if (spawnSync(hey(), ["-h"]).error)
    return "no hey: go install github.com/rakyll/hey@latest, and HEY names it";
  try {
    modelFolder();
  } catch (error) {
    return error.message;
  }
  return undefined;
}

/** Requests a second and latencies in ms. @throws when a request was not answered with 200 */
export function generate(url, body, { clients, requests }) {
  const args = ["-n", requests, "-c", clients, "-m", "POST", "-T", "application/json", "-D", body, url];
  const text = execFileSync(hey(), args.map(String), { encoding: "utf8", timeout: timeLimitMs });
  const answered = Number(/\[200\]\s+(\d+) responses/.exec(text)?.[1] ?? 0);
  // hey gives every client the same number of requests.
  if (answered < requests - (requests % clients))
    throw new Error(`${answered} of ${requests} requests were answered:\n${text}`);
  const percentile = (percent) => 1000 * Number(new RegExp(`${percent}%+ in ([\\d.]+) secs`).exec(text)?.[1]);
  return {
    rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)?.[1]),
    p50: percentile(50),
    p99: percentile(99),
  };
}

/** edmServe on a free port. */
export const startServer = (args) => start([edmServe, ...args, "--port", "0"]);

/** Starts a program that prints its URL when it is ready. */
export function start(args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    const timer = setTimeout(() => reject(new Error(`${args[0]} is not ready`)), 60_000);
    let printed = "";
    child.stdout.on("data", (text) => {
      printed += text;
      const url = /http:\/\/[\d.:]+/.exec(printed)?.[0];
      if (url === undefined) return;
      clearTimeout(timer);
      resolve({ url, pid: child.pid, stop: () => child.kill() });
    });
    child.on("exit", (code) => reject(new Error(`${args[0]} ended with ${code}`)));
  });
}
