/** Runs a config as `cmsrun` does, in a process of its own, for tests that want the whole job. */
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { ownPackageRoot } from "../modules/PluginManager.js";

export interface ConfigRun {
  /** As the shell sees it: 0 is success. */
  readonly exitCode: number;
  readonly stdout: string;
  /** The log. */
  readonly stderr: string;
}

/**
 * `args`: what follows the config on the command line, e.g. ["maxEvents=3"]. The job runs in `directory`, where its
 * relative output files land; without one, in a temporary directory that is removed afterwards.
 */
export async function runConfig(
  config: string,
  args: readonly string[] = [],
  directory?: string,
): Promise<ConfigRun> {
  if (directory !== undefined) return run(resolve(config), args, directory);
  const temporary = await mkdtemp(join(tmpdir(), "cmsrun-test-"));
  try {
    return await run(resolve(config), args, temporary);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

function run(config: string, args: readonly string[], cwd: string): Promise<ConfigRun> {
  const program = join(ownPackageRoot(import.meta.url), "dist", "cmsrun.js");
  return new Promise((settle, reject) => {
    const child = spawn(process.execPath, [program, config, ...args], {
      cwd,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const output = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name].setEncoding("utf8").on("data", (text: string) => {
        output[name] += text;
      });
    }
    child.on("error", reject);
    // Killed by a signal: no code.
    child.on("close", (code) => settle({ exitCode: code ?? 1, ...output }));
  });
}
