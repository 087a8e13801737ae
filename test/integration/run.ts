/** Runs cmsrun as its users do: the built program, in a folder of its own, with a time limit. */
import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";

export const root = fileURLToPath(new URL("../..", import.meta.url));
/** Plugins that more than one test uses; one test's own lie in `plugins/` beside its config. */
const sharedPlugins = join(root, "test", "integration", "plugins");

export interface RunOptions {
  /** The folder the program runs in. */
  readonly cwd?: string;
  readonly timeoutMs?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** A command of ours; cmsrun, if not given. */
  readonly command?: string;
}

export interface Outcome {
  /** As the shell sees it; null when the time limit ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningJob {
  readonly child: ChildProcess;
  readonly outcome: Promise<Outcome>;
  /** Resolves when `text` has appeared in stdout or stderr, with what was written until then. */
  seen(text: string): Promise<string>;
}

/** A folder that is removed after the tests of the file that asked for it. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "cmsrun-test-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** `cmsrun …args`, to its end. */
export function cmsrun(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return startCmsrun(args, options).outcome;
}

/**
 * A job whose config is `body`, for tables of small cases: `cms` and `process` (a process TEST of 10 events of an
 * EmptySource, without progress lines) are there already, unless `body` makes a process of its own.
 */
export async function cmsrunConfig(
  body: string,
  args: readonly string[] = [],
  options: RunOptions = {},
): Promise<Outcome> {
  return startCmsrunConfig(body, args, options).outcome;
}

export function startCmsrunConfig(
  body: string,
  args: readonly string[] = [],
  options: RunOptions = {},
): RunningJob {
  const folder = options.cwd ?? mkdtempSync(join(tmpdir(), "cmsrun-job-"));
  const config = join(folder, `job${jobs++}_cfg.ts`);
  const start = body.includes("new cms.Process(") ? "" : preamble;
  writeFileSync(config, `import { cms } from "#framework";\n${start}\n${body}\nexport default process;\n`);
  const job = startCmsrun([...args, config], { ...options, cwd: folder });
  if (!options.cwd) void job.outcome.then(() => rmSync(folder, { recursive: true }));
  return job;
}

let jobs = 0;
const preamble = `const process = new cms.Process("TEST");
process.source = cms.Source("EmptySource");
process.maxEvents.input = 10;
process.MessageLogger.cerr.FwkReport.limit = 0;`;

export function startCmsrun(
  args: readonly string[],
  { cwd = root, timeoutMs = 25_000, env = {}, command = "cmsrun" }: RunOptions = {},
): RunningJob {
  const environment = { ...process.env, CMSRUN_PLUGIN_PATH: sharedPlugins, ...env };
  const folder = mkdtempSync(join(tmpdir(), "cmsrun-log-"));
  // Files, not pipes: a busy test runner must not slow the program down.
  const [stdout, stderr] = [join(folder, "stdout"), join(folder, "stderr")];
  const descriptors = [openSync(stdout, "w"), openSync(stderr, "w")];
  const stdio: StdioOptions = ["ignore", ...descriptors];
  const child = spawn(process.execPath, [join(root, "dist", `${command}.js`), ...args], {
    cwd,
    env: environment,
    stdio,
    timeout: timeoutMs,
    killSignal: "SIGKILL",
  });
  for (const descriptor of descriptors) closeSync(descriptor);
  const output = () => ({ stdout: readFileSync(stdout, "utf8"), stderr: readFileSync(stderr, "utf8") });
  let ended: Outcome | undefined;
  const outcome = new Promise<Outcome>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      ended = { code, ...output() };
      rmSync(folder, { recursive: true });
      resolve(ended);
    });
  });
  const seen = async (text: string) => {
    for (;;) {
      const { stdout: out, stderr: err } = ended ?? output();
      if (out.includes(text) || err.includes(text)) return out + err;
      if (ended) throw new Error(`'${text}' never appeared in:\n${out}${err}`);
      await sleep(10);
    }
  };
  return { child, outcome, seen };
}

/** The block of a fatal exception, without its time; "" when none was printed. */
export function exceptionBlock({ stderr }: Outcome): string {
  const [, block = ""] =
    /----- Begin Fatal Exception .*\n([\s\S]*?)----- End Fatal Exception/.exec(stderr) ?? [];
  return block;
}

/** Lines that a test plugin logged: those that begin with `tag`, without it. */
export function tagged({ stderr }: Outcome, tag: string): string[] {
  const prefix = `${tag} `;
  return stderr
    .split("\n")
    .filter((line) => line.startsWith(prefix))
    .map((line) => line.slice(prefix.length));
}
