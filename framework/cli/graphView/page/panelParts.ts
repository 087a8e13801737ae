/** What panels are put together from: sections with lists and tables. */
import type { GraphViewData } from "../GraphViewData.js";
import { html } from "./dom.js";
import type { Group, Hierarchy } from "./hierarchy.js";

/** More than these are counted. */
const shownLinks = 40;

export interface PanelContext {
  readonly data: GraphViewData;
  readonly hierarchy: Hierarchy;
  isWithoutLines(node: number): boolean;
  /** Chooses another node or scope. */
  go(target: number | Group): void;
}

export type Row = readonly [term: string, value: string | Node];

export function rows(list: readonly (Row | undefined)[]): HTMLElement {
  const present = list.filter((row) => row !== undefined);
  return html("dl", {}, ...present.flatMap(([term, value]) => [html("dt", {}, term), html("dd", {}, value)]));
}

export function section(title: string, ...children: readonly (Node | undefined)[]): HTMLElement | undefined {
  const present = children.filter((child) => child !== undefined);
  return present.length === 0 ? undefined : html("section", {}, html("h3", {}, title), ...present);
}

export function list(items: readonly Node[]): HTMLElement | undefined {
  if (items.length === 0) return undefined;
  const shown = items.slice(0, shownLinks).map((item) => html("li", {}, item));
  const rest = items.length - shown.length;
  return html("ul", {}, ...shown, rest > 0 && html("li", { class: "muted" }, `and ${rest} more`));
}

export function opTable(ops: ReadonlyMap<string, number>): HTMLElement | undefined {
  const sorted = [...ops].sort(([, a], [, b]) => b - a);
  return section("Ops", rows(sorted.map(([op, count]) => [op, String(count)])));
}
