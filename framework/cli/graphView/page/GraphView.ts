/** The graph on the page: which scopes are open, what is chosen, and the drawing that follows from both. */
import type { GraphViewData } from "../GraphViewData.js";
import { type Colouring, type Colours, coloursOf } from "./colours.js";
import { svg } from "./dom.js";
import { type Drawing, draw } from "./draw.js";
import { buildHierarchy, Group, groupsAround, type Hierarchy, type Item } from "./hierarchy.js";
import { labelOf, Sizes } from "./labels.js";
import { type Placed, place } from "./layout.js";
import { neighbour } from "./neighbour.js";
import { mostOpenBoxes, openGroups } from "./openAtFirst.js";
import { PanZoom } from "./PanZoom.js";
import { visibleEdges } from "./visible.js";

/** Text can be read from this scale on. */
const readableScale = 0.75;

export class GraphView {
  readonly canvas: SVGSVGElement;
  readonly panZoom: PanZoom;
  hierarchy: Hierarchy;
  chosen: Item | undefined;
  colours: Colours;
  #colouring: Colouring = "op";
  #showsUnused = false;
  readonly #content = svg("g");
  readonly #sizes = new Sizes();
  #open: Set<Group>;
  #placed: Placed | undefined;
  #drawing: Drawing | undefined;

