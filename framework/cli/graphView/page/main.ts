/** The page of a graph: puts its parts together and wires the keys. */
import { countText, integerText, microsecondsText, unitText } from "../../units.js";
import type { GraphViewData } from "../GraphViewData.js";
import { type Colouring, colourings } from "./colours.js";
import { html } from "./dom.js";
import { GraphView } from "./GraphView.js";
import { Group } from "./hierarchy.js";
import { modelPanel } from "./modelPanel.js";
import { groupPanel, nodePanel } from "./panel.js";
import { Search } from "./search.js";

const data = JSON.parse(document.getElementById("graph")?.textContent ?? "") as GraphViewData;
const panel = html("aside", { class: "panel", "aria-label": "details", "aria-live": "polite" });
const legend = html("details", { class: "legend", open: !matchMedia("(max-width: 760px)").matches });
const view = new GraphView(data, showPanel);
const search = new Search(data.nodes, (node) => {
  view.choose(node, true);
  view.focusChosen();
});

function showPanel(): void {
  const { chosen } = view;
  const context = {
    data,
    hierarchy: view.hierarchy,
    isWithoutLines: (node: number) => view.isWithoutLines(node),
    go: (target: number | Group) => view.choose(target, true),
  };
  const parts =
    chosen === undefined
      ? modelPanel(context)
      : chosen instanceof Group
        ? groupPanel(context, chosen, view.isOpen(chosen), () => view.toggle(chosen))
        : nodePanel(context, chosen);
  panel.replaceChildren(...parts.filter((part) => part !== undefined));
  panel.scrollTop = 0;
  panel.classList.toggle("is-model", chosen === undefined);
}

function showLegend(): void {
  const entries = view.colours.legend.map(({ className, text, share }) => {
    const swatch = html("i", { class: `swatch ${className}` });
    if (share !== undefined) swatch.style.setProperty("--share", `${100 * share}%`);
    return html("span", { class: "entry" }, swatch, text);
  });
  legend.replaceChildren(html("summary", {}, view.colours.name), ...entries);
}

function button(text: string, title: string, onClick: () => void): HTMLButtonElement {
  // A sign alone says nothing to who hears it.
  const label = text.length === 1 ? title : undefined;
  const element = html("button", { type: "button", title, "aria-label": label }, text);
  element.addEventListener("click", onClick);
  return element;
}

function colourChoice(): HTMLElement {
  const select = html(
    "select",
    { "aria-label": "Colours show" },
    ...colourings(data).map(([value, text]) => html("option", { value }, text)),
  );
  select.addEventListener("change", () => {
    view.colourBy(select.value as Colouring);
    showLegend();
  });
  return html("label", { class: "choice" }, html("span", {}, "Colour"), select);
}

function allChoice(): HTMLElement | undefined {
  const { hidden } = view.hierarchy;
  if (hidden === 0) return undefined;
  const box = html("input", { type: "checkbox" });
  box.addEventListener("change", () => view.showAll(box.checked));
  const title = "Identity, NoOp, and what no output of the model needs";
  return html(
    "label",
    { class: "choice", title },
    box,
    html("span", {}, `${integerText(hidden)} trivial nodes`),
  );
}

function themeButton(): HTMLButtonElement {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  return button("◐", "Light or dark", () => {
    const root = document.documentElement;
    const isDark = root.dataset.theme ? root.dataset.theme === "dark" : dark.matches;
    root.dataset.theme = isDark ? "light" : "dark";
  });
}

function summary(): HTMLElement {
  const { nodes, parameters, flops, ranOn, profile } = data;
  const entry = (value: string, what: string) => html("span", {}, html("b", {}, value), ` ${what}`);
  return html(
    "p",
    { class: "summary" },
    entry(integerText(nodes.length), "nodes"),
    entry(countText(parameters), "parameters"),
    flops !== undefined &&
      entry(unitText(flops, "FLOP"), ranOn === "one row of zeros" ? "a row" : `for ${ranOn}`),
    profile !== undefined && entry(`${microsecondsText(profile.totalUs)} µs`, "a run"),
  );
}

function onKey(event: KeyboardEvent): void {
  const { target, key } = event;
  const isTyping = target instanceof HTMLInputElement || target instanceof HTMLSelectElement;
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  const isPanel = target instanceof Node && panel.contains(target);
  const { chosen } = view;
  const actions: Readonly<Record<string, () => void>> = {
    "/": () => search.focus(),
    f: () => view.fit(),
    "+": () => view.panZoom.zoom(1.25),
    "=": () => view.panZoom.zoom(1.25),
    "-": () => view.panZoom.zoom(0.8),
    Escape: () => view.choose(undefined),
    Backspace: () => {
      const around =
        chosen instanceof Group
          ? chosen.parent
          : chosen === undefined
            ? undefined
            : view.hierarchy.groupOf[chosen];
      if (around?.parent) view.choose(around);
    },
  };
  const onGraph: Readonly<Record<string, () => void>> = {
    Enter: () => {
      if (chosen instanceof Group) view.toggle(chosen);
    },
    " ": () => {
      if (chosen instanceof Group) view.toggle(chosen);
    },
  };
  const isArrow = key.startsWith("Arrow");
  const action =
    actions[key] ??
    (isPanel || target instanceof HTMLButtonElement
      ? undefined
      : isArrow
        ? () => view.step(key)
        : onGraph[key]);
  if (!action) return;
  event.preventDefault();
  action();
}

function start(): void {
  const tools = html(
    "div",
    { class: "tools", role: "toolbar", "aria-label": "view" },
    button("−", "Smaller (-)", () => view.panZoom.zoom(0.8)),
    button("+", "Larger (+)", () => view.panZoom.zoom(1.25)),
    button("Fit", "All of it (f)", () => view.fit()),
    button("Open all", "Open scopes, as many as can be shown", () => view.openAll()),
    button("Close all", "Close all scopes", () => view.closeAll()),
  );
  const header = html(
    "header",
    {},
    html("h1", { title: data.path }, data.title),
    summary(),
    search.element,
    colourChoice(),
    allChoice(),
    themeButton(),
  );
  const stage = html("main", { class: "stage" }, view.canvas, tools, legend);
  document.body.append(header, html("div", { class: "columns" }, stage, panel));
  view.render();
  view.fitReadably();
  showLegend();
  showPanel();
  document.addEventListener("keydown", onKey);
}

start();
