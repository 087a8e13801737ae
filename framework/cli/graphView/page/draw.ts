/** Draws a placed graph as SVG: groups, boxes, edges. */
import type { NodeView } from "../GraphViewData.js";
import type { Colours } from "./colours.js";
import { svg } from "./dom.js";
import { Group, type Hierarchy, type Item } from "./hierarchy.js";
import { labelOf } from "./labels.js";
import type { Box, Placed, Point } from "./layout.js";

export interface Drawing {
  readonly element: SVGGElement;
  /** Every box, by what it stands for; x, y from the drawing's corner. */
  readonly boxes: ReadonlyMap<Item, { readonly element: SVGGElement; readonly box: Box }>;
  readonly edges: readonly { readonly element: SVGPathElement; readonly ends: ReadonlySet<number> }[];
}

/** What boxes show. */
export interface Look {
  readonly nodes: readonly NodeView[];
  readonly hierarchy: Hierarchy;
  readonly colours: Colours;
}

export function draw(placed: Placed, look: Look): Drawing {
  const drawing = {
    element: svg("g"),
    boxes: new Map<Item, { element: SVGGElement; box: Box }>(),
    edges: [] as { element: SVGPathElement; ends: ReadonlySet<number> }[],
  };
  level(placed, { x: 0, y: 0 }, look, drawing, drawing.element);
  return drawing;
}

function level(
  placed: Placed,
  at: Point,
  look: Look,
  drawing: {
    boxes: Map<Item, { element: SVGGElement; box: Box }>;
    edges: { element: SVGPathElement; ends: ReadonlySet<number> }[];
  },
  into: SVGGElement,
): void {
  const lines = svg("g", { class: "edges" });
  const boxes = svg("g");
  for (const box of placed.boxes) {
    const place = { ...box, x: at.x + box.x, y: at.y + box.y };
    const element = drawBox(place, look);
    boxes.append(element);
    drawing.boxes.set(box.item, { element, box: place });
    if (box.inside) level(box.inside, place, look, drawing, element);
  }
  for (const { edge, points } of placed.edges) {
    const moved = points.map(({ x, y }) => ({ x: at.x + x, y: at.y + y }));
    const width = edge.isControl ? 1 : 1.1 + 0.32 * Math.log10(1 + edge.elements);
    const kind = edge.isBack ? " back" : edge.isControl ? " control" : "";
    const arrow = edge.to !== "out" && "url(#arrow)";
    const element = svg("path", {
      d: curve(moved),
      class: `edge${kind}`,
      "stroke-width": width.toFixed(2),
      "marker-end": arrow,
    });
    lines.append(element);
    drawing.edges.push({ element, ends: edge.ends });
  }
  // Lines of a level lie under its closed boxes and over the ground of the group around it.
  into.append(lines, boxes);
}

function drawBox(box: Box, { nodes, hierarchy, colours }: Look): SVGGElement {
  const { item, x, y, width, height, inside } = box;
  const isGroup = item instanceof Group;
  const { title, detail } = labelOf(item, nodes, hierarchy);
  const { className, share } = colours.of(item);
  const name = isGroup ? item.path : (nodes[item] as NodeView).name;
  const state = isGroup ? (inside ? " open" : " closed") : "";
  const radius = isGroup ? 8 : 6;
  const element = svg("g", {
    class: `box ${isGroup ? "group" : "node"}${state} ${className}`,
    role: "button",
    tabindex: -1,
    "aria-label": `${isGroup ? "scope" : (nodes[item] as NodeView).op} ${name}, ${detail}`,
    "aria-expanded": isGroup ? String(inside !== undefined) : undefined,
    "data-name": name,
  });
  if (share !== undefined) element.style.setProperty("--share", `${(100 * share).toFixed(1)}%`);
  element.append(svg("title", {}, name));
  // A closed scope looks like a pile of cards.
  if (isGroup && !inside)
    element.append(svg("rect", { class: "card", x: x + 4, y: y + 4, width, height, rx: radius }));
  element.append(svg("rect", { class: "ground", x, y, width, height, rx: radius }));
  if (isGroup && inside) {
    element.append(
      svg("text", { class: "title", x: x + 28, y: y + 21 }, title),
      chevron(x + 16, y + 17, true),
    );
    return element;
  }
  const middle = x + width / 2 + (isGroup ? 7 : 0);
  element.append(
    svg("text", { class: "title", x: middle, y: y + (detail ? 19 : 26), "text-anchor": "middle" }, title),
  );
  if (detail)
    element.append(svg("text", { class: "detail", x: middle, y: y + 34, "text-anchor": "middle" }, detail));
  if (isGroup) element.append(chevron(x + 14, y + 22, false));
  return element;
}

function chevron(x: number, y: number, isOpen: boolean): SVGPathElement {
  const d = isOpen ? `M${x - 4} ${y - 2}l4 4l4 -4` : `M${x - 2} ${y - 4}l4 4l-4 4`;
  return svg("path", { class: "chevron", d });
}

/** Through the middles of the points, rounded at each. */
function curve(points: readonly Point[]): string {
  const [first, ...rest] = points;
  const last = rest.at(-1);
  if (!first || !last) return "";
  const at = ({ x, y }: Point) => `${x.toFixed(1)} ${y.toFixed(1)}`;
  const middle = (a: Point, b: Point) => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });
  const parts = [`M${at(first)}`];
  for (const [i, point] of rest.entries()) {
    const next = rest[i + 1];
    if (next) parts.push(`Q${at(point)} ${at(middle(point, next))}`);
  }
  parts.push(`L${at(last)}`);
  return parts.join("");
}

/** What edges end in, once a canvas. */
export function arrowHead(): SVGDefsElement {
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
