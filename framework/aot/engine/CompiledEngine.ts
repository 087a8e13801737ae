/**
 * The engine that compiles: one unit of code for each set of input shapes, made when it is first run and kept on disk.
 * What cannot be compiled runs in the reference engine, as a part of its own.
 */
import type { Engine, LoadedModel, Runner } from "../../tensorflow/engines.js";
import type { GraphIndex } from "../../tensorflow/GraphIndex.js";
import { type TensorName, tensorKey } from "../../tensorflow/names.js";
import type { ResolvedOptions } from "../../tensorflow/Options.js";
import { ReferenceEngine, type ReferenceModel } from "../../tensorflow/reference/ReferenceEngine.js";
import type { SharedModel } from "../../tensorflow/reference/shareTensors.js";
import { compilerVersion, featuresOf, machineCompiler } from "../compile.js";
import type { TargetName } from "../Unit.js";
import { CompiledExecutable } from "./CompiledExecutable.js";
import { graphHash } from "./graphHash.js";
import { compilerSettings } from "./settings.js";
import type { CompilableGraph } from "./units.js";

interface SharedCompiledModel {
  readonly reference: SharedModel;
  readonly target: TargetName;
  readonly hash: string;
}

export class CompiledEngine implements Engine {
  readonly name = "compiled";
  readonly #reference = new ReferenceEngine();
  readonly #targets = new Set<TargetName>();

  get description(): string | undefined {
    const targets = [...this.#targets].map((target) => `${target}, ${featuresOf(target)}`);
    return targets.length > 0 ? `compiled ${compilerVersion} (${targets.join("; ")})` : undefined;
  }

  unavailable(): undefined {
    return undefined;
  }

  load(index: GraphIndex, options: ResolvedOptions): LoadedModel {
    const target = resolveTarget(options.engineTarget);
    return this.#model(this.#reference.load(index), target, graphHash(index.graph));
  }

  fromShared({ reference, target, hash }: SharedCompiledModel): LoadedModel {
    return this.#model(this.#reference.fromShared(reference), target, hash);
  }

  #model(reference: ReferenceModel, target: TargetName, hash: string): LoadedModel {
    this.#targets.add(target);
    return new CompiledModel(reference, target, hash);
  }
}

/** @throws UnavailableAccelerator when native code is asked for and there is no compiler */
function resolveTarget(wanted: ResolvedOptions["engineTarget"]): TargetName {
  const target = wanted === "auto" ? compilerSettings().target : wanted;
  if (target === "native") machineCompiler();
  if (target !== "auto") return target;
  try {
    machineCompiler();
    return "native";
  } catch {
    return "wasm";
  }
}

export class CompiledModel implements LoadedModel, CompilableGraph {
  readonly engine = "compiled";

  constructor(
    readonly reference: ReferenceModel,
    readonly target: TargetName,
    readonly hash: string,
  ) {}

  get index(): GraphIndex {
    return this.reference.index;
  }

  toShared(): SharedCompiledModel {
    return { reference: this.reference.toShared(), target: this.target, hash: this.hash };
  }

  createRunner(): Runner {
    return new CompiledRunner(this);
  }
}

class CompiledRunner implements Runner {
  readonly #executables: CompiledExecutable[] = [];

  constructor(readonly model: CompiledModel) {}

  /** The arena of compiled code is the thread's: only what the reference engine holds is the stream's. */
  get arenaBytes(): number {
    return this.#executables.reduce((sum, { arenaBytes }) => sum + arenaBytes, 0);
  }

  prepare(feeds: readonly TensorName[], fetches: readonly TensorName[]): CompiledExecutable {
    const executable = new CompiledExecutable(this.model, feeds.map(tensorKey), fetches.map(tensorKey));
    this.#executables.push(executable);
    executable.warmUp();
    return executable;
  }
}
