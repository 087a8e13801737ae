/** process.options, maxEvents and the other top-level untracked PSets: what they hold and their defaults. */
import { Exception } from "../base/errors.js";
import { optional, type ParameterSetDescription, untracked } from "../parameters/description.js";
import { parameterView } from "../parameters/parameterView.js";
import { validateParameters } from "../parameters/validateParameters.js";
import { type Parameters, TypedValue } from "../parameters/values.js";
import { MessageLogger } from "../services/MessageLogger.js";
import { Component, Places } from "./components.js";

const { uint32, int32, bool, string, vstring } = untracked;

const optionsDescription = {
  numberOfThreads: uint32(1, { comment: "0 = all CPUs" }),
  numberOfStreams: uint32(0, { comment: "events in flight; 0 = as threads" }),
  numberOfConcurrentRuns: uint32(1),
  numberOfConcurrentLuminosityBlocks: uint32(0, {
    comment: "0 = 2 when there are 2 streams or more, else 1",
  }),
  inferenceEngine: string("auto", {
    comment: 'engine of models whose module leaves it at "auto": compiled, reference, tensorflow',
  }),
  engineTarget: string("wasm", {
    allowed: ["wasm", "native", "auto"],
    comment: "what the compiled engine makes; auto = native where there is a C compiler",
  }),
  wantSummary: bool(false, { comment: "print the TrigReport and TimeReport at the end" }),
  throwIfIllegalParameter: bool(true),
  printDependencies: bool(false),
  deleteNonConsumedUnscheduledModules: bool(true),
  dumpOptions: bool(false),
  fileMode: string("FULLMERGE", { allowed: ["FULLMERGE", "NOMERGE"] }),
  sizeOfStackForThreadsInKB: optional.untracked.uint32(),
  Rethrow: vstring([]),
  allowUnscheduled: optional.untracked.bool(),
  emptyRunLumiMode: optional.untracked.string(),
  makeTriggerResults: optional.untracked.bool(),
} satisfies ParameterSetDescription;

const maxEventsDescription = {
  input: int32(-1, { comment: "events to read; -1 = all" }),
  output: optional.untracked.int32(),
} satisfies ParameterSetDescription;

const maxLuminosityBlocksDescription = { input: int32(-1) } satisfies ParameterSetDescription;

/** One of the untracked PSets that every process has; what a config gives is merged over the defaults. */
export class TopLevelSet {
  readonly #label: string;
  readonly #description: ParameterSetDescription;
  readonly #values: Record<string, TypedValue>;
  readonly #places = new Places();

  constructor(label: string, description: ParameterSetDescription) {
    this.#label = label;
    this.#description = description;
    this.#values = defaultParameters(description);
  }

  /** The parameters as properties: `process.maxEvents.input = 10`. */
  view(): object {
    return parameterView({}, this.#values, {
      name: () => `process.${this.#label}`,
      assigned: (name) => this.#places.assigned(name),
    });
  }

  merge(given: Parameters): void {
    for (const [name, value] of Object.entries(given)) {
      this.#values[name] = value;
      this.#places.assigned(name);
    }
  }

  /** @throws Configuration for an unknown name, a wrong type and a tracked parameter. */
  validated(process: string): Parameters {
    const owner = { name: `process.${this.#label}`, where: (name?: string) => this.#places.where(name) };
    try {
      return validateParameters(owner, this.#description, this.#values);
    } catch (error) {
      throw Exception.from(error).addContext(
        `Validating top level '${this.#label}' ParameterSet for process '${process}'`,
      );
    }
  }
}

export function topLevelSets(): ReadonlyMap<string, TopLevelSet> {
  const descriptions = {
    options: optionsDescription,
    maxEvents: maxEventsDescription,
    maxLuminosityBlocks: maxLuminosityBlocksDescription,
  };
  return new Map(
    Object.entries(descriptions).map(([label, description]) => [label, new TopLevelSet(label, description)]),
  );
}

/** The parameters that have a default, nested ones in full, so that a config can descend into them. */
function defaultParameters(description: ParameterSetDescription): Record<string, TypedValue> {
  const defaults: Record<string, TypedValue> = {};
  for (const [name, { kind, tracked, presence, defaultValue, nested }] of Object.entries(description)) {
    if (presence !== "default" || name === "*") continue;
    const value = kind === "PSet" ? defaultParameters(nested as ParameterSetDescription) : defaultValue;
    defaults[name] = new TypedValue(kind, tracked, value);
  }
  return defaults;
}

/** The service every process has: process.MessageLogger.cerr.FwkReport.reportEvery = 100. */
export function defaultMessageLogger(): Component {
  return new Component("Service", "MessageLogger", defaultParameters(MessageLogger.description));
}
