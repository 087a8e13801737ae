/** `edmServe SERVICE.ts` and `edmServe NAME=MODEL…`: inference as a service. */
import { resolve } from "node:path";
import { Exception, exitCodes } from "../base/errors.js";
import { LogError, LogWarning, setLogSink } from "../base/log.js";
import { resolveModelPath } from "../base/modelPath.js";
import { loadExports } from "../config/loadConfig.js";
import { ConfigExit, setConfigArguments } from "../config/VarParsing.js";
import * as framework from "../index.js";
import { setSearchPath } from "../parameters/fileInPath.js";
import { FolderRepository } from "../serving/repository/FolderRepository.js";
import { Runner } from "../serving/runner/Runner.js";
import { runnerModels } from "../serving/runner/runnerModel.js";
import { Server } from "../serving/server/Server.js";
import type { ServerContents } from "../serving/server/ServerContents.js";
import { Service } from "../serving/service/Service.js";
import { defaults } from "../serving/server/ServeOptions.js";
import { checkService } from "./checkService.js";
import { print } from "./compareOutput.js";
import { name, type ServeArguments, serveArguments } from "./edmServeArguments.js";
import { jobEnvironment, release } from "./environment.js";
import { loadingProgress } from "./loadingProgress.js";
import { runTool } from "./runTool.js";
import { onStopSignal } from "./stopSignals.js";

let hasFault = false;

const exitCode = await runTool(async () => {
  const given = await serveArguments(process.argv.slice(2));
  return given && serve(given);
});
for (const stream of [process.stdout, process.stderr])
  await new Promise<void>((done) => stream.write("", () => done()));
// A function of a service may still be at work.
process.exit(exitCode);

async function serve(given: ServeArguments): Promise<number> {
  const version = await release();
  setLogSink(({ severity, category, text }) => {
    if (severity !== "DEBUG" && severity !== "INFO")
      process.stderr.write(`${severity} ${category}: ${text}\n`);
  });
  const { config, options } = given;
  if (given.isCheck && config !== undefined)
    return checkService(config, () => startOnce(given, config, version));
  const contents = config === undefined ? models(given, version) : service(given, config, version);
  if (!contents) return 0;
  const server = await Server.listen(contents, options);
  if (
    options.token !== undefined &&
    !options.tls &&
    !["127.0.0.1", "::1", "localhost"].includes(options.host)
  )
    LogWarning(name, "the token is sent in the clear: give --ssl-certfile and --ssl-keyfile.");
  const stopped = Promise.race([stopSignal(), foreignFault()]).then(() => server.stop(options.drainMs));
  try {
    await Promise.race([server.load(), stopped]);
  } catch (error) {
    if (!server.isStopping) {
      await server.stop(0);
      throw error;
    }
  }
  if (!server.isStopping) await print(`${name} ready: ${server.urls.join(" ")}\n`);
  const cutOff = await stopped;
  if (hasFault) return exitCodes.StdException & 0xff;
  if (cutOff === 0) return 0;
  LogWarning(name, `${cutOff} requests were not answered within the ${options.drainMs} ms of --drain-ms.`);
  return exitCodes.CaughtSignal & 0xff;
}

/** Starts a service where nobody finds it, with its models, and stops it. Gives what it has; undefined for a clean end. */
async function startOnce(
  given: ServeArguments,
  config: string,
  version: string,
): Promise<string | undefined> {
  const contents = service(given, config, version);
  if (!contents?.service) return undefined;
  const hidden = { ...given.options, host: defaults.host, port: 0, grpcPort: undefined };
  const server = await Server.listen(contents, hidden);
  try {
    await server.load();
  } finally {
    await server.stop(0);
  }
  const { apis, runners } = contents.service;
  return `${counted(apis.length, "function")}, ${counted(runners.length, "runner")}`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

/**
 * What a service's function throws where nobody can catch it. A promise that fails unheard is told, and serving goes on; an
 * exception outside of any promise may have left anything half done: resolves then, so that the server is drained.
 */
function foreignFault(): Promise<void> {
  process.on("unhandledRejection", (error) => {
    LogError(name, `a promise failed, and nobody waited for it\n${Exception.from(error).format("Skip")}`);
  });
  return new Promise((resolve) => {
    process.on("uncaughtException", (error) => {
      hasFault = true;
      LogError(name, `the server stops: nobody caught an exception\n${Exception.from(error).format()}`);
      resolve();
    });
  });
}

/** Resolves at the first signal. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => onStopSignal(["SIGINT", "SIGTERM"], resolve));
}

function models(given: ServeArguments, version: string): ServerContents {
  const { folders, maxBatchSize, maxLatencyMs, maxQueuedRows } = given;
  const defaults = {
    ...(maxBatchSize !== undefined && { maxBatchSize }),
    ...(maxLatencyMs !== undefined && { maxLatencyMs }),
    ...(maxQueuedRows !== undefined && { maxQueuedRows }),
  };
  const paths = Object.entries(given.models).map(([key, path]) => [key, resolveModelPath(path)] as const);
  const repository = new FolderRepository({ folders, models: Object.fromEntries(paths), defaults });
  const load = async () => {
    const progress = await loadingProgress(name);
    for (const [model, error] of await repository.loadAll(progress.update)) {
      if (model in given.models) throw error.addContext(`Loading the model '${model}'`);
      LogWarning(name, `model '${model}' is not available: ${error.message}`);
    }
  };
  const { allowsModelControl } = given;
  return { name, version, service: undefined, repository, load, allowsModelControl };
}

/** Undefined when the config asked for a clean end. */
function service(given: ServeArguments, config: string, version: string): ServerContents | undefined {
  const found = loadService(config, given.configArguments);
  if (!found) return undefined;
  const repository = new FolderRepository();
  const runners = found.runners.map((runner) => {
    if (runner instanceof Runner) return runner;
    throw new Exception("Configuration", `service '${found.name}': '${runner.name}' is no Runner.`);
  });
  const load = async () => {
    for (const runner of runners) for (const model of await runnerModels(runner)) repository.add(model);
  };
  return { name: found.name, version, service: found, repository, load, allowsModelControl: false };
}

function loadService(path: string, configArguments: readonly string[]): Service | undefined {
  try {
    const { searchPath, cacheDirectory } = jobEnvironment(resolve(path));
    setSearchPath(searchPath);
    setConfigArguments([...configArguments]);
    process.argv = [process.argv[0] ?? "node", path, ...configArguments];
    const exports = loadExports(name, path, { framework, cacheDirectory, searchPath });
    const found = exports.default ?? exports.service;
    if (found instanceof Service) return found;
    throw new Exception(
      "ConfigFileReadError",
      `no service in ${path}, please add one: const service = new Service({ name: "NAME" }); … export default service;`,
    );
  } catch (error) {
    if (!(error instanceof ConfigExit))
      throw Exception.from(error).addContext(`Processing the configuration file named ${path}`);
    process.stdout.write(error.text);
    return undefined;
  }
}
