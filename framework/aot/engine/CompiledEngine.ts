/**
 * The engine that compiles: one unit of code for each set of input shapes, made when it is first run and kept on disk.
 * What cannot be compiled runs in the reference engine, as a part of its own.
 */
import type { Engine, GraphSource, LoadedModel } from "../../tensorflow/engines.js";
import { GraphIndex } from "../../tensorflow/GraphIndex.js";
import type { ResolvedOptions } from "../../tensorflow/Options.js";
import { ReferenceEngine } from "../../tensorflow/reference/ReferenceEngine.js";
import { compilerVersion, featuresOf, machineCompiler } from "../targets.js";
import type { TargetName } from "../Unit.js";
import { CompiledModel, type SharedCompiledModel } from "./CompiledModel.js";
import { graphHash } from "./graphHash.js";
import { compilerSettings } from "./settings.js";

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

  load(index: GraphIndex, options: ResolvedOptions, source?: GraphSource): LoadedModel {
    const target = resolveTarget(options.engineTarget);
    this.#targets.add(target);
    const whole = this.#reference.load(index);
    return new CompiledModel(whole.index, target, graphHash(index.graph), source, whole);
  }

  fromShared(shared: SharedCompiledModel): LoadedModel {
    const { target, hash } = shared;
    this.#targets.add(target);
    if ("source" in shared)
      return new CompiledModel(new GraphIndex(shared.graph), target, hash, shared.source);
    const whole = this.#reference.fromShared(shared.whole);
    return new CompiledModel(whole.index, target, hash, undefined, whole);
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
