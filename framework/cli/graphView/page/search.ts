/** The search field: nodes and scopes by name or op, the best first. */
import type { NodeView } from "../GraphViewData.js";
import { html } from "./dom.js";

const mostResults = 50;
let count = 0;

/** Numbers of the nodes in whose name or op all words occur; whole last names and ops come first. */
export function findNodes(
  nodes: readonly NodeView[],
  query: string,
): { readonly best: readonly number[]; readonly total: number } {
  const words = query
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  if (words.length === 0) return { best: [], total: 0 };
  const found: { readonly node: number; readonly score: number }[] = [];
  for (const [node, { name, op }] of nodes.entries()) {
    const [lowName, lowOp] = [name.toLowerCase(), op.toLowerCase()];
    if (!words.every((word) => lowName.includes(word) || lowOp.includes(word))) continue;
    const last = lowName.slice(lowName.lastIndexOf("/") + 1);
    const [word = ""] = words;
    const isExact = lowName === word || last === word ? 4 : lowOp === word ? 3 : 0;
    const score = isExact + (last.includes(word) ? 1 : 0) - (op === "Const" ? 0.5 : 0) - name.length / 10_000;
    found.push({ node, score });
  }
  found.sort((a, b) => b.score - a.score || a.node - b.node);
  return { best: found.slice(0, mostResults).map(({ node }) => node), total: found.length };
}

/** A field with its list of results below, as a combobox. */
export class Search {
  readonly element: HTMLElement;
  readonly #input: HTMLInputElement;
  readonly #list: HTMLElement;
  readonly #status: HTMLElement;
  #results: readonly number[] = [];
  #active = -1;

  constructor(
    readonly nodes: readonly NodeView[],
    readonly choose: (node: number) => void,
  ) {
    const id = `results-${count++}`;
    this.#input = html("input", {
      type: "search",
      placeholder: "Search names and ops",
      role: "combobox",
      autocomplete: "off",
      spellcheck: "false",
      "aria-label": "Search nodes by name or op",
      "aria-expanded": "false",
      "aria-controls": id,
    });
    this.#list = html("ul", { id, role: "listbox", class: "results", hidden: true });
    this.#status = html("span", { class: "visually-hidden", role: "status" });
    this.element = html("div", { class: "search" }, this.#input, this.#list, this.#status);
    this.#input.addEventListener("input", () => this.#update());
    this.#input.addEventListener("focus", () => this.#update());
    this.#input.addEventListener("keydown", (event) => this.#key(event));
    this.element.addEventListener("focusout", (event) => {
      if (!this.element.contains(event.relatedTarget as Node | null)) this.#close();
    });
  }

  focus(): void {
    this.#input.focus();
    this.#input.select();
  }

  #update(): void {
    const { best, total } = findNodes(this.nodes, this.#input.value);
    this.#results = best;
    this.#active = best.length > 0 ? 0 : -1;
    const isAsked = this.#input.value.trim() !== "";
    const items = best.map((node, i) => this.#item(node, i));
    if (isAsked && total === 0) items.push(html("li", { class: "none" }, "No node has that name or op."));
    if (total > best.length) items.push(html("li", { class: "none" }, `and ${total - best.length} more`));
    this.#list.replaceChildren(...items);
    this.#list.hidden = !isAsked;
    this.#status.textContent = isAsked ? `${total} nodes found` : "";
    this.#input.setAttribute("aria-expanded", String(isAsked));
    this.#mark();
  }

  #item(node: number, i: number): HTMLLIElement {
    const { name, op } = this.nodes[node] as NodeView;
    const cut = name.lastIndexOf("/") + 1;
    const item = html(
      "li",
      { role: "option", id: `${this.#list.id}-${i}`, title: name },
      html("span", { class: "scope" }, html("bdi", {}, name.slice(0, cut))),
      html("b", {}, name.slice(cut)),
      html("span", { class: "op" }, op),
    );
    // Before the field loses its focus, which would close the list.
    item.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      this.#take(i);
    });
    return item;
  }

  #key(event: KeyboardEvent): void {
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (move !== undefined && this.#results.length > 0) {
      event.preventDefault();
      this.#active = (this.#active + move + this.#results.length) % this.#results.length;
      this.#mark();
    } else if (event.key === "Enter") this.#take(this.#active);
    else if (event.key === "Escape") {
      this.#close();
      this.#input.blur();
    } else return;
    event.stopPropagation();
  }

  #mark(): void {
    for (const [i, item] of [...this.#list.children].entries()) {
      const isActive = i === this.#active;
      item.setAttribute("aria-selected", String(isActive));
      if (isActive) item.scrollIntoView({ block: "nearest" });
    }
    if (this.#active >= 0)
      this.#input.setAttribute("aria-activedescendant", `${this.#list.id}-${this.#active}`);
    else this.#input.removeAttribute("aria-activedescendant");
  }

  #take(at: number): void {
    const node = this.#results[at];
    if (node === undefined) return;
    this.#close();
    this.choose(node);
  }

  #close(): void {
    this.#list.hidden = true;
    this.#input.setAttribute("aria-expanded", "false");
  }
}
