/** What the side panel tells of a node or a scope. */
import { countText, integerText, microsecondsText, unitText } from "../../units.js";
import type { ConstantView, GraphViewData, NodeView } from "../GraphViewData.js";
import { kindOf, kinds } from "./colours.js";
import { html, link } from "./dom.js";
import { histogram, numberText } from "./histogram.js";
import { Group } from "./hierarchy.js";
import { list, opTable, type PanelContext, rows, section } from "./panelParts.js";

export function nodePanel(context: PanelContext, number: number): readonly (Node | undefined)[] {
  const { data, hierarchy, go } = context;
  const node = data.nodes[number] as NodeView;
  const { name, op, inputs, outputs, constant, uncompiled } = node;
  const cut = name.lastIndexOf("/");
  const linkTo = (target: number, detail = "") =>
    html(
      "span",
      { class: "entry" },
      link(withoutScope(data.nodes[target]?.name ?? "", name), () => go(target), data.nodes[target]?.name),
      html("span", { class: "muted" }, detail),
    );
  const about = (source: number, output: number) => {
    const from = data.nodes[source];
    if (output < 0) return "runs before";
    const type = from?.outputs?.[output] ?? "";
    return [output > 0 ? `output ${output}` : "", type].filter((text) => text !== "").join(" · ");
  };
  const readers = [...new Set(hierarchy.readers[number] ?? [])];
  return [
    html("p", { class: "path" }, cut > 0 ? `${name.slice(0, cut)}/` : ""),
    html("h2", { tabindex: -1 }, name.slice(cut + 1)),
    html(
      "p",
      { class: "chips" },
      chip(op, `kind-${kindOf(op)}`),
      html("span", { class: "muted" }, op === "Const" ? "constant" : kinds[kindOf(op)]),
    ),
    section(
      "Outputs",
      outputs && list(outputs.map((type, i) => html("code", {}, type || `output ${i}: not computed`))),
    ),
    section("Cost", costRows(node, data)),
    constant && constantSection(constant),
    section("Inputs", list(inputs.map(([source, output]) => linkTo(source, about(source, output))))),
    section(
      "Read by",
      context.isWithoutLines(number)
        ? html(
            "p",
            { class: "muted" },
            "So many nodes read this number that its lines are not drawn; its readers are marked.",
          )
        : undefined,
      list(readers.map((reader) => linkTo(reader, data.nodes[reader]?.op))),
    ),
    section(
      "Attributes",
      node.attrs.length > 0
        ? rows(node.attrs.map(([key, value]) => [key, html("code", {}, value)]))
        : undefined,
    ),
    section("Engine", engineText(node, uncompiled)),
  ];
}

/** What a name adds to the scopes that it shares with another. */
function withoutScope(name: string, other: string): string {
  let shared = 0;
  for (
    let at = name.indexOf("/");
    at >= 0 && other.startsWith(name.slice(0, at + 1));
    at = name.indexOf("/", at + 1)
  )
    shared = at + 1;
  return name.slice(shared);
}

function engineText(
  { isUnused, runs, op }: NodeView,
  uncompiled: string | undefined,
): HTMLElement | undefined {
  if (isUnused) return html("p", {}, "No output of the model needs this node: it is not run.");
  if (uncompiled !== undefined) return html("p", {}, `Reference engine: ${uncompiled}.`);
  if (runs === undefined || op === "Const") return undefined;
  return html("p", {}, "Compiled.");
}

function costRows(
  { flops, parameters, us, runs, outputs }: NodeView,
  data: GraphViewData,
): HTMLElement | undefined {
  if (!flops && us === undefined && !parameters && (runs ?? 1) === 1) return undefined;
  const share = flops && data.flops ? ` (${percent(flops / data.flops)})` : "";
  return rows([
    !flops ? undefined : ["operations", `${unitText(flops, "FLOP")}${share}`],
    parameters === undefined ? undefined : ["parameters", countText(parameters)],
    us === undefined ? undefined : ["time", `${microsecondsText(us)} µs`],
    us === undefined || !flops ? undefined : ["speed", `${(flops / us / 1000).toFixed(2)} GFLOP/s`],
    runs === undefined || runs === 1 ? undefined : ["runs", `${runs} in a run of the model`],
    data.profile && us === undefined && runs !== undefined && outputs
      ? ["time", "in the kernel of a node that it is fused into"]
      : undefined,
  ]);
}

function constantSection({ count, numbers, values }: ConstantView): HTMLElement | undefined {
  const rest = count > values.length ? ` … (${countText(count)} elements)` : "";
  return section(
    "Values",
    numbers && numbers.bins.length > 1 ? histogram(numbers) : undefined,
    numbers
      ? rows([
          ["mean ± std", `${numberText(numbers.mean)} ± ${numberText(numbers.std)}`],
          ["min, max", `${numberText(numbers.min)}, ${numberText(numbers.max)}`],
          ["NaN, ±Inf", `${numbers.nans}, ${numbers.infinities}`],
        ])
      : undefined,
    html("p", { class: "values" }, html("code", {}, values.join("  ") + rest)),
  );
}

export function groupPanel({ data, go }: PanelContext, group: Group, isOpen: boolean, toggle: () => void) {
  const cut = group.path.lastIndexOf("/");
  const ops = new Map<string, number>();
  const count = (inner: Group): void => {
    for (const child of inner.children) {
      if (child instanceof Group) count(child);
      else ops.set(data.nodes[child]?.op ?? "", (ops.get(data.nodes[child]?.op ?? "") ?? 0) + 1);
    }
  };
  count(group);
  const button = html("button", { type: "button", class: "action" }, isOpen ? "Close scope" : "Open scope");
  button.addEventListener("click", toggle);
  const share = data.flops ? ` (${percent(group.flops / data.flops)})` : "";
  return [
    html("p", { class: "path" }, cut > 0 ? `${group.path.slice(0, cut)}/` : ""),
    html("h2", { tabindex: -1 }, group.label),
    html(
      "p",
      { class: "chips" },
      chip(group.op ?? "scope", group.op ? `kind-${kindOf(group.op)}` : "kind-group"),
      button,
    ),
    section(
      "Inside",
      rows([
        ["nodes", integerText(group.count)],
        data.flops === undefined ? undefined : ["operations", `${unitText(group.flops, "FLOP")}${share}`],
        ["parameters", countText(group.parameters)],
        data.profile ? ["time", `${microsecondsText(group.us)} µs`] : undefined,
      ]),
    ),
    section(
      "Children",
      list(
        group.children.map((child) =>
          link(
            child instanceof Group
              ? `${child.label}/`
              : withoutScope(data.nodes[child]?.name ?? "", `${group.path}/`),
            () => go(child),
          ),
        ),
      ),
    ),
    opTable(ops),
  ];
}

function chip(text: string, className: string): HTMLElement {
  return html("span", { class: `chip ${className}` }, text);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share < 0.1 ? 1 : 0)}%`;
}
