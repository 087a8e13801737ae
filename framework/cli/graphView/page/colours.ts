/** What colours say: the kind of an op, its share of the cost, or what computes it. */
import type { GraphViewData, NodeView } from "../GraphViewData.js";
import { Group, type Item } from "./hierarchy.js";

export const kinds = {
  input: "inputs",
  product: "products, convolutions",
  activation: "activations",
  arithmetic: "arithmetic",
  reduction: "sums, means, norms",
  shape: "shapes, slices, copies",
  control: "loops, branches",
  other: "other",
} as const;
export type Kind = keyof typeof kinds;

const opsOfKind: Readonly<Record<Exclude<Kind, "other">, RegExp>> = {
  input: /^Placeholder/,
  product: /MatMul|Conv|Einsum/,
  activation: /^(Relu|Relu6|Elu|Selu|LeakyRelu|Sigmoid|Tanh|Soft\w+|LogSoftmax|Erf)$/,
  control:
    /^(Ref)?(Enter|Exit|Merge|Switch|NextIteration|LoopCond)$|^_SwitchN$|While|^(Stateless)?(If|Case)$|PartitionedCall|TensorList|TensorArray/,
  reduction:
    /^(Sum|Mean|Max|Min|Prod|Any|All|Arg|Cum|L2Loss|LRN|FusedBatchNorm|EuclideanNorm|MaxPool|AvgPool)/,
  shape:
    /Reshape|Transpose|Concat|Split|Slice|Pack|Squeeze|ExpandDims|Gather|Pad|Tile|Shape|^(Size|Rank|Fill|Range|OneHot|Identity|IdentityN|Cast|ReverseV2|Where|Select|BroadcastTo|ReverseSequence|NoOp|Const|SelectV2|ZerosLike|OnesLike|StopGradient)$|ToSpace|ToBatch|ToDepth/,
  arithmetic: /^[A-Z]/,
};

export function kindOf(op: string): Kind {
  for (const [kind, ops] of Object.entries(opsOfKind)) if (ops.test(op)) return kind as Kind;
  return "other";
}

export type Colouring = "op" | "flops" | "us" | "device";

export interface Colours {
  readonly name: string;
  /** CSS class of a box, and for scales how strong (0 … 1) it is. */
  of(item: Item): { readonly className: string; readonly share?: number };
  readonly legend: readonly { readonly className: string; readonly text: string; readonly share?: number }[];
}

/** Colourings that this graph has something to show for. */
export function colourings(data: GraphViewData): readonly (readonly [Colouring, string])[] {
  return [
    ["op", "op type"],
    ...(data.flops === undefined ? [] : ([["flops", "operations"]] as const)),
    ...(data.profile ? ([["us", "time"]] as const) : []),
    ...(data.flops === undefined ? [] : ([["device", "engine"]] as const)),
  ];
}

export function coloursOf(colouring: Colouring, data: GraphViewData, root: Group): Colours {
  if (colouring === "op") return byOp(data);
  if (colouring === "device") return byDevice(data);
  const total = root[colouring] || 1;
  const valueIn = (item: Item) =>
    item instanceof Group ? item[colouring] : (data.nodes[item]?.[colouring] ?? 0);
  return {
    name: colouring === "us" ? "share of the time" : "share of the operations",
    of: (item) => ({ className: "scale", share: Math.sqrt(Math.min(valueIn(item) / total, 1)) }),
    legend: [0, 0.01, 0.1, 0.5, 1].map((share) => ({
      className: "scale",
      text: `${100 * share}%`,
      share: Math.sqrt(share),
    })),
  };
}

function byOp({ nodes }: GraphViewData): Colours {
  const shown = new Set(nodes.filter(({ op }) => op !== "Const").map(({ op }) => kindOf(op)));
  return {
    name: "op type",
    of: (item) => {
      if (!(item instanceof Group)) return { className: `kind-${kindOf((nodes[item] as NodeView).op)}` };
      return { className: item.op ? `kind-${kindOf(item.op)}` : "kind-group" };
    },
    legend: Object.entries(kinds)
      .filter(([kind]) => shown.has(kind as Kind))
      .map(([kind, text]) => ({ className: `kind-${kind}`, text })),
  };
}

function byDevice({ nodes }: GraphViewData): Colours {
  const of = (node: number) => {
    const { uncompiled, isUnused, runs } = nodes[node] as NodeView;
    if (uncompiled !== undefined) return "device-reference";
    return isUnused || runs === undefined ? "device-none" : "device-compiled";
  };
  const within = (item: Item): string => {
    if (!(item instanceof Group)) return of(item);
    const all = new Set(item.children.map(within));
    if (all.size > 1) all.delete("device-none");
    return all.size > 1 ? "device-both" : ([...all][0] ?? "device-none");
  };
  return {
    name: "engine",
    of: (item) => ({ className: within(item) }),
    legend: [
      { className: "device-compiled", text: "compiled" },
      { className: "device-reference", text: "reference engine" },
      { className: "device-both", text: "both" },
      { className: "device-none", text: "fed, or not run" },
    ],
  };
}
