/** One job from config to exit code: loads, runs, reports. */
import { existsSync, unlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Exception, exitCodes } from "../base/errors.js";
import { LogAbsolute, setLogSink } from "../base/log.js";
import { loadConfig } from "../config/loadConfig.js";
import { describeProcess, type ProcessDescription } from "../config/ProcessDescription.js";
import { ConfigExit, setConfigArguments } from "../config/VarParsing.js";
import { EventProcessor, type JobResult } from "../engine/EventProcessor.js";
import * as framework from "../index.js";
import { setSearchPath } from "../parameters/fileInPath.js";
import { setLocalBalancer } from "../serving/sonic/localBalancer.js";
import { chooseThreads } from "../tensorflow/tfjs/addon.js";
import { type CommandLine, CommandLineError, explainExitCode } from "./cmsrunArguments.js";
import { jobEnvironment, pluginManager, release, threadEntry } from "./environment.js";
import { watchProgress } from "./progressBar.js";
import { onStopSignal } from "./stopSignals.js";

/** Gives the full return code (7000–9000), 0 for success. */
export async function runJob(given: CommandLine | CommandLineError): Promise<number> {
  try {
    if (given instanceof CommandLineError) throw given.exception;
    if (given.explain !== undefined) {
      process.stdout.write(explainExitCode(given.explain));
      return 0;
    }
    if (given.record) return await (await import("./recordReference.js")).recordReference(given);
    if (given.check) return await (await import("./checkConfig.js")).checkConfig(given);
    return await runProcess(newProcessor(given, readConfig(given)));
  } catch (error) {
    if (error instanceof ConfigExit) {
      process.stdout.write(error.text);
      return 0;
    }
    return report(error);
  }
}

/** Prints the block of a fatal exception and gives its return code. */
export function report(error: unknown): number {
  const exception = Exception.from(error);
  process.stderr.write(exception.format());
  return exception.returnCode;
}

/** The config as the engine takes it. */
export function readConfig({ config, command, configArguments }: CommandLine): ProcessDescription {
  const path = command === undefined ? String(config) : temporaryConfig(command);
  const context = `Processing the configuration file named ${command === undefined ? path : "<command line>"}`;
  try {
    const { searchPath, cacheDirectory } = jobEnvironment(resolve(path));
    setSearchPath(searchPath);
    setConfigArguments(configArguments);
    // A config may read its arguments itself: [config, argument …] behind the program, as Python's sys.argv.
    process.argv = [process.argv[0] ?? "node", path, ...configArguments];
    return describeProcess(loadConfig(path, { framework, cacheDirectory, searchPath }), path);
  } catch (error) {
    if (error instanceof ConfigExit) throw error;
    throw Exception.from(error).addContext(context);
  } finally {
    if (command !== undefined) unlinkSync(path);
  }
}

function temporaryConfig(text: string): string {
  const path = resolve(`.cmsrun-command-${process.pid}_cfg.ts`);
  if (existsSync(path))
    throw new Exception("CommandLineProcessing", `cmsrun -c: '${path}' is in the way; remove it.`);
  writeFileSync(path, text);
  return path;
}

export function newProcessor(
  { config, threads, streams, engine, engineTarget }: CommandLine,
  description: ProcessDescription,
): EventProcessor {
  const environment = jobEnvironment(resolve(config ?? ".cmsrun_cfg.ts"));
  chooseThreads();
  setLocalBalancer(environment.localBalancer);
  return new EventProcessor(description, {
    plugins: pluginManager(environment),
    threadEntry,
    release,
    threads,
    streams,
    engine,
    engineTarget: engineTarget ?? environment.engineTarget,
    compiledDirectory: join(environment.cacheDirectory, "compiled"),
  });
}

const stopSignals = ["SIGINT", "SIGUSR2", "SIGTERM"] as const;

/** The job proper; endJob is attempted after a failure too. A second signal ends the process at once. */
export async function runProcess(processor: EventProcessor): Promise<number> {
  let failure: unknown;
  let result: JobResult | undefined;
  onStopSignal(
    stopSignals,
    () => processor.requestStop(),
    (code) => processor.exit(code),
  );
  try {
    await processor.construct();
    setLogSink((message) => processor.messageLogger.log(message));
    processor.hasProgressBar = process.stderr.isTTY === true && processor.messageLogger.reportEvery > 0;
    await processor.beginJob();
  } catch (error) {
    await processor.abandon();
    throw error;
  }
  const progress = await watchProgress(processor);
  try {
    result = await processor.runToCompletion();
  } catch (error) {
    failure = error;
  }
  progress.stop();
  try {
    await processor.endJob();
  } catch (error) {
    if (failure !== undefined)
      LogAbsolute(
        "MoreExceptions",
        `After the exception below, endJob also failed: ${Exception.from(error).message}`,
      );
    failure ??= error;
  }
  if (failure !== undefined) throw failure;
  process.stdout.write(throughput(result as JobResult));
  return result?.stoppedBy === "signal" ? exitCodes.CaughtSignal : 0;
}

function throughput({ events, threads, streams, loopSeconds, stoppedBy }: JobResult): string {
  const plural = (n: number, what: string) => `${n} ${what}${n === 1 ? "" : "s"}`;
  const rate = loopSeconds > 0 ? events / loopSeconds : 0;
  const why = stoppedBy === "end of input" ? "" : ` (stopped by ${stoppedBy})`;
  return `Processed ${plural(events, "event")} in ${loopSeconds.toFixed(3)} s on ${plural(threads, "thread")} and ${plural(streams, "stream")}${why}: ${rate.toFixed(1)} events/s\n`;
}
