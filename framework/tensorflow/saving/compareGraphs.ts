/** Runs an export beside its source on random or given input: what differs must not be written. */
import { Exception } from "../../base/errors.js";
import { LogWarning } from "../../base/log.js";
import type { SignedGraph } from "../ConcreteFunction.js";
import type { Signature } from "../GraphDef.js";
import { loadModel, Session } from "../Session.js";
import { type NamedTensor, showShape, type Tensor, type TensorLike } from "../Tensor.js";
import { feedChoices, randomFeeds } from "./randomFeeds.js";

/** Relative to max(1, |x|). */
export const exportTolerance = 1e-6;

/** Input by the keys of the signature. */
export type Sample = Readonly<Record<string, TensorLike>>;

type Run = (feeds: Sample) => Tensor[];

/**
 * @param exported has the keys of the source's signature; its tensors may have other names
 * @returns why it could not be tried, where the source itself does not run here
 * @throws InvalidExport naming the output that differs and by how much, or what the export cannot do
 */
export function compareGraphs(
  source: SignedGraph,
  exported: SignedGraph,
  what: string,
  sample?: Sample,
): string | undefined {
  const keys = Object.keys(source.signature.outputs);
  let why = "";
  const random = feedChoices.map((choice) => () => randomFeeds(source.signature, choice));
  for (const draw of sample ? [() => sample] : random) {
    const feeds = draw();
    const expected = tryRun(source, keys, feeds);
    if (typeof expected === "string") {
      why = expected;
      continue;
    }
    const fault = faultOf(keys, expected, runExport(exported, keys, feeds, what));
    if (fault === undefined) return undefined;
    throw refused(what, fault);
  }
  return why;
}

/** compareGraphs, which says aloud what was not tried. */
export function verifyExport(
  source: SignedGraph,
  exported: SignedGraph,
  what: string,
  sample?: Sample,
): void {
  const why = compareGraphs(source, exported, what, sample);
  if (why === undefined) return;
  LogWarning("Export", `${what} was not compared with its source, which cannot be run here: ${why}.`);
}

/** The outputs, or the message where it cannot run. */
function tryRun(source: SignedGraph, keys: readonly string[], feeds: Sample): Tensor[] | string {
  try {
    return runnerOf(source, keys)(feeds);
  } catch (error) {
    if (!(error instanceof Exception)) throw error;
    const remedy = error.category === "InvalidRun" ? "; give it input with sampleInputs" : "";
    return error.message.replace(/\.$/, "") + remedy;
  }
}

function runExport(exported: SignedGraph, keys: readonly string[], feeds: Sample, what: string): Tensor[] {
  try {
    return runnerOf(exported, keys)(feeds);
  } catch (error) {
    if (!(error instanceof Exception)) throw error;
    throw refused(what, `it does not run: ${error.message.replace(/\.$/, "")}`, error);
  }
}

/** By tensors' names: a key may be the name of another node. */
function runnerOf(graph: SignedGraph, keys: readonly string[]): Run {
  const { inputs, outputs } = graph.signature;
  const session = new Session(loadModel(graph, { engine: "reference" }));
  const fetches = keys.map((key) => nameOf(outputs, key));
  return (feeds) => {
    const named = Object.entries(feeds).map(([key, tensor]): NamedTensor => [nameOf(inputs, key), tensor]);
    return session.run(named, fetches);
  };
}

function nameOf(side: Signature["inputs"], key: string): string {
  return side[key]?.name ?? key;
}

/** What differs, for people. */
function faultOf(
  keys: readonly string[],
  expected: readonly Tensor[],
  results: readonly Tensor[],
): string | undefined {
  const show = ({ dtype, shape }: Tensor) => `${dtype}${showShape(shape)}`;
  for (const [i, key] of keys.entries()) {
    const [wanted, result] = [expected[i] as Tensor, results[i] as Tensor];
    if (show(wanted) !== show(result))
      return `output '${key}' is ${show(result)}, and ${show(wanted)} in the source`;
    const difference = differenceOf(wanted, result);
    if (difference <= exportTolerance) continue;
    const shown = difference.toPrecision(3);
    return `output '${key}' differs from the source's by ${shown} (relative to max(1, |x|); ${exportTolerance} is allowed)`;
  }
  return undefined;
}

/** The largest |a − b| / max(1, |a|) of floats; what are no floats differ by 0 or infinitely. */
export function differenceOf(expected: Tensor, result: Tensor): number {
  const { dtype, data } = expected;
  if (data.length !== result.data.length) return Number.POSITIVE_INFINITY;
  const isFloat = dtype === "float32" || dtype === "float64";
  let worst = 0;
  for (let i = 0; i < data.length; i++) {
    const [a, b] = [data[i], result.data[i]];
    if (Object.is(a, b) || a === b) continue;
    if (a instanceof Uint8Array && b instanceof Uint8Array && Buffer.compare(a, b) === 0) continue;
    if (!isFloat) return Number.POSITIVE_INFINITY;
    const difference = Math.abs((a as number) - (b as number)) / Math.max(1, Math.abs(a as number));
    worst = Number.isFinite(difference) ? Math.max(worst, difference) : Number.POSITIVE_INFINITY;
  }
  return worst;
}

function refused(what: string, why: string, cause?: unknown): Exception {
  return new Exception("InvalidExport", `${what} is refused: ${why}; nothing is written.`, { cause });
}
