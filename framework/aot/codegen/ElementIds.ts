/** Numbers for element expressions, the same for equal ones: fusion repeats what two consumers read. */
import type { Block } from "../kernel/ir.js";
import { operands } from "../tensor/element.js";
import type { Element } from "../tensor/ir.js";
import type { LoopIndex, Storage, View } from "../tensor/View.js";

export class ElementIds {
  readonly #byObject = new Map<Element | Storage | LoopIndex | Block, number>();
  readonly #byText = new Map<string, number>();

  of(element: Element): number {
    const known = this.#byObject.get(element);
    if (known !== undefined) return known;
    const text = `${this.#text(element)}:${element.dtype}(${operands(element).map((part) => this.of(part))})`;
    const id = this.#byText.get(text) ?? this.#byText.size;
    this.#byText.set(text, id);
    this.#byObject.set(element, id);
    return id;
  }

  #text(element: Element): string {
    switch (element.kind) {
      case "read":
        return `read ${this.#view(element.view)}`;
      case "constant":
        return `constant ${Object.is(element.value, -0) ? "-0" : element.value}`;
      case "index":
        return `index ${element.axis}`;
      case "call":
        return `call ${element.name}`;
      case "gather": {
        const places = element.indices.map(({ stride, limit }) => `${stride}<${limit}`);
        return `gather ${this.#view(element.view)} ${places}`;
      }
      default:
        return element.kind;
    }
  }

  #view({ storage, strides, offset, terms }: View): string {
    const loops = terms.map(({ index, stride }) => `${this.ofObject(index)}*${stride}`);
    return `${this.ofObject(storage)}[${strides}]+${offset}+${loops}`;
  }

  /** A number for an object that only equals itself. */
  ofObject(object: Storage | LoopIndex | Block): number {
    const id = this.#byObject.get(object) ?? this.#byObject.size;
    this.#byObject.set(object, id);
    return id;
  }
}
