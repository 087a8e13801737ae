/**
 * Measures a model on a sample: tensorpack's InferenceRunner. It runs the model over batches, hands them to inferencers
 * and gives scalars; as a fit() callback of a tfjs model it does so after each epoch.
 */
import { Exception } from "../base/errors.js";
import type { Session } from "../tensorflow/Session.js";
import { beginTraining, withTowerContext } from "../tensorflow/trace/towerContext.js";
import type { TensorLike } from "../tensorflow/Tensor.js";
import { type InferenceResult, type Inferencer, type NamedTensors, resultOf } from "./Inferencer.js";

/** Batches of one sample; all tensors of a batch have as many rows. The last one may be shorter. */
export type Batches = Iterable<NamedTensors> | AsyncIterable<NamedTensors>;
/** One tensor an output; arguments and results in the order of inputNames and outputNames. */
export type PredictFunction = (
  ...inputs: TensorLike[]
) => readonly TensorLike[] | Promise<readonly TensorLike[]>;

export interface InferenceRunnerOptions {
  /** What computes: a function, anything with such a `predict`, or a session. Without one, batches are measured as they are. */
  readonly predictor?: PredictFunction | { readonly predict: PredictFunction };
  readonly session?: Session;
  /** Tensors of a batch that are fed, in the order of the predictor's arguments. */
  readonly inputNames?: readonly string[];
  /** Names for what is computed, in the predictor's order; a session computes the tensors so named. */
  readonly outputNames?: readonly string[];
}

/** What fit({ callbacks }) of @tensorflow/tfjs-layers takes. */
export interface FitCallback {
  onTrainBegin(): Promise<void>;
  onTrainEnd(): Promise<void>;
  onEpochEnd(epoch: number, logs?: Record<string, number>): Promise<void>;
}

export class InferenceRunner {
  readonly #input: Batches | (() => Batches);
  readonly #inferencers: readonly Inferencer[];
  readonly #options: InferenceRunnerOptions;
  readonly #predict: PredictFunction | undefined;

  /**
   * @param input batches of named tensors: a list, or a function that opens the sample anew for each run
   * @throws Configuration when names are missing, or two inferencers give the same scalar
   */
  constructor(
    input: Batches | (() => Batches),
    inferencers: Inferencer | readonly Inferencer[],
    options: InferenceRunnerOptions = {},
  ) {
    this.#input = input;
    this.#inferencers = "fetches" in inferencers ? [inferencers] : inferencers;
    this.#options = options;
    this.#predict = predictFunction(options);
    resultOf(this.#inferencers);
  }

  /**
   * One pass over the sample, in which towerContext().isTraining is false. A batch without rows is passed over.
   * @throws InvalidEvaluation for tensors that cannot be measured, or a sample without rows; whatever the model throws
   */
  run(): Promise<InferenceResult> {
    return withTowerContext({ isTraining: false }, async () => {
      for (const inferencer of this.#inferencers) inferencer.reset();
      let rows = 0;
      for await (const batch of typeof this.#input === "function" ? this.#input() : this.#input)
        rows += await this.#batch(batch);
      if (rows === 0) {
        const hint = "Give a list, or a function that opens the sample anew for each run";
        throw new Exception("InvalidEvaluation", `InferenceRunner: the sample gave no rows. ${hint}.`);
      }
      return resultOf(this.#inferencers);
    });
  }

  /**
   * Callback for a tfjs model's fit(): after each epoch the scalars stand in `logs`, so in the history and before
   * callbacks that come later. Meanwhile model functions see towerContext().isTraining as true. Beside tfjs' own
   * callbacks (earlyStopping) write `new tf.CustomCallback(runner.asCallback())`: tfjs does not take both kinds in one list.
   */
  asCallback(): FitCallback {
    let endTraining = () => {};
    return {
      onTrainBegin: async () => {
        endTraining = beginTraining();
      },
      onTrainEnd: async () => endTraining(),
      onEpochEnd: async (_epoch, logs) => {
        try {
          const { scalars } = await this.run();
          Object.assign(logs ?? {}, scalars);
        } catch (error) {
          // fit() does not tell its callbacks that it ends so.
          endTraining();
          throw error;
        }
      },
    };
  }

  async #batch(batch: NamedTensors): Promise<number> {
    const rowCount = rowsOf(batch);
    if (rowCount === 0) return 0;
    const outputs = { ...batch };
    const { inputNames = [], outputNames = [] } = this.#options;
    if (this.#predict) {
      const computed = await this.#predict(...inputNames.map((name) => tensorOf(batch, name)));
      for (const [index, name] of outputNames.entries()) {
        const output = computed[index];
        if (!output)
          throw new Exception(
            "InvalidEvaluation",
            `InferenceRunner: the predictor gave ${computed.length} tensors for outputNames '${outputNames.join("', '")}'.`,
          );
        outputs[name] = output;
      }
    }
    for (const inferencer of this.#inferencers) inferencer.update(outputs, rowCount);
    return rowCount;
  }
}

function predictFunction(options: InferenceRunnerOptions): PredictFunction | undefined {
  const { predictor, session, inputNames, outputNames } = options;
  if (!predictor && !session) return undefined;
  if (predictor && session)
    throw new Exception("Configuration", "InferenceRunner: give a predictor or a session, not both.");
  if (!inputNames?.length || !outputNames?.length)
    throw new Exception(
      "Configuration",
      "InferenceRunner: with a model, inputNames and outputNames are needed.",
    );
  if (session) {
    const call = session.prepare(inputNames, outputNames);
    return (...inputs) => call.run(inputs);
  }
  if (typeof predictor === "function") return predictor;
  return (...inputs) => (predictor as { readonly predict: PredictFunction }).predict(...inputs);
}

function tensorOf(batch: NamedTensors, name: string): TensorLike {
  const found = Object.hasOwn(batch, name) ? batch[name] : undefined;
  if (found) return found;
  const known = `'${Object.keys(batch).join("', '")}'`;
  throw new Exception(
    "InvalidEvaluation",
    `InferenceRunner: a batch has no tensor '${name}'; it has ${known}.`,
  );
}

/** @throws InvalidEvaluation when the tensors of a batch differ in their number of rows */
function rowsOf(batch: NamedTensors): number {
  const [first, ...others] = Object.entries(batch).filter(([, { shape }]) => shape.length > 0);
  const rows = first?.[1].shape[0] ?? 0;
  const odd = others.find(([, { shape }]) => shape[0] !== rows);
  if (!odd) return rows;
  const [name, { shape }] = odd;
  throw new Exception(
    "InvalidEvaluation",
    `InferenceRunner: in one batch '${first?.[0]}' has ${rows} rows and '${name}' ${shape[0]}.`,
  );
}
