/** What consumes() and produces() give to a module: resolved to a slot of the event's product array before the first event. */
import type { InputTag } from "../parameters/InputTag.js";
import type { ProductType } from "./ProductType.js";

declare const product: unique symbol;

/** Reads a product of type T: `event.get(token)`. */
export class EDGetToken<T> {
  declare readonly [product]: T;
  /** The newest process's product; -1 when nobody makes it. */
  slot = -1;
  /** Further slots to try, older processes in order, when the newest has no product in an event. */
  older: readonly number[] = [];
  /** Why the source cannot provide it, when it was asked. */
  refusal = "";

  constructor(
    readonly type: ProductType<T>,
    readonly tag: InputTag,
  ) {}
}

/** Puts a product of type T: `event.put(token, value)`. */
export class EDPutToken<T> {
  declare readonly [product]: T;
  slot = -1;

  constructor(
    readonly type: ProductType<T>,
    readonly instance: string,
  ) {}
}
