/** Which parts of a graph are compiled for some shapes, and which are left to the reference engine and why. */
import { parseTensorName } from "../../tensorflow/names.js";
import type { LoadedGraph } from "../compile.js";
import { type Feed, traceGraph } from "../lower/traceGraph.js";
import { Unsupported } from "../lower/traceValues.js";
import { isElementType } from "../tensor/View.js";
import { type Part, split } from "./split.js";

/** A part as CompiledExecutable would make it; `reason` says why it is not compiled, without a full stop. */
export interface PlacedPart extends Part {
  readonly reason?: string;
  readonly feedTypes: readonly Feed[];
}

/**
 * The parts in the order in which they run. `typeOf`: dtype and shape of a tensor inside the graph, for these feeds.
 * @throws InvalidRun, InvalidSession as a run of the graph would
 */
export function compiledParts(
  graph: LoadedGraph,
  feeds: readonly Feed[],
  fetches: readonly string[],
  typeOf: (tensor: string) => Feed,
): readonly PlacedPart[] {
  const names = feeds.map(({ name }) => name);
  const whole = { feeds: names, fetches, feedTypes: feeds };
  const strange = feeds.find(({ dtype }) => !isElementType(dtype));
  if (strange) {
    const reason = `input '${strange.name}' is of dtype ${strange.dtype}, which is not compiled`;
    return [{ kind: "reference", ...whole, reason }];
  }
  try {
    traceGraph(graph.index, graph.constants, feeds, fetches);
    return [{ kind: "compiled", ...whole }];
  } catch (error) {
    if (!(error instanceof Unsupported)) throw error;
    const [given, wanted] = [names, fetches].map((list) => list.map(parseTensorName));
    const parts = split(graph.index, graph.constants, given ?? [], wanted ?? [], error.node);
    if (!parts) {
      const reason = `${error.message}; it cannot be cut out, so all of the graph is not compiled`;
      return [{ kind: "reference", ...whole, reason }];
    }
    return parts.flatMap((part): readonly PlacedPart[] => {
      const feedTypes = part.feeds.map(typeOf);
      if (part.kind === "reference") return [{ ...part, feedTypes, reason: error.message }];
      return compiledParts(graph, feedTypes, part.fetches, typeOf);
    });
  }
}
