/** A graph with its names resolved: node by name, inputs parsed, every reference checked, an order that can run. */
import { Exception } from "../base/errors.js";
import { suggestion } from "../base/didYouMean.js";
import { type DType, dtypeFromNumber } from "./dtypes.js";
import type { GraphDef, NodeDef, PartialShape } from "./GraphDef.js";
import { parseTensorName, type TensorName, tensorKey } from "./names.js";
import { orderByDependency } from "./order.js";

/** What a placeholder declares. */
export interface Placeholder {
  readonly name: string;
  readonly dtype: DType | undefined;
  readonly shape: PartialShape;
}

/** Below this graph version a placeholder of shape [] is one of unknown shape (TensorFlow's PlaceholderOp). */
const firstProducerWithScalarPlaceholders = 24;

export class GraphIndex {
  readonly #nodes = new Map<string, NodeDef>();
  readonly #inputs = new Map<NodeDef, readonly TensorName[]>();
  readonly placeholders: readonly Placeholder[];

  /** @throws InvalidSession for a name used twice and for an input that is no node of the graph. */
  constructor(readonly graph: GraphDef) {
    for (const node of graph.nodes) {
      if (this.#nodes.has(node.name)) throw invalid(`two nodes are called '${node.name}'`);
      this.#nodes.set(node.name, node);
      this.#inputs.set(node, node.inputs.map(parseTensorName));
    }
    for (const [node, inputs] of this.#inputs) {
      for (const input of inputs) {
        if (this.#nodes.has(input.node)) continue;
        throw invalid(
          `node '${node.name}' (${node.op}) reads '${input.node}', which is no node of the graph` +
            suggestion(input.node, this.#nodes.keys()),
        );
      }
    }
    this.placeholders = graph.nodes
      .filter((node) => node.op.startsWith("Placeholder"))
      .map((n) => this.#declared(n));
  }

  node(name: string): NodeDef | undefined {
    return this.#nodes.get(name);
  }

  get nodeNames(): Iterable<string> {
    return this.#nodes.keys();
  }

  /** The node's inputs, data inputs before control inputs, as TensorFlow keeps them. */
  inputs(node: NodeDef): readonly TensorName[] {
    return this.#inputs.get(node) ?? [];
  }

  placeholder(name: string): Placeholder | undefined {
    return this.placeholders.find((placeholder) => placeholder.name === name);
  }

  /** Nodes that no other node reads: what a user most probably wants to fetch. */
  terminals(): string[] {
    const read = new Set([...this.#inputs.values()].flat().map((input) => input.node));
    return [...this.#nodes.keys()].filter((name) => !read.has(name));
  }

  /**
   * The nodes that `roots` need, each after what it reads. `isCut` says which tensors are given (nothing behind them
   * is needed). What a loop hands to its next iteration comes after the loop variable that reads it.
   * @throws InvalidSession naming the nodes of a cycle that no NextIteration closes.
   */
  order(roots: Iterable<string>, isCut: (tensor: TensorName) => boolean = () => false): NodeDef[] {
    const starts = [...roots].flatMap((root) => this.#nodes.get(root) ?? []);
    const needs = (node: NodeDef) => {
      const sources: NodeDef[] = [];
      for (const input of this.inputs(node)) {
        const source = this.#nodes.get(input.node);
        if (!source || isCut(input)) continue;
        (isBackEdge(node, source) ? starts : sources).push(source);
      }
      return sources;
    };
    return orderByDependency(starts, needs, cycle);
  }

  #declared(node: NodeDef): Placeholder {
    const dtype = dtypeFromNumber(node.attrs.dtype?.type ?? 0);
    const shape = node.attrs.shape?.shape ?? null;
    const isUnknown = shape?.length === 0 && this.graph.producer < firstProducerWithScalarPlaceholders;
    return { name: node.name, dtype, shape: isUnknown ? null : shape };
  }
}

/** Whether a tensor is one of a set of full names. */
export function isOneOf(names: ReadonlySet<string>): (tensor: TensorName) => boolean {
  return (tensor) => !tensor.isControl && names.has(tensorKey(tensor));
}

/** Whether a node reads what its loop's iteration before has left for it. */
export function isBackEdge(reader: NodeDef, source: NodeDef): boolean {
  return (
    (source.op === "NextIteration" || source.op === "RefNextIteration") &&
    (reader.op === "Merge" || reader.op === "RefMerge")
  );
}

function cycle(nodes: readonly NodeDef[]): Exception {
  const members = nodes.map((node) => `'${node.name}'`);
  const shown = members.length > 8 ? [...members.slice(0, 8), "…"] : members;
  return invalid(`the graph has a cycle: ${[...shown, members[0]].join(" reads ")}`);
}

function invalid(what: string): Exception {
  return new Exception("InvalidSession", `error while attaching graphDef to session: ${what}.`);
}
