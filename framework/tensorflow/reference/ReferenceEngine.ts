/**
 * The engine that is always there: every op as a short readable kernel over typed arrays, any shape, any CPU. It is
 * the measure of the faster engines and runs what they do not.
 */
import type { Engine, Executable, LoadedModel, Runner } from "../engines.js";
import { GraphIndex } from "../GraphIndex.js";
import type { TensorName } from "../names.js";
import type { TensorLike } from "../Tensor.js";
import { Arena } from "./Arena.js";
import { Executor } from "./Executor.js";
import { foldConstants } from "./foldConstants.js";
import { checkOps } from "./ops.js";
import { makePlan } from "./plan.js";
import { type SharedModel, shareModel } from "./shareTensors.js";

export class ReferenceEngine implements Engine {
  readonly name = "reference";
  readonly description = "reference (TypeScript kernels)";

  unavailable(): undefined {
    return undefined;
  }

  load(index: GraphIndex): LoadedModel {
    checkOps(index);
    return new ReferenceModel(index, foldConstants(index));
  }

  fromShared(shared: SharedModel): LoadedModel {
    return new ReferenceModel(new GraphIndex(shared.graph), new Map(shared.constants), shared);
  }
}

class ReferenceModel implements LoadedModel {
  readonly engine = "reference";
  #shared: SharedModel | undefined;

  constructor(
    readonly index: GraphIndex,
    readonly constants: ReadonlyMap<string, TensorLike>,
    shared?: SharedModel,
  ) {
    this.#shared = shared;
  }

  toShared(): SharedModel {
    this.#shared ??= shareModel(this.index.graph, this.constants);
    return this.#shared;
  }

  createRunner(): Runner {
    return new ReferenceRunner(this);
  }
}

/** The plans of one stream share its arena: only one of them runs at a time. */
class ReferenceRunner implements Runner {
  readonly #arena = new Arena();
  readonly #model: ReferenceModel;

  constructor(model: ReferenceModel) {
    this.#model = model;
  }

  get arenaBytes(): number {
    return this.#arena.sizeBytes;
  }

  prepare(feeds: readonly TensorName[], fetches: readonly TensorName[]): Executable {
    return new Executor(makePlan(this.#model.index, this.#model.constants, feeds, fetches), this.#arena);
  }
}
