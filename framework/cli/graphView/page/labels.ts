/** Texts on boxes: cut to what fits, measured as they are drawn. */
import { integerText, microsecondsText, unitText } from "../../units.js";
import type { NodeView } from "../GraphViewData.js";
import { Group, type Hierarchy, type Item } from "./hierarchy.js";
import type { Size } from "./layout.js";

const longest = 30;
const sidePadding = 14;
const font = "system-ui, sans-serif";

export interface Label {
  readonly title: string;
  readonly detail: string;
}

/** The last part of a name, which tells more than the scope that it lies in. */
export function lastPart(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1) || name;
}

/** Cut in the middle. */
export function cut(text: string, length = longest): string {
  if (text.length <= length) return text;
  const half = (length - 1) / 2;
  return `${text.slice(0, Math.ceil(half))}…${text.slice(text.length - Math.floor(half))}`;
}

/** [1,25,64] of "float32[1,25,64]" as 1×25×64. */
export function shapeText(type: string | undefined): string {
  const shape = /\[(.*)\]$/.exec(type ?? "")?.[1];
  if (shape === undefined) return type ?? "";
  return shape === "" ? "scalar" : shape.replaceAll(",", "×");
}

export function labelOf(item: Item, nodes: readonly NodeView[], { labels }: Hierarchy): Label {
  if (item instanceof Group) {
    const what = item.op ? `${item.op} · ` : "";
    const cost =
      item.us > 0 ? `${microsecondsText(item.us)} µs` : item.flops > 0 ? unitText(item.flops, "FLOP") : "";
    const size = item.count === 1 ? "1 node" : `${integerText(item.count)} nodes`;
    return { title: cut(item.label), detail: `${what}${size}${cost ? ` · ${cost}` : ""}` };
  }
  const { name, op, outputs } = nodes[item] as NodeView;
  const shape = shapeText(outputs?.find((type) => type !== ""));
  const title = labels.get(item) ?? lastPart(name);
  const isSame = lastPart(name).replace(/_\d+$/, "") === op;
  return {
    title: cut(title),
    detail: cut([isSame ? "" : op, shape].filter((text) => text !== "").join(" · ")),
  };
}

export class Sizes {
  readonly #context = document.createElement("canvas").getContext("2d");
  readonly #known = new Map<string, number>();

  of({ title, detail }: Label, isGroup: boolean): Size {
    const width = Math.max(this.#width(title, `600 13px ${font}`), this.#width(detail, `11px ${font}`));
    return { width: Math.max(Math.ceil(width) + 2 * sidePadding + (isGroup ? 18 : 0), 72), height: 44 };
  }

  /** What an open group's title needs. */
  titleWidth(group: Group): number {
    return Math.ceil(this.#width(cut(group.label), `600 13px ${font}`)) + 48;
  }

  #width(text: string, style: string): number {
    const key = `${style} ${text}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.#context) this.#context.font = style;
    const width = this.#context?.measureText(text).width ?? 7 * text.length;
    this.#known.set(key, width);
    return width;
  }
}
