/** What the side panel tells of the whole model, when nothing in it is chosen. */
import { bytesText, countText, integerText, microsecondsText, unitText } from "../../units.js";
import type { PortView } from "../GraphViewData.js";
import { html, link } from "./dom.js";
import { list, opTable, type PanelContext, type Row, rows, section } from "./panelParts.js";

export function modelPanel({ data, go }: PanelContext): readonly (Node | undefined)[] {
  const { nodes, profile, flops } = data;
  const ops = new Map<string, number>();
  for (const { op } of nodes) ops.set(op, (ops.get(op) ?? 0) + 1);
  const constants = nodes.filter(({ op }) => op === "Const").length;
  const unused = nodes.filter(({ isUnused }) => isUnused).length;
  return [
    html("p", { class: "path" }, data.path),
    html("h2", { tabindex: -1 }, data.title),
    html("p", { class: "chips" }, html("span", { class: "muted" }, data.form)),
    section("Inputs", list(data.inputs.map((port) => portEntry(port, go)))),
    section(
      "Outputs",
      list(
        data.outputs.map((port) =>
          portEntry({ ...port, type: nodes[port.node]?.outputs?.[0] ?? port.type }, go),
        ),
      ),
    ),
    section(
      "Size",
      rows([
        [
          "nodes",
          `${integerText(nodes.length)}, ${integerText(constants)} of them constants${unused > 0 ? `, ${integerText(unused)} not needed` : ""}`,
        ],
        ["parameters", `${countText(data.parameters)} (${bytesText(4 * data.parameters)} as float32)`],
        flops === undefined ? undefined : ["operations", `${unitText(flops, "FLOP")} for ${data.ranOn}`],
        profile
          ? [
              "time",
              `${microsecondsText(profile.totalUs)} µs a run, engine ${profile.engine}, median of ${profile.runs}`,
            ]
          : undefined,
        profile && profile.otherUs >= 0.01
          ? ["", `${microsecondsText(profile.otherUs)} µs of it in copies to the outputs`]
          : undefined,
      ]),
    ),
    section("Notes", list(data.notes.map((note) => html("span", {}, note)))),
    opTable(ops),
    section("Graph", rows([["sha256", html("code", {}, data.hash)]])),
    section("Keys", keyTable()),
    html(
      "p",
      { class: "colophon" },
      `Written by cmsml_open_tf_graph of cmsrun ${data.version}. The layers are placed by dagre and graphlib, © 2012–2014 Chris Pettitt, MIT licence; its text stands in this page's source.`,
    ),
  ];
}

function keyTable(): HTMLElement {
  const keys: readonly Row[] = [
    ["/", "search"],
    ["arrows", "next box that way"],
    ["Enter", "open or close a scope"],
    ["Backspace", "the scope around"],
    ["f", "fit"],
    ["+ −", "zoom; or the wheel"],
    ["Esc", "back to the model"],
  ];
  return rows(keys.map(([key, what]) => [String(key), what] as const));
}

function portEntry({ name, type, node }: PortView, go: (target: number) => void): HTMLElement {
  const label = node < 0 ? html("span", {}, name) : link(name, () => go(node));
  return html("span", { class: "entry" }, label, html("code", {}, type));
}
