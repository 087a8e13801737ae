/**
 * tensorpack's SmartInit: gives a graph's variables values from wherever they are, and says what does not belong
 * together. Differs from it in that the graph is plain data: the function with values is a new one.
 */
import { Exception } from "../../base/errors.js";
import { LogWarning } from "../../base/log.js";
import { type ConcreteFunction, variablesOf } from "../ConcreteFunction.js";
import { variableName } from "../savedmodel/RestoredVariables.js";
import { showShape, Tensor } from "../Tensor.js";
import { converted, type Declared, declaredOf, isLossless, isShape, relaxedShape } from "./fitValue.js";
import { withParts } from "./partitions.js";
import { isBookkeeping, isTrainingName } from "./trainingNames.js";
import { type Dictionary, openSource, type ValueSource } from "./ValueSource.js";

export interface SmartInitOptions {
  /** Values of another shape are reshaped and types widened where nothing is lost; the rest is left out, with a warning. */
  readonly ignoreMismatch?: boolean;
  /** Stands before the source's names in the graph, with a "/" between. */
  readonly prefix?: string;
  /** Variables that keep the value they have, by their names in the graph. */
  readonly ignore?: readonly string[];
}

/**
 * A path (checkpoint in any form, SavedModel directory, .npz, .npy of a dictionary), a dictionary, a list of these in
 * which later ones win, or nothing.
 */
export type SmartInitSource = string | Dictionary | readonly SmartInitSource[] | null | undefined | false;

/**
 * The function with its variables' values from `source`; variables that it has no value for keep theirs. One warning
 * lists the variables that the source lacks, one what only the source has; optimizers' variables are in neither.
 * @throws Configuration for another kind of source; InvalidSession where no such file is or it is damaged, and naming
 *   every variable whose stored shape or type is another than the graph's, unless `ignoreMismatch`
 */
export function smartInit(
  fn: ConcreteFunction,
  source: SmartInitSource,
  options: SmartInitOptions = {},
): ConcreteFunction {
  if (Array.isArray(source))
    return source.reduce((given: ConcreteFunction, next) => smartInit(given, next, options), fn);
  if (!source) return fn;
  const matched = matchNames(fn, openSource(source), options);
  const { ignoreMismatch = false } = options;
  const values = ignoreMismatch ? readRelaxed(fn, matched) : readStrictly(fn, matched);
  return { ...fn, variables: new Map([...fn.variables, ...values]) };
}

/** A variable and what is stored for it. */
interface Match extends Declared {
  readonly variable: string;
  readonly stored: string;
  readonly found: ReturnType<ValueSource["describe"]>;
}

interface Matched {
  readonly source: ValueSource;
  readonly matches: readonly Match[];
}

function matchNames(fn: ConcreteFunction, whole: ValueSource, options: SmartInitOptions): Matched {
  const { prefix = "", ignore = [] } = options;
  const start = prefix === "" ? "" : `${prefix.replace(/\/$/, "")}/`;
  const ignored = new Set(ignore.map((name) => name.replace(/:0$/, "")));
  const nodes = variablesOf(fn.graph);
  const source = withParts(whole, nodes, start);
  const used = new Set<string>();
  const missing: string[] = [];
  const matches: Match[] = [];
  for (const node of nodes) {
    const variable = variableName(node);
    const stored = variable.slice(start.length);
    if (!variable.startsWith(start) || !source.has(stored)) {
      if (!ignored.has(variable)) missing.push(variable);
      continue;
    }
    const found = source.describe(stored);
    used.add(found.key);
    if (!ignored.has(variable)) matches.push({ variable, stored, found, ...declaredOf(node) });
  }
  const unused = source.names.filter((key) => !used.has(key) && !ignored.has(start + source.fullName(key)));
  warn(`in the graph, but not found in the ${source.kind}`, missing);
  warn(
    `in the ${source.kind}, but not in the graph`,
    unused.filter((key) => !isTrainingName(key)).map((key) => source.fullName(key)),
  );
  return { source, matches };
}

function warn(where: string, names: readonly string[]): void {
  const told = names.filter((name) => !isTrainingName(name) && !isBookkeeping(name)).sort();
  if (told.length > 0) LogWarning("SmartInit", `The following variables are ${where}: ${told.join(", ")}`);
}

function readStrictly({ graph }: ConcreteFunction, { source, matches }: Matched): [string, Tensor][] {
  const wrong = matches.filter(
    ({ dtype, shape, found }) =>
      found.dtype === undefined || found.dtype !== dtype || !isShape(shape, found.shape),
  );
  if (wrong.length === 0) return matches.map(({ variable, stored }) => [variable, asTensor(source, stored)]);
  const remedy = "give ignoreMismatch to reshape and widen what can be, and leave out the rest";
  throw new Exception(
    "InvalidSession",
    `'${source.origin}' does not fit '${graph.origin}': ${wrong.map(showMismatch).join("; ")}; ${remedy}.`,
  );
}

function readRelaxed(fn: ConcreteFunction, { source, matches }: Matched): [string, Tensor][] {
  const leftOut: string[] = [];
  const values = matches.flatMap((match): [string, Tensor][] => {
    const { variable, stored, dtype, found } = match;
    const shape = relaxedShape(match.shape, found.shape);
    if (shape && dtype && found.dtype && isLossless(found.dtype, dtype))
      return [[variable, converted(source.read(stored), dtype, shape)]];
    leftOut.push(showMismatch(match));
    return [];
  });
  if (leftOut.length > 0) {
    const what = `'${source.origin}' does not fit '${fn.graph.origin}', left out: ${leftOut.join("; ")}`;
    LogWarning("SmartInit", what);
  }
  return values;
}

function showMismatch({ variable, dtype, shape, found }: Match): string {
  const declared = `${dtype ?? "an unsupported type"}${showShape(shape)}`;
  return `'${variable}' is ${declared} in the graph and ${found.typeName}${showShape(found.shape)} there`;
}

function asTensor(source: ValueSource, name: string): Tensor {
  const value = source.read(name);
  return value instanceof Tensor ? value : new Tensor(value.dtype, value.shape, value.data as Float32Array);
}
