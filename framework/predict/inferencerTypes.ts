/** Inferencers by name, so that a config can say which it wants. */
import { nearest, suggestion } from "../base/didYouMean.js";
import { Exception } from "../base/errors.js";
import type { Inferencer } from "./Inferencer.js";
import { BinaryClassificationStats } from "./inferencers/BinaryClassificationStats.js";
import { Calibration } from "./inferencers/Calibration.js";
import { ClassificationError } from "./inferencers/ClassificationError.js";
import { ConfusionMatrix } from "./inferencers/ConfusionMatrix.js";
import { RocCurve } from "./inferencers/RocCurve.js";
import { ScalarStats } from "./inferencers/ScalarStats.js";

/** What a config can say of an inferencer; each type takes some of these. Plain data: it goes to every thread. */
export interface InferencerOptions {
  readonly names?: readonly string[];
  readonly wrongTensorName?: string;
  readonly predTensorName?: string;
  readonly labelTensorName?: string;
  readonly prefix?: string;
  readonly summaryName?: string;
  readonly threshold?: number;
  readonly bins?: number;
  readonly lower?: number;
  readonly upper?: number;
  readonly mistagRates?: readonly number[];
  readonly maxDistinctScores?: number;
  readonly classes?: readonly string[];
}
type OptionName = keyof InferencerOptions;
type Given<R extends OptionName, O extends OptionName> = {
  readonly [K in R]-?: NonNullable<InferencerOptions[K]>;
} & Pick<InferencerOptions, O>;

interface InferencerType {
  readonly required: readonly OptionName[];
  readonly optional: readonly OptionName[];
  make(options: never): Inferencer;
}

const types = new Map<string, InferencerType>();

/**
 * Makes an inferencer known by `type`. A plugin's file calls it at module level: it is loaded in every thread.
 * @param required options that a config must give; `optional`: those that it may give
 */
export function registerInferencer<R extends OptionName, O extends OptionName>(
  type: string,
  required: readonly R[],
  optional: readonly O[],
  make: (options: Given<R, O>) => Inferencer,
): void {
  types.set(type, { required, optional, make });
}

/**
 * @throws Configuration for an unknown type, or options that are missing or that it does not take; InvalidEvaluation for
 *   values that it cannot use
 */
export function makeInferencer(type: string, options: InferencerOptions): Inferencer {
  const found = types.get(type);
  if (!found) throw refused(`unknown inferencer '${type}'${suggestion(type, types.keys())}`);
  const { required, optional, make } = found;
  const known: readonly string[] = [...required, ...optional];
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const unknown = given.find(([name]) => !known.includes(name));
  if (unknown) throw refused(`${type} does not take '${unknown[0]}'${suggestion(unknown[0], known)}`);
  const missing = required.find((name) => options[name] === undefined);
  if (missing !== undefined) throw refused(`${type} needs '${missing}'${offered(missing, given)}`);
  return make(Object.fromEntries(given) as never);
}

function offered(missing: string, given: readonly (readonly [string, unknown])[]): string {
  const near = nearest(
    missing,
    given.map(([name]) => name),
  );
  return near === undefined ? "" : `; '${near}' is given`;
}

function refused(what: string): Exception {
  return new Exception("Configuration", what.endsWith("?") ? what : `${what}.`);
}

const pair = ["predTensorName", "labelTensorName"] as const;

registerInferencer("ScalarStats", ["names"], ["prefix"], (o) => new ScalarStats(o.names, o.prefix));
registerInferencer(
  "ClassificationError",
  [],
  ["wrongTensorName", "summaryName"],
  (o) => new ClassificationError(o.wrongTensorName, o.summaryName),
);
registerInferencer("BinaryClassificationStats", pair, ["prefix", "threshold"], (o) => {
  return new BinaryClassificationStats(o.predTensorName, o.labelTensorName, o.prefix, o);
});
registerInferencer(
  "RocCurve",
  pair,
  ["prefix", "mistagRates", "bins", "lower", "upper", "maxDistinctScores"],
  ({ predTensorName, labelTensorName, ...options }) => new RocCurve(predTensorName, labelTensorName, options),
);
registerInferencer("Calibration", pair, ["prefix", "bins"], (o) => {
  return new Calibration(o.predTensorName, o.labelTensorName, o.prefix, o);
});
registerInferencer("ConfusionMatrix", [...pair, "classes"], ["prefix"], (o) => {
  return new ConfusionMatrix(o.predTensorName, o.labelTensorName, o.classes, o.prefix);
});
