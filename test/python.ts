/** A real TensorFlow in Python, for tests that ask it what it makes of our files; said aloud where there is none. */
import { spawnSync } from "node:child_process";
import { type Suite, suiteThatNeeds } from "./suiteThatNeeds.js";

/** The interpreter that CMSRUN_TF_PYTHON names: `import tensorflow` works in it. */
const interpreter = process.env.CMSRUN_TF_PYTHON;
const timeoutMs = 240_000;

/** A suite that needs Python's TensorFlow: skipped without one, failed where CMSRUN_REQUIRE_TENSORFLOW says it must be there. */
export const describeWithPython: Suite = suiteThatNeeds(
  interpreter !== undefined,
  "CMSRUN_TF_PYTHON is not set: what TensorFlow reads is NOT tested",
  process.env.CMSRUN_REQUIRE_TENSORFLOW,
);

/**
 * Runs a Python program and gives what it printed. @throws with what it wrote to standard error when it fails
 * @param program Python's text, or the path of a .py file
 */
export function runPython(program: string, args: readonly string[] = []): string {
  if (interpreter === undefined) throw new Error("CMSRUN_TF_PYTHON must name a Python that has TensorFlow");
  const how = program.endsWith(".py") ? [program] : ["-c", program];
  const { status, stdout, stderr, error } = spawnSync(interpreter, [...how, ...args], {
    encoding: "utf8",
    timeout: timeoutMs,
    maxBuffer: 2 ** 28,
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: "3", CUDA_VISIBLE_DEVICES: "-1" },
  });
  if (status === 0) return stdout;
  throw new Error(`Python ended with ${status ?? error?.message}:\n${stderr.slice(-4000)}`);
}
