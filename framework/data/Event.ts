/** One event as modules see it, and the run and luminosity block around it. One Event object serves a stream for the whole job. */
import { nearest } from "../base/didYouMean.js";
import { Exception } from "../base/errors.js";
import { type BranchDescription, branchName } from "./BranchDescription.js";
import type { EDGetToken, EDPutToken } from "./tokens.js";

/** A stream's index, 0 to numberOfStreams - 1. */
export type StreamID = number;

export interface Run {
  readonly run: number;
}
export interface LuminosityBlock {
  readonly run: number;
  readonly luminosityBlock: number;
}

/** Reads one source product of one event; undefined when the event has none. */
export type ProductReader = (sourceProduct: number, entry: number) => unknown;

/** The outcome of asking for a product that may be absent. */
export type Handle<T> =
  | { readonly isValid: true; readonly product: T }
  | { readonly isValid: false; readonly whyFailed: Exception };

const nothingToRead: ProductReader = () => undefined;

export class Event {
  run = 0;
  luminosityBlock = 0;
  event = 0;
  /** Index of the event in the job's input, from 0. */
  ordinal = 0;
  readonly #products: unknown[];
  readonly #slots: readonly BranchDescription[];
  readonly #firstSourceSlot: number;
  #read = nothingToRead;
  #entry = 0;

  /** `slots`: what each slot of the product array holds; the job's own products first, then the source's. */
  constructor(
    readonly streamID: StreamID,
    slots: readonly BranchDescription[],
    firstSourceSlot: number,
  ) {
    this.#slots = slots;
    this.#products = new Array(slots.length).fill(undefined);
    this.#firstSourceSlot = firstSourceSlot;
  }

  /** The product. @throws ProductNotFound when this event has none. */
  get<T>(token: EDGetToken<T>): T {
    const product = this.#products[token.slot];
    return (product !== undefined ? product : this.#fetch(token)) as T;
  }

  /** As get, but an absent product is told, not thrown. */
  getHandle<T>(token: EDGetToken<T>): Handle<T> {
    const product = this.#find(token);
    if (product !== undefined) return { isValid: true, product: product as T };
    return { isValid: false, whyFailed: productNotFound(token, this.#slots) };
  }

  /** Gives the event a product, once. @throws InsertFailure when it is put twice. */
  put<T>(token: EDPutToken<T>, product: T): void {
    if (this.#products[token.slot] !== undefined) {
      const slot = this.#slots[token.slot];
      throw new Exception(
        "InsertFailure",
        `product ${slot ? branchName(slot) : token.type.name} is put twice in one event; put it once.`,
      );
    }
    this.#products[token.slot] = product;
  }

  /** For the engine: the product in a slot, read from the source when it has not been yet. */
  productAt(slot: number): unknown {
    const product = this.#products[slot];
    if (product !== undefined || slot < this.#firstSourceSlot) return product;
    const read = this.#read(slot - this.#firstSourceSlot, this.#entry);
    this.#products[slot] = read;
    return read;
  }

  /** For the engine: starts the next event. */
  reset(read: ProductReader, entry: number): void {
    this.#products.fill(undefined);
    this.#read = read;
    this.#entry = entry;
  }

  #find(token: EDGetToken<unknown>): unknown {
    if (token.slot < 0) return undefined;
    let product = this.productAt(token.slot);
    for (let i = 0; product === undefined && i < token.older.length; i++)
      product = this.productAt(token.older[i] ?? 0);
    return product;
  }

  #fetch(token: EDGetToken<unknown>): unknown {
    const product = this.#find(token);
    if (product === undefined) throw productNotFound(token, this.#slots);
    return product;
  }
}

/** CMSSW's text, with the near matches it does not give. */
export function productNotFound(token: EDGetToken<unknown>, slots: readonly BranchDescription[]): Exception {
  const { label, instance, process } = token.tag;
  const lines = [
    "Principal::getByToken: Found zero products matching all criteria",
    `Looking for type: ${token.type.name}`,
    `Looking for module label: ${label}`,
    `Looking for productInstanceName: ${instance}`,
  ];
  if (process) lines.push(`Looking for process: ${process}`);
  lines.push(
    token.slot >= 0 ? "A module declares it, but did not put it into this event." : hint(token, slots),
  );
  return new Exception("ProductNotFound", lines.join("\n"));
}

function hint(token: EDGetToken<unknown>, slots: readonly BranchDescription[]): string {
  if (token.refusal) return token.refusal;
  const known = slots.filter((slot) => slot.type);
  const sameLabel = known.filter((slot) => slot.label === token.tag.label);
  if (sameLabel.length > 0) return `Label '${token.tag.label}' has: ${sameLabel.map(branchName).join(", ")}`;
  const near = nearest(
    token.tag.label,
    known.map((slot) => slot.label),
  );
  if (near) return `No module or input product is labelled '${token.tag.label}'; did you mean '${near}'?`;
  const all = known.map(branchName).join(", ") || "none";
  return `No module or input product is labelled '${token.tag.label}'. Put its producer on a Path or in a Task, or correct the InputTag. There is: ${all}`;
}
