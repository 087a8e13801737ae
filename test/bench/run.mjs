/** Runs cmsrun for a benchmark and reads what it measured about itself. */
import { execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const host = join(root, "dist", "cmsrun.js");
const environment = { ...process.env, CMSRUN_PLUGIN_PATH: join(root, "test", "bench", "plugins") };
const timeLimitMs = 120_000;

const configPath = (config) => join(root, "test", "bench", "configs", config);

/** Runs a config with options of node before the program; gives what it prints. */
export function jobOutput(config, args, nodeOptions = []) {
  const options = {
    env: environment,
    encoding: "utf8",
    timeout: timeLimitMs,
    stdio: ["ignore", "pipe", "pipe"],
  };
  return execFileSync(process.execPath, [...nodeOptions, host, configPath(config), ...args], options);
}

/** Runs a config; gives the loop's events and seconds from the line that ends in events/s. */
export function runConfig(config, ...args) {
  const output = jobOutput(config, args);
  const match = /Processed (\d+) events? in ([\d.]+) s .*: ([\d.]+) events\/s/.exec(output);
  if (!match) throw new Error(`no throughput line in: ${output}`);
  const [, events, , rate] = match.map(Number);
  return { events, seconds: events / rate };
}

/** Milliseconds from the start of a process until `pattern` appears on its standard error (or its end, without one). */
export function timeUntil(args, pattern) {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    let first;
    const child = spawn(process.execPath, args, {
      env: environment,
      stdio: ["ignore", "ignore", "pipe"],
      timeout: timeLimitMs,
    });
    child.stderr.on("data", (text) => {
      if (pattern?.test(String(text))) first ??= performance.now() - start;
    });
    child.on("error", reject);
    child.on("exit", (code) => {
      if (code !== 0) reject(new Error(`${args.join(" ")} ended with ${code}`));
      else resolve(first ?? performance.now() - start);
    });
  });
}

export const startupArguments = () => [host, configPath("empty_cfg.ts")];

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The folder of models, or an error that says where it is looked for. */
export function modelFolder() {
  const folder = join(process.env.CMSRUN_SHARED ?? join(root, "..", "shared"), "models");
  if (existsSync(folder)) return folder;
  throw new Error(`there is no folder ${folder}; set CMSRUN_SHARED to the folder that has models/`);
}
