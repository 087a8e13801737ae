/** One run of a recorded config in a process of its own: it cannot disturb the next one, and it ends. */
import { fork } from "node:child_process";
import { join } from "node:path";
import { Exception, type PlainException } from "../base/errors.js";
import { packageRoot } from "./environment.js";
import type { Reference } from "./referenceFolder.js";
import { runReferenceJob } from "./referenceJob.js";
import { report } from "./runJob.js";

const program = join(packageRoot, "dist", "regress.js");
/** What a crashed job said last is enough to find out why. */
const keptTextSize = 4000;

export interface RegressJob {
  readonly reference: Reference;
  readonly packageFolder: string;
  readonly threads: number;
  /** Where the outputs go. */
  readonly folder: string;
  readonly timeoutSeconds: number;
}

/** @throws what the job threw, or UnexpectedJobTermination when it crashed or did not end in time. */
export function runInChild({
  reference,
  packageFolder,
  threads,
  folder,
  timeoutSeconds,
}: RegressJob): Promise<void> {
  const order: Order = { config: reference.config, configArguments: reference.arguments, threads, folder };
  return new Promise((resolve, reject) => {
    const child = fork(program, ["--job", JSON.stringify(order)], {
      cwd: packageFolder,
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    const kill = () => child.kill("SIGKILL");
    process.once("exit", kill);
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      kill();
    }, timeoutSeconds * 1000);
    let failure: Exception | undefined;
    let text = "";
    child.stderr?.on("data", (chunk) => {
      text = `${text}${chunk}`.slice(-keptTextSize);
    });
    child.on("message", (thrown: PlainException) => {
      failure = Exception.fromPlain(thrown);
    });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      process.off("exit", kill);
      if (code === 0) resolve();
      else if (isLate)
        reject(
          new Exception(
            "UnexpectedJobTermination",
            `the job did not end within ${timeoutSeconds} s; allow more with --timeout.`,
          ),
        );
      else
        reject(
          failure ??
            new Exception(
              "UnexpectedJobTermination",
              `the job ended with ${signal ?? `exit code ${code}`}.\n${text}`,
            ),
        );
    });
  });
}

interface Order {
  readonly config: string;
  readonly configArguments: readonly string[];
  readonly threads: number;
  readonly folder: string;
}

/** The child's side; gives the return code. */
export async function runOrder(text: string): Promise<number> {
  const { folder, threads, ...job } = JSON.parse(text) as Order;
  try {
    return (await runReferenceJob({ ...job, threads, streams: threads }, folder)).code;
  } catch (error) {
    await new Promise((resolve) =>
      process.send ? process.send(Exception.from(error).toPlain(), resolve) : resolve(undefined),
    );
    return report(error);
  }
}
