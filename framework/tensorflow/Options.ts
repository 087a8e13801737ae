/** How a session is to be run: CMSSW's tensorflow::Options, with the engine as a further choice. */
import { Exception } from "../base/errors.js";
import { suggestion } from "../base/didYouMean.js";

export const backends = ["cpu", "cuda", "rocm", "intel", "best"] as const;
export type Backend = (typeof backends)[number];

export const engineTargets = ["auto", "wasm", "native"] as const;
export type EngineTarget = (typeof engineTargets)[number];

export interface Options {
  /** Name of a registered engine, or "auto": the first of engines.ts' order that is usable here. */
  readonly engine?: string;
  /** What the compiled engine makes: WebAssembly, code of the machine's C compiler, or "auto", the job's choice. */
  readonly engineTarget?: EngineTarget;
  /** "best" is an accelerator where there is one, else the CPU. */
  readonly backend?: Backend;
  /** Threads inside one run, for engines that have any; the event loop's threads are not counted here. */
  readonly threads?: number;
}

export type ResolvedOptions = Required<Options>;

/**
 * Fills in CMSSW's defaults: one thread, cpu.
 * @throws UnavailableAccelerator (8035) for a backend that is not here, InvalidSession for a value that means nothing.
 */
export function resolveOptions(options: Options = {}): ResolvedOptions {
  const { engine = "auto", engineTarget = "auto", backend = "cpu", threads = 1 } = options;
  if (!engineTargets.includes(engineTarget)) {
    const hint = suggestion(engineTarget, engineTargets);
    throw new Exception("InvalidSession", `unknown engineTarget '${String(engineTarget)}'${hint}.`);
  }
  if (!backends.includes(backend)) {
    throw new Exception(
      "InvalidSession",
      `unknown backend '${String(backend)}'${suggestion(backend, backends)}.`,
    );
  }
  if (!Number.isInteger(threads) || threads < 1) {
    throw new Exception(
      "InvalidSession",
      `threads must be a whole number of at least 1, not ${String(threads)}.`,
    );
  }
  if (backend === "cuda") throw unavailable("Cuda backend requested, but no NVIDIA GPU available in the job");
  if (backend === "rocm" || backend === "intel") {
    throw unavailable(`${backend} backend requested, but TensorFlow is not compiled yet for it here`);
  }
  return { engine, engineTarget, backend: "cpu", threads };
}

function unavailable(what: string): Exception {
  const remedy = "; use backend 'cpu', or 'best' to take what is there";
  return new Exception("UnavailableAccelerator", what + remedy).addContext(
    "Calling tensorflow::setBackend()",
  );
}
