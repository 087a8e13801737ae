/** A graph with the nodes added through which tensors of other types than the addon's own are fed and fetched. */
import type { DType } from "../dtypes.js";
import type { GraphDef, NodeDef } from "../GraphDef.js";
import { parseTensorName, type TensorName, tensorKey } from "../names.js";
import { emptyStringNode, entryNodes, exitNodes } from "./transport.js";

/** Tensors of the graph ("node:port") whose type the addon does not carry. */
export interface Adapters {
  readonly feeds: ReadonlyMap<string, DType>;
  readonly fetches: ReadonlyMap<string, DType>;
}

/** The tensor to feed in place of `tensor`. */
export function fedName(tensor: TensorName, { feeds }: Adapters): string {
  return feeds.has(tensorKey(tensor)) ? `${own("feed", tensor)}:0` : tensorKey(tensor);
}

/** The tensor to fetch in place of `tensor`. */
export function fetchedName(tensor: TensorName, { fetches }: Adapters): string {
  return fetches.has(tensorKey(tensor)) ? `${own("fetch", tensor)}:0` : tensorKey(tensor);
}

/** What reads a fed tensor reads the added node instead; for a placeholder "after it" means after that node too. */
export function adaptGraph(graph: GraphDef, adapters: Adapters): GraphDef {
  if (adapters.feeds.size + adapters.fetches.size === 0) return graph;
  const isPlaceholder = new Set(
    graph.nodes.filter(({ op }) => isPlainPlaceholder(op)).map(({ name }) => name),
  );
  const instead = new Map<string, string>();
  const added: NodeDef[] = [];
  for (const [key, dtype] of adapters.feeds) {
    const tensor = parseTensorName(key);
    const value = own("fed", tensor);
    instead.set(key, value);
    if (isPlaceholder.has(tensor.node)) instead.set(`^${tensor.node}`, `^${value}`);
    added.push(...entryNodes(own("feed", tensor), value, dtype));
  }
  const replaced = (input: string) =>
    instead.get(input.startsWith("^") ? input : tensorKey(parseTensorName(input)));
  for (const [key, dtype] of adapters.fetches) {
    added.push(...exitNodes(own("fetch", parseTensorName(key)), replaced(key) ?? key, dtype));
  }
  if ([...adapters.fetches.values()].includes("string")) added.push(emptyStringNode());
  const rewired = graph.nodes.map((node) => {
    if (!node.inputs.some((input) => replaced(input) !== undefined)) return node;
    return { ...node, inputs: node.inputs.map((input) => replaced(input) ?? input) };
  });
  return { ...graph, nodes: [...rewired, ...added] };
}

/** One that has to be fed, unlike PlaceholderWithDefault. */
export function isPlainPlaceholder(op: string): boolean {
  return op === "Placeholder" || op === "PlaceholderV2";
}

function own(role: "feed" | "fed" | "fetch", { node, port }: TensorName): string {
  return `cmsrun/${role}/${node}_${port}`;
}
