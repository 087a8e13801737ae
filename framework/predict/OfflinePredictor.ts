/** Predicts on the calling thread: tensorpack's OfflinePredictor, with a graph and a session of its own. */
import { Exception } from "../base/errors.js";
import { asTensor, type TensorInput } from "../tensorflow/asTensor.js";
import type { PreparedCall } from "../tensorflow/PreparedCall.js";
import { createSession, type Session } from "../tensorflow/Session.js";
import { showShape, type Tensor, type TensorLike } from "../tensorflow/Tensor.js";
import type { PredictConfig, PredictGraph } from "./PredictConfig.js";

/** The outputs in the order of outputNames; with returnInput the inputs before them. */
export type Prediction<ReturnInput extends boolean> = ReturnInput extends true
  ? readonly [inputs: readonly TensorInput[], outputs: Tensor[]]
  : Tensor[];

export class OfflinePredictor<ReturnInput extends boolean = false> {
  readonly #session: Session;
  readonly #call: PreparedCall;
  readonly #inputs: PredictGraph["inputs"];
  readonly #returnInput: boolean;

  private constructor(session: Session, { inputs }: PredictGraph, config: PredictConfig<ReturnInput>) {
    this.#session = session;
    this.#inputs = inputs;
    this.#returnInput = config.returnInput;
    this.#call = session.prepare(
      inputs.map(({ name }) => name),
      config.outputNames,
    );
  }

  /** @throws as PredictConfig.graph and createSession */
  static async create<R extends boolean>(config: PredictConfig<R>): Promise<OfflinePredictor<R>> {
    const made = await config.graph();
    return new OfflinePredictor(createSession(made.graph, config.session), made, config);
  }

  /** The engine that computes. */
  get engine(): string {
    return this.#session.engine;
  }

  /**
   * One tensor an input, in the order of inputNames; nested arrays and typed arrays become the input's dtype.
   * @throws InvalidRun for another number of inputs; InvalidTensor for a value that is none; as Session.run
   */
  predict(...inputs: TensorInput[]): Prediction<ReturnInput> {
    const outputs = this.#call.run(toFeeds(this.#inputs, inputs));
    return (this.#returnInput ? [inputs, outputs] : outputs) as Prediction<ReturnInput>;
  }

  /** Releases the session. */
  close(): void {
    this.#session.close();
  }
}

/** @throws InvalidRun, InvalidTensor naming the input */
export function toFeeds(
  declared: PredictGraph["inputs"],
  inputs: readonly TensorInput[],
): readonly TensorLike[] {
  if (inputs.length !== declared.length) {
    const wanted = declared.map(
      ({ key, dtype, shape }) => `'${key}' (${dtype ?? "any type"} ${showShape(shape)})`,
    );
    throw new Exception(
      "InvalidRun",
      `predict takes ${declared.length} inputs, ${wanted.join(", ")}; ${inputs.length} are given.`,
    );
  }
  return declared.map(({ key, dtype, shape }, i) => asTensor(inputs[i], { dtype, shape }, `input '${key}'`));
}
