/** Where things are for a job: the packages around the config, the search paths, the cache. What a job takes from the environment. */
import { accessSync, constants, existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { Exception } from "../base/errors.js";
import { type EngineTarget, engineTargets } from "../tensorflow/Options.js";
import { ownPackageRoot, PluginManager } from "../modules/PluginManager.js";
import type { LocalBalancer } from "../serving/sonic/localBalancer.js";
import { packageAround } from "./currentPackage.js";

export const packageRoot = ownPackageRoot(import.meta.url);
export const frameworkFile = join(packageRoot, "dist", "index.js");

export interface JobEnvironment {
  /** Directories of FileInPath and process.load. */
  readonly searchPath: readonly string[];
  readonly pluginPath: readonly string[];
  readonly cacheDirectory: string;
  /** CMSRUN_ENGINE_TARGET: stronger than a config, weaker than the command line. */
  readonly engineTarget: EngineTarget | undefined;
  /** SONIC_LOCAL_BALANCER_HOST and SONIC_LOCAL_BALANCER_PORT, when both are set. */
  readonly localBalancer: LocalBalancer | undefined;
}

function listed(variable: string): string[] {
  return (process.env[variable] ?? "")
    .split(delimiter)
    .filter((entry) => entry !== "")
    .map((entry) => resolve(entry));
}

function isWritable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** @throws CommandLineProcessing when the variable names no target */
function wantedTarget(): EngineTarget | undefined {
  const wanted = process.env.CMSRUN_ENGINE_TARGET;
  if (wanted === undefined || wanted === "") return undefined;
  if (engineTargets.includes(wanted as EngineTarget)) return wanted as EngineTarget;
  throw new Exception(
    "CommandLineProcessing",
    `CMSRUN_ENGINE_TARGET is '${wanted}'; it may be ${engineTargets.join(", ")}.`,
  );
}

/** @throws CommandLineProcessing when the port is none */
function wantedBalancer(): LocalBalancer | undefined {
  const { SONIC_LOCAL_BALANCER_HOST: address, SONIC_LOCAL_BALANCER_PORT: text } = process.env;
  if (!address || !text) return undefined;
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65536) return { address, port };
  throw new Exception(
    "CommandLineProcessing",
    `SONIC_LOCAL_BALANCER_PORT is '${text}'; it must be a port number.`,
  );
}

/** @param configFile full path of the config */
export function jobEnvironment(configFile: string): JobEnvironment {
  const directory = dirname(configFile);
  const around = packageAround(directory) ?? directory;
  const unique = (paths: readonly string[]) => [...new Set(paths)];
  const modules = [around, packageRoot]
    .map((root) => join(root, "node_modules"))
    .find((path) => existsSync(path) && isWritable(path));
  return {
    searchPath: unique([around, process.cwd(), ...listed("CMSRUN_SEARCH_PATH"), packageRoot]),
    pluginPath: unique([
      ...listed("CMSRUN_PLUGIN_PATH"),
      join(around, "plugins"),
      join(directory, "plugins"),
      join(process.cwd(), "plugins"),
    ]),
    cacheDirectory: modules
      ? join(modules, ".cache", "cmsrun")
      : join(tmpdir(), `cmsrun-cache-${process.getuid?.() ?? 0}`),
    engineTarget: wantedTarget(),
    localBalancer: wantedBalancer(),
  };
}

export function pluginManager({ pluginPath, cacheDirectory }: JobEnvironment): PluginManager {
  return new PluginManager({ searchPath: pluginPath, packageRoot, frameworkFile, cacheDirectory });
}

/** The worker threads' program, beside this one in dist/. */
export const threadEntry = new URL("./threadEntry.js", import.meta.url);

/** CMSRUN_SERVE_TOKEN: what clients of edmServe must show. */
export function serveToken(): string | undefined {
  return process.env.CMSRUN_SERVE_TOKEN || undefined;
}

/** This package's version. */
export async function release(): Promise<string> {
  const { readFile } = await import("node:fs/promises");
  const { version } = JSON.parse(await readFile(join(packageRoot, "package.json"), "utf8")) as {
    version: string;
  };
  return version;
}
