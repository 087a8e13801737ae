/**
 * The server that a job starts for itself: our own edmServe, on a free port of this machine, with the models of the
 * configuration. It ends with the job, whatever ends that: its standard input closes with the process that started it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { Exception } from "../../base/errors.js";
import { LogPrint, LogWarning } from "../../base/log.js";
import { ownPackageRoot } from "../../modules/PluginManager.js";
import { noteModel } from "../../tensorflow/inferenceReport.js";
import { fallbackName, openToAll, type TritonServer } from "./TritonServer.js";

export interface FallbackOptions {
  readonly verbose: boolean;
  /** Keeps the log in tempDir. */
  readonly debug: boolean;
  /** Longest wait for the server to be ready [s]. */
  readonly waitS: number;
  readonly instanceName: string;
  readonly tempDir: string;
}

const maxLogChars = 64_000;
const maxStarts = 3;
const stopMs = 10_000;
/** Runs before the server's own program. */
const endWithParent =
  "data:text/javascript,process.stdin.resume().on('close',()=>process.exit(0)).unref?.();process.stdin.on('error',()=>{})";

export class FallbackServer {
  readonly #options: FallbackOptions;
  /** Model name → its path. */
  readonly #models: ReadonlyMap<string, string>;
  #child: ChildProcess | undefined;
  #running: Promise<TritonServer> | undefined;
  #starts = 0;
  #isStopping = false;
  #log = "";
  readonly #kill = () => this.#child?.kill("SIGKILL");

  constructor(options: FallbackOptions, models: ReadonlyMap<string, string>) {
    this.#options = options;
    this.#models = models;
  }

  get models(): ReadonlyMap<string, string> {
    return this.#models;
  }

  /** The server, started when it is first asked for, and again when it died. @throws FallbackFailed with its log */
  server(): Promise<TritonServer> {
    this.#running ??= this.#start();
    return this.#running;
  }

  /** Ends it, and waits until it is gone. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const child = this.#child;
    if (!child) return;
    process.off("exit", this.#kill);
    await ended(child);
    this.#child = undefined;
    if (this.#options.debug) this.#keepLog();
    if (this.#options.verbose) LogPrint("TritonService", `log of the fallback server:\n${this.#log}`);
  }

  async #start(): Promise<TritonServer> {
    const program = join(ownPackageRoot(import.meta.url), "dist", "edmServe.js");
    if (!existsSync(program)) throw this.#failed(`${program} is not there; build it with 'npm run build'`);
    if (this.#isStopping) throw this.#failed("the job is ending");
    if (this.#starts++ >= maxStarts) throw this.#failed(`it died ${maxStarts} times`);
    const models = [...this.#models].map(([name, path]) => served(name, path));
    for (const path of this.#models.values()) noteModel("", isConfig(path) ? dirname(path) : path);
    const child = spawn(
      process.execPath,
      ["--import", endWithParent, program, ...new Set(models), "--port=0", "--grpc-port=0"],
      // A process group of its own: Ctrl-C is the job's to answer, and its events in flight still need the server.
      { stdio: ["pipe", "pipe", "pipe"], detached: true, env: { ...process.env, CMSRUN_SERVE_TOKEN: "" } },
    );
    this.#child = child;
    process.off("exit", this.#kill).once("exit", this.#kill);
    child.stdin.on("error", () => undefined);
    const port = await this.#ready(child);
    child.once("exit", (code, signal) => this.#died(child, signal ?? `exit code ${code}`));
    if (this.#options.verbose) LogPrint("TritonService", `fallback server on port ${port}, pid ${child.pid}`);
    return { name: fallbackName, address: "127.0.0.1", port, ...openToAll };
  }

  /** The port, once the server says that it serves. */
  async #ready(child: ChildProcess): Promise<number> {
    let tooLate: NodeJS.Timeout | undefined;
    try {
      return await new Promise<number>((resolve, reject) => {
        const { waitS } = this.#options;
        tooLate = setTimeout(
          () => reject(new Error(`it was not ready after ${waitS} s (parameter wait of fallback)`)),
          waitS * 1000,
        );
        let line = "";
        const read = (text: Buffer) => {
          this.#log = (this.#log + text.toString()).slice(-maxLogChars);
          line = (line + text.toString()).slice(-maxLogChars);
          const found = /ready:.* grpc:\/\/\S+:(\d+)\s/.exec(line)?.[1];
          if (found !== undefined) resolve(Number(found));
        };
        child.stdout?.on("data", read);
        child.stderr?.on("data", read);
        child.once("error", reject);
        child.once("exit", (code, signal) =>
          reject(new Error(`it ended with ${signal ?? `exit code ${code}`} before it was ready`)),
        );
      });
    } catch (error) {
      await ended(child);
      this.#child = undefined;
      throw this.#failed((error as Error).message);
    } finally {
      clearTimeout(tooLate);
    }
  }

  #died(child: ChildProcess, how: string): void {
    if (this.#isStopping || this.#child !== child) return;
    this.#child = undefined;
    this.#running = undefined;
    LogWarning("TritonService", `the fallback server ended with ${how}; its log:\n${this.#log}`);
  }

  #failed(what: string): Exception {
    const log = this.#log === "" ? "" : `\nIts log:\n${this.#log}`;
    return new Exception("FallbackFailed", `the fallback server did not start: ${what}.${log}`);
  }

  #keepLog(): void {
    const { tempDir, instanceName } = this.#options;
    const path = join(tempDir, `${instanceName}.log`);
    try {
      mkdirSync(tempDir, { recursive: true });
      writeFileSync(path, this.#log);
      LogPrint("TritonService", `the fallback server's log is in ${path}`);
    } catch (error) {
      // The job has all its events.
      LogWarning("TritonService", `the fallback server's log cannot be kept: ${(error as Error).message}`);
    }
  }
}

/** A configuration lies in its model's folder, in a repository. */
function served(name: string, path: string): string {
  return isConfig(path) ? `--model-repository=${dirname(dirname(path))}` : `${name}=${path}`;
}

const isConfig = (path: string): boolean => basename(path) === "config.pbtxt";

/** Asks a process to end, makes it end, and waits for it. */
async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill("SIGTERM");
  const force = setTimeout(() => child.kill("SIGKILL"), stopMs);
  await gone;
  clearTimeout(force);
}
