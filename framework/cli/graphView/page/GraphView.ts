/** The graph on the page: which scopes are open, what is chosen, and the drawing that follows from both. */
import type { GraphViewData } from "../GraphViewData.js";
import { type Colouring, type Colours, coloursOf } from "./colours.js";
import { svg } from "./dom.js";
import { arrowHead, type Drawing, draw } from "./draw.js";
import { buildHierarchy, Group, groupsAround, type Hierarchy, type Item } from "./hierarchy.js";
import { labelOf, Sizes } from "./labels.js";
import { type Placed, place } from "./layout.js";
import { neighbour } from "./neighbour.js";
import { mostOpenBoxes, openAtFirst, openGroups } from "./openAtFirst.js";
import { PanZoom } from "./PanZoom.js";
import { type Link, linksOf, visibleEdges } from "./visible.js";

/** Text can be read from this scale on. */
const readableScale = 0.75;

export class GraphView {
  readonly canvas: SVGSVGElement;
  readonly panZoom: PanZoom;
  hierarchy: Hierarchy;
  chosen: Item | undefined;
  colours: Colours;
  #colouring: Colouring = "op";
  readonly #outputs: ReadonlySet<number>;
  readonly #content = svg("g");
  readonly #sizes = new Sizes();
  #open: Set<Group>;
  #links: readonly Link[];
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
    this.#outputs = new Set(data.outputs.map(({ node }) => node));
    this.panZoom = new PanZoom(this.canvas, this.#content);
    this.hierarchy = buildHierarchy(data.nodes, this.#outputs, false);
    this.#links = linksOf(data.nodes, this.hierarchy);
    this.#open = openAtFirst(this.hierarchy.root);
    this.colours = coloursOf("op", data, this.hierarchy.root);
    this.canvas.addEventListener("click", (event) => this.#click(event));
    this.canvas.addEventListener("dblclick", (event) => event.preventDefault());
  }

  isOpen(group: Group): boolean {
    return this.#open.has(group);
  }

  render(): void {
    const { nodes } = this.data;
    const { root, depthOf } = this.hierarchy;
    const measure = {
      sizeOf: (item: Item) => this.#sizes.of(labelOf(item, nodes, this.hierarchy), item instanceof Group),
      titleWidth: (group: Group) => this.#sizes.titleWidth(group),
      depthOf,
    };
    const edges = visibleEdges(nodes, this.hierarchy, this.#links, this.#open);
    this.#placed = place(root, this.#open, edges, measure);
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

  showAll(shows: boolean): void {
    this.hierarchy = buildHierarchy(this.data.nodes, this.#outputs, shows);
    this.#links = linksOf(this.data.nodes, this.hierarchy);
    this.#open = openAtFirst(this.hierarchy.root);
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

  /** Whether so many nodes read it that its lines are left out. */
  isWithoutLines(node: number): boolean {
    return this.#links.some(({ source, isDrawn }) => source === node && !isDrawn);
  }

  /** Puts the keyboard on what is chosen. */
  focusChosen(): void {
    this.#mark(true);
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
    this.#drawing = draw(this.#placed, {
      nodes: this.data.nodes,
      hierarchy: this.hierarchy,
      colours: this.colours,
    });
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
    const targets =
      item instanceof Group
        ? [item.parent ?? root]
        : this.#holders(item).flatMap((node) => groupOf[node] ?? []);
    const around = groupsAround(targets[0]);
    if (around.every((group) => this.#open.has(group))) return;
    for (const group of around) this.#open.add(group);
    this.render();
  }

  /** Nodes with a box: the node, or those that read a constant or what only hands on. */
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
    this.#markRelated(typeof chosen === "number" ? this.#holders(chosen) : []);
  }

  /** Lines of the chosen node, and the boxes at their other ends, also where no line is drawn. */
  #markRelated(held: readonly number[]): void {
    const { groupOf } = this.hierarchy;
    const ends = new Set(held);
    for (const { element, ends: own } of this.#drawing?.edges ?? [])
      element.classList.toggle("chosen", ends.size > 0 && [...own].some((end) => ends.has(end)));
    const related = new Set<Element>();
    for (const { source, target } of this.#links) {
      if (ends.has(source) === ends.has(target)) continue;
      const other = ends.has(source) ? target : source;
      const shown = this.#drawing?.boxes.get(other) ?? this.#closedAround(groupOf[other]);
      if (shown) related.add(shown.element);
    }
    for (const { element } of this.#drawing?.boxes.values() ?? [])
      element.classList.toggle("related", related.has(element));
  }

  /** The closed group that a node is in. */
  #closedAround(group: Group | undefined) {
    const closed = groupsAround(group).find((around) => !this.#open.has(around));
    return closed && this.#drawing?.boxes.get(closed);
  }
}