  /** `onChange`: something else is chosen, or scopes opened or closed. */
  constructor(
    readonly data: GraphViewData,
    readonly onChange: () => void,
  ) {
    this.canvas = svg(
      "svg",
      {
        class: "canvas",
        tabindex: 0,
        role: "application",
        "aria-label": "graph; arrow keys go from box to box",
      },
      arrowHead(),
      this.#content,
    );
    this.panZoom = new PanZoom(this.canvas, this.#content);
    this.hierarchy = buildHierarchy(data.nodes, false);
    this.#open = openGroups(this.hierarchy.root);
    this.colours = coloursOf("op", data, this.hierarchy.root);
    this.canvas.addEventListener("click", (event) => this.#click(event));
    this.canvas.addEventListener("dblclick", (event) => event.preventDefault());
  }

  isOpen(group: Group): boolean {
    return this.#open.has(group);
  }

  render(): void {
    const { nodes } = this.data;
    const sizeOf = (item: Item) => this.#sizes.of(labelOf(item, nodes), item instanceof Group);
    const edges = visibleEdges(nodes, this.hierarchy, this.#open);
    this.#placed = place(this.hierarchy.root, this.#open, edges, sizeOf);
    this.#redraw();
  }

  fit(): void {
    if (this.#placed) this.panZoom.fit(this.#placed);
  }

  /** The whole width where it can be read, from the top. */
  fitReadably(): void {
    if (this.#placed) this.panZoom.fit(this.#placed, readableScale);
  }

  colourBy(colouring: Colouring): void {
    this.#colouring = colouring;
    this.colours = coloursOf(colouring, this.data, this.hierarchy.root);
    this.#redraw();
  }

  showUnused(shows: boolean): void {
    this.#showsUnused = shows;
    this.hierarchy = buildHierarchy(this.data.nodes, shows);
    this.#open = openGroups(this.hierarchy.root);
    this.chosen = undefined;
    this.colours = coloursOf(this.#colouring, this.data, this.hierarchy.root);
    this.render();
    this.fitReadably();
    this.onChange();
  }

  openAll(): void {
    this.#open = openGroups(this.hierarchy.root, mostOpenBoxes);
    this.#afterOpening();
  }

  closeAll(): void {
    this.#open = openGroups(this.hierarchy.root, 0);
    this.#afterOpening();
  }

  /** The group's upper left corner stays where it is seen. */
  toggle(group: Group): void {
    const before = this.#drawing?.boxes.get(group)?.box;
    const seen = before && this.panZoom.toScreen(before);
    if (!this.#open.delete(group)) this.#open.add(group);
    this.render();
    const after = this.#drawing?.boxes.get(group)?.box;
    if (after && seen) {
      const now = this.panZoom.toScreen(after);
      const shift = (after.width - (before?.width ?? 0)) * this.panZoom.scale;
      this.panZoom.moveBy(seen.x - shift / 2 - now.x, seen.y - now.y);
      this.panZoom.show(after, { width: after.width, height: Math.min(after.height, 200) }, false);
    }
    this.#mark(true);
    this.onChange();
  }

  choose(item: Item | undefined, toMiddle = false): void {
    this.chosen = item;
    if (item !== undefined) this.#reveal(item);
    this.#mark(false);
    const box = item === undefined ? undefined : this.#boxesOf(item)[0]?.box;
    if (box) this.panZoom.show(box, { width: box.width, height: Math.min(box.height, 300) }, toMiddle);
    this.onChange();
  }

  /** Arrow keys: the next box that way, or the first one. */
  step(key: string): void {
    const boxes = [...(this.#drawing?.boxes.values() ?? [])].map(({ box }) => box);
    const from = this.chosen === undefined ? undefined : this.#boxesOf(this.chosen)[0]?.box;
    const next = from ? neighbour(from, boxes, key) : boxes[0];
    if (!next) return;
    this.choose(next.item);
    this.#mark(true);
  }

  #afterOpening(): void {
    if (this.chosen !== undefined && this.#boxesOf(this.chosen).length === 0) this.chosen = undefined;
    this.render();
    this.fitReadably();
    this.onChange();
  }

  #redraw(): void {
    if (!this.#placed) return;
    this.#drawing = draw(this.#placed, this.data.nodes, this.colours);
    this.#content.replaceChildren(this.#drawing.element);
    this.#mark(false);
  }

  #click(event: MouseEvent): void {
    const hit = event.target instanceof Element ? event.target.closest(".box") : null;
    if (!hit) this.choose(undefined);
    for (const [item, { element }] of this.#drawing?.boxes ?? []) {
      if (element !== hit) continue;
      this.choose(item);
      if (item instanceof Group) this.toggle(item);
      return;
    }
  }

  /** Opens what lies around; what has no box is shown by what reads it. */
  #reveal(item: Item): void {
    const { groupOf, root } = this.hierarchy;
    if (typeof item === "number" && !groupOf[item] && this.data.nodes[item]?.isUnused && !this.#showsUnused)
      return;
    const targets =
      item instanceof Group
        ? [item.parent ?? root]
        : this.#holders(item).flatMap((node) => groupOf[node] ?? []);
    const around = groupsAround(targets[0]);
    if (around.every((group) => this.#open.has(group))) return;
    for (const group of around) this.#open.add(group);
    this.render();
  }

  /** Nodes with a box: the node, or those that read a constant. */
  #holders(node: number, depth = 0): readonly number[] {
    if (this.hierarchy.groupOf[node]) return [node];
    if (depth > 8) return [];
    return (this.hierarchy.readers[node] ?? []).flatMap((reader) => this.#holders(reader, depth + 1));
  }

  #boxesOf(item: Item) {
    const items = item instanceof Group ? [item] : this.#holders(item);
    return items.flatMap((held) => this.#drawing?.boxes.get(held) ?? []);
  }

  #mark(focuses: boolean): void {
    const { chosen } = this;
    const marked = new Set(chosen === undefined ? [] : this.#boxesOf(chosen).map(({ element }) => element));
    for (const { element } of this.#drawing?.boxes.values() ?? []) {
      element.classList.toggle("chosen", marked.has(element));
      element.setAttribute("tabindex", marked.has(element) ? "0" : "-1");
    }
    const [first] = marked;
    if (focuses) first?.focus({ preventScroll: true });
    const ends = new Set(typeof chosen === "number" ? this.#holders(chosen) : []);
    for (const edge of this.#drawing?.edges ?? [])
      edge.element.classList.toggle("chosen", ends.size > 0 && [...edge.ends].some((end) => ends.has(end)));
  }
}

function arrowHead(): SVGDefsElement {
  const path = svg("path", { d: "M0 0L7 3.5L0 7z", class: "head" });
  const marker = {
    id: "arrow",
    viewBox: "0 0 7 7",
    refX: 6.5,
    refY: 3.5,
    markerWidth: 7,
    markerHeight: 7,
    orient: "auto",
    markerUnits: "userSpaceOnUse",
  };
  return svg("defs", {}, svg("marker", marker, path));
}
