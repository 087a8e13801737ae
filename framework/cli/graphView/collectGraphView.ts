/** From a model to what its page shows: nodes with shapes, costs, constants, and which of them are compiled. */
import { basename } from "node:path";
import { Exception } from "../../base/errors.js";
import { graphHash } from "../../aot/engine/graphHash.js";
import type { GraphDef, NodeDef } from "../../tensorflow/GraphDef.js";
import { GraphIndex } from "../../tensorflow/GraphIndex.js";
import { parseTensorName } from "../../tensorflow/names.js";
import { ReferenceEngine } from "../../tensorflow/reference/ReferenceEngine.js";
import { showShape, type Tensor } from "../../tensorflow/Tensor.js";
import { parametersIn } from "../../tensorflow/cost/parameters.js";
import type { Profile } from "../../tensorflow/cost/Profile.js";
import type { TensorType } from "../../tensorflow/cost/RecordingCall.js";
import type { NodeCost } from "../../tensorflow/cost/recordRun.js";
import { portsOf } from "../tfrunModel.js";
import { attributeText } from "./attributeText.js";
import { constantView } from "./constantView.js";
import type { GraphViewData, NodeView, PortView } from "./GraphViewData.js";
import { type Observed, observeGraph } from "./observeGraph.js";

/** What the page is made of. */
export interface GraphViewSource {
  readonly path: string;
  readonly graph: GraphDef;
  readonly version: string;
  /** Inputs to run it on, and what to call them; undefined where no run is possible. */
  readonly feeds: readonly [string, Tensor][] | undefined;
  readonly ranOn: string;
  readonly notes: readonly string[];
  readonly profile?: Profile;
}

/** A graph that cannot be run is shown without shapes, and says why. */
export function collectGraphView(source: GraphViewSource): GraphViewData {
  const { path, graph, version, profile } = source;
  const index = loadedIndex(graph);
  const ports = portsOf(graph);
  const observed = observeGraph(
    graph,
    index,
    source.feeds,
    ports.outputs.map(({ name }) => name),
  );
  const numbers = new Map([...index.graph.nodes].map(({ name }, number) => [name, number]));
  const views = new NodeViews(graph, index, numbers, observed, profile);
  const port = (
    { name, dtype, shape }: (typeof ports.inputs)[number],
    role: "inputs" | "outputs",
  ): PortView => {
    const node = parseTensorName(graph.signature?.[role][name]?.name ?? name).node;
    return {
      name,
      type: dtype === undefined ? "" : `${dtype}${shape ? showShape(shape) : ""}`,
      node: numbers.get(node) ?? -1,
    };
  };
  return {
    title: basename(path),
    path,
    form: graph.signature ? `SavedModel, signature '${graph.signature.key}'` : "frozen graph",
    hash: graphHash(graph),
    version,
    inputs: ports.inputs.map((input) => port(input, "inputs")),
    outputs: ports.outputs.map((output) => port(output, "outputs")),
    parameters: index.graph.nodes.reduce((sum, node) => sum + parametersIn(node), 0),
    ...(observed.cost && { flops: observed.cost.flops }),
    ranOn: source.ranOn,
    notes: [...source.notes, ...observed.notes],
    ...(profile && { profile: aboutProfile(profile, numbers) }),
    nodes: index.graph.nodes.map((node) => views.view(node)),
  };
}

/** With functions written out where that is possible, as the engines run it. */
function loadedIndex(graph: GraphDef): GraphIndex {
  const index = new GraphIndex(graph);
  try {
    return new ReferenceEngine().load(index).index;
  } catch (error) {
    if (!(error instanceof Exception)) throw error;
    return index;
  }
}

function aboutProfile({ engine, totalUs, runs, rows }: Profile, nodes: ReadonlyMap<string, number>) {
  const other = rows.filter(({ node }) => !nodes.has(node));
  return { engine, totalUs, runs, otherUs: other.reduce((sum, { us }) => sum + us, 0) };
}

class NodeViews {
  /** Before functions were written out: a loop says that it was a While. */
  readonly #original: ReadonlyMap<string, NodeDef>;
  readonly #us = new Map<string, number>();

  constructor(
    graph: GraphDef,
    readonly index: GraphIndex,
    readonly numbers: ReadonlyMap<string, number>,
    readonly observed: Observed,
    profile: Profile | undefined,
  ) {
    this.#original = new Map(graph.nodes.map((node) => [node.name, node]));
    for (const { node, us } of profile?.rows ?? []) this.#us.set(node, (this.#us.get(node) ?? 0) + us);
  }

  view(node: NodeDef): NodeView {
    const { op, attrs } = this.#original.get(node.name) ?? node;
    const { cost, needed, uncompiled } = this.observed;
    const tensor = attrs.value?.tensor;
    const us = this.#us.get(node.name);
    const reason = uncompiled.get(node.name);
    return {
      name: node.name,
      op,
      inputs: this.index
        .inputs(node)
        .map((input) => [this.numbers.get(input.node) ?? 0, input.isControl ? -1 : input.port]),
      attrs: Object.entries(attrs)
        .filter(([name]) => name !== "value" || op !== "Const")
        .map(([name, value]) => [name, attributeText(value)] as const),
      ...outputsOf(cost?.nodes.get(node.name), this.#fedType(node)),
      ...(us !== undefined && { us }),
      ...(op === "Const" && tensor && { constant: constantView(tensor), parameters: parametersIn(node) }),
      ...(reason !== undefined && { uncompiled: reason }),
      ...(!needed.has(node.name) && { isUnused: true as const }),
    };
  }

  #fedType({ name, op, attrs }: NodeDef): TensorType | undefined {
    const tensor = op === "Const" ? attrs.value?.tensor : undefined;
    return this.observed.cost?.types.get(`${name}:0`) ?? tensor;
  }
}

function outputsOf(cost: NodeCost | undefined, fed: TensorType | undefined) {
  if (!cost && !fed) return {};
  const types = cost?.outputs.length ? cost.outputs : [fed];
  const elements = types.map((type) => (type?.shape ?? []).reduce((product, size) => product * size, 1));
  return {
    outputs: types.map(typeText),
    elements: Math.max(0, ...elements),
    ...(cost && { runs: cost.runs, flops: cost.flops }),
    ...(cost && cost.parameters > 0 && { parameters: cost.parameters }),
  };
}

function typeText(type: TensorType | undefined): string {
  if (!type) return "";
  return type.dtype === "list" ? "list of tensors" : `${type.dtype}${showShape(type.shape)}`;
}
