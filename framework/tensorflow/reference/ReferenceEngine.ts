/**
 * The engine that is always there: every op as a short readable kernel over typed arrays, any shape, any CPU. It is
 * the measure of the faster engines and runs what they do not.
 */
import type { Engine, Executable, LoadedModel, Runner } from "../engines.js";
import { GraphIndex } from "../GraphIndex.js";
import type { TensorName } from "../names.js";
import { Arena } from "./Arena.js";
import { Executor } from "./Executor.js";
import { foldConstants } from "./foldConstants.js";
import { lowerFunctions } from "./functions/lowerFunctions.js";
import { type Constants, makePlan } from "./makePlan.js";
import { checkInputs } from "./ops.js";
import { type SharedModel, shareModel } from "./shareTensors.js";

export class ReferenceEngine implements Engine {
  readonly name = "reference";
  readonly description = "reference (TypeScript kernels)";

  /** `maxLoopIterations`: what all loops of a run together may do; more is taken for a loop that never ends. */
  constructor(readonly maxLoopIterations = 10_000_000) {}

  unavailable(): undefined {
    return undefined;
  }

  load(given: GraphIndex): ReferenceModel {
    const graph = lowerFunctions(given.graph);
    const index = graph === given.graph ? given : new GraphIndex(graph);
    checkInputs(index);
    // Refuses cycles.
    index.order(index.nodeNames);
    return new ReferenceModel(index, undefined, this.maxLoopIterations);
  }

  fromShared(shared: SharedModel): ReferenceModel {
    const constants = new Map(shared.constants);
    return new ReferenceModel(new GraphIndex(shared.graph), constants, this.maxLoopIterations, shared);
  }
}

export class ReferenceModel implements LoadedModel {
  readonly engine = "reference";
  #shared: SharedModel | undefined;
  #constants: Constants | undefined;

  /** `constants`: where they have been computed already. */
  constructor(
    readonly index: GraphIndex,
    constants: Constants | undefined,
    readonly maxLoopIterations: number,
    shared?: SharedModel,
  ) {
    this.#constants = constants;
    this.#shared = shared;
  }

  /** Those of the graph and what follows from them, computed when they are first asked for. */
  get constants(): Constants {
    this.#constants ??= foldConstants(this.index);
    return this.#constants;
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
    const { index, constants, maxLoopIterations } = this.#model;
    return new Executor(makePlan(index, constants, feeds, fetches), this.#arena, maxLoopIterations);
  }
}
