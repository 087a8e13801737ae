/**
 * A real Triton: the program in the wheel nvidia-pytriton, with its python backend, no GPU. CMSRUN_TRITON names a Python
 * that has the wheel and numpy; where there is none, that is said aloud.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { delimiter, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { loadGraphDef, saveNpz, type TensorLike } from "#framework";
import { afterAll } from "vitest";
import { root } from "./integration/run.js";
import { type Suite, suiteThatNeeds } from "./suiteThatNeeds.js";

const interpreter = process.env.CMSRUN_TRITON;
const readyMs = 30_000;

/** A suite that needs Triton: skipped without it, failed where CMSRUN_REQUIRE_TRITON says it must be there. */
export const describeWithTriton: Suite = suiteThatNeeds(
  interpreter !== undefined,
  "CMSRUN_TRITON is not set: the SONIC client is NOT tested against Triton",
  process.env.CMSRUN_REQUIRE_TRITON,
);

export interface Triton {
  readonly grpcPort: number;
  readonly httpPort: number;
  readonly child: ChildProcess;
  /** SIGKILL, as a machine that fails. */
  kill(): Promise<void>;
}

const started: ChildProcess[] = [];
if (interpreter !== undefined) afterAll(() => started.forEach(killGroup));

function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch (error) {
    // It is gone.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

interface Wheel {
  readonly server: string;
  readonly backend: string;
  readonly stub: string;
  /** Of Python and of the wheel. */
  readonly libraries: string;
}

/** Triton with jet_btag, each call of which takes `delayMs` more. @param folder an empty folder of its own */
export async function startTriton(folder: string, { delayMs = 0, maxBatchSize = 64 } = {}): Promise<Triton> {
  const { server, libraries } = wheel();
  const [models, backends] = [join(folder, "models"), join(folder, "backends")];
  makeRepository(models, delayMs, maxBatchSize);
  makeBackend(join(backends, "python"));
  const [httpPort, grpcPort] = [await freePort(), await freePort()];
  const options = {
    "model-repository": models,
    "backend-directory": backends,
    "http-port": httpPort,
    "grpc-port": grpcPort,
    "allow-metrics": "false",
  };
  const python = dirname(String(interpreter));
  const child = spawn(
    server,
    Object.entries(options).map(([name, value]) => `--${name}=${value}`),
    {
      stdio: ["ignore", "ignore", "pipe"],
      // With its models, which are processes that would outlive it.
      detached: true,
      // The backend's Python finds its packages by the first python on PATH.
      env: {
        ...process.env,
        PATH: `${python}${delimiter}${process.env.PATH}`,
        LD_LIBRARY_PATH: `${libraries}${delimiter}${process.env.LD_LIBRARY_PATH ?? ""}`,
      },
    },
  );
  let log = "";
  child.stderr?.on("data", (text: Buffer) => {
    log = (log + text.toString()).slice(-20_000);
  });
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const kill = async () => {
    killGroup(child);
    await gone;
  };
  started.push(child);
  const until = performance.now() + readyMs;
  while (!(await isReady(httpPort))) {
    if (child.exitCode === null && performance.now() < until) await sleep(50);
    else {
      await kill();
      throw new Error(`Triton did not get ready:\n${log}`);
    }
  }
  return { grpcPort, httpPort, child, kill };
}

let found: Wheel | undefined;

function wheel(): Wheel {
  if (found) return found;
  if (interpreter === undefined) throw new Error("CMSRUN_TRITON must name a Python that has nvidia-pytriton");
  const program =
    "import json, os, sys, sysconfig, numpy; print(json.dumps([sysconfig.get_path('platlib'), sysconfig.get_config_var('LIBDIR'), '%d.%d' % sys.version_info[:2]]))";
  const { stdout, stderr, status } = spawnSync(interpreter, ["-c", program], { encoding: "utf8" });
  if (status !== 0) throw new Error(`${interpreter} has no numpy:\n${stderr}`);
  const [site, libraries, version] = JSON.parse(stdout) as [string, string, string];
  const triton = join(site, "pytriton", "tritonserver");
  found = {
    server: join(triton, "bin", "tritonserver"),
    backend: join(triton, "backends", "python"),
    stub: join(triton, "python_backend_stubs", version, "triton_python_backend_stub"),
    libraries: [libraries, join(site, "nvidia_pytriton.libs")].join(delimiter),
  };
  return found;
}

/** The wheel has the backend and its stubs, one for each version of Python, in folders of their own. */
function makeBackend(folder: string): void {
  const { backend, stub } = wheel();
  mkdirSync(folder, { recursive: true });
  for (const name of ["libtriton_python.so", "triton_python_backend_utils.py"])
    symlinkSync(join(backend, name), join(folder, name));
  symlinkSync(stub, join(folder, "triton_python_backend_stub"));
}

function makeRepository(folder: string, delayMs: number, maxBatchSize: number): void {
  const model = join(folder, "jet_btag");
  mkdirSync(join(model, "1"), { recursive: true });
  copyFileSync(join(root, "test", "triton", "jet_btag", "model.py"), join(model, "1", "model.py"));
  const constants = loadGraphDef(join(root, "data/models/jet_btag/graph.pb")).nodes.flatMap(
    ({ name, op, attrs }) => {
      const value = (attrs as unknown as Record<string, { tensor?: TensorLike }>).value?.tensor;
      return op === "Const" && value ? [[name, value] as const] : [];
    },
  );
  saveNpz(join(model, "1", "weights.npz"), Object.fromEntries(constants) as never);
  writeFileSync(
    join(model, "config.pbtxt"),
    `name: "jet_btag"
backend: "python"
max_batch_size: ${maxBatchSize}
input [{ name: "input" data_type: TYPE_FP32 dims: [5] }]
output [{ name: "output" data_type: TYPE_FP32 dims: [1] }]
parameters { key: "delay_ms" value: { string_value: "${delayMs}" } }
`,
  );
}

async function isReady(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/v2/health/ready`)).ok;
  } catch {
    return false;
  }
}

/** A port that nobody had a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}
