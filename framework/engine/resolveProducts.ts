/** Gives every product a slot and every token its slots: the job's own products first, then the source's. */
import type { BranchDescription } from "../data/BranchDescription.js";
import { TriggerResults } from "../data/products.generated.js";
import type { ProductType } from "../data/ProductType.js";
import type { InputSource, SourceProduct } from "../modules/InputSource.js";
import { InputTag } from "../parameters/InputTag.js";
import { type BoundTokens, type PlainRegistration, revivedTag, revivedType } from "./registrations.js";

export interface ResolvedProducts {
  readonly slots: readonly BranchDescription[];
  readonly types: readonly ProductType<unknown>[];
  readonly firstSourceSlot: number;
  readonly sourceProducts: readonly SourceProduct[];
  /** By module label. */
  readonly tokens: ReadonlyMap<string, BoundTokens>;
  /** Slot → label of the module of this job that makes it. */
  readonly producers: readonly string[];
  readonly triggerResultsSlot: number;
}

export const triggerResultsLabel = "TriggerResults";

export class ProductResolver {
  readonly #slots: BranchDescription[] = [];
  readonly #types: ProductType<unknown>[] = [];
  readonly #producers: string[] = [];
  readonly #sourceProducts: SourceProduct[] = [];
  readonly #process: string;
  readonly #source: InputSource;

  constructor(
    process: string,
    source: InputSource,
    registrations: readonly PlainRegistration[],
    hasPaths: boolean,
  ) {
    this.#process = process;
    this.#source = source;
    for (const { label, produced } of registrations) {
      for (const { type, instance } of produced) this.#addOwn(label, type.name, instance, revivedType(type));
    }
    if (hasPaths)
      this.#addOwn(triggerResultsLabel, TriggerResults.name, "", TriggerResults as ProductType<unknown>);
  }

  #addOwn(label: string, type: string, instance: string, productType: ProductType<unknown>): void {
    this.#slots.push({ type, label, instance, process: this.#process });
    this.#types.push(productType);
    this.#producers.push(label);
  }

  /** The job's own products and everything the input offers to `keep *`, as candidates for output modules. */
  candidates(): { description: BranchDescription; type: ProductType<unknown> }[] {
    const own = this.#slots.map((description, i) => ({
      description,
      type: this.#types[i] as ProductType<unknown>,
    }));
    const known = new Set(this.#sourceProducts.map((p) => branchKey(p.description)));
    const input = this.#source.branches().filter((p) => !known.has(branchKey(p.description)));
    return [...own, ...this.#sourceProducts, ...input].filter(({ type }) => !type.isTransient);
  }

  /** Source slots lie behind all own slots, so every registration must be resolved before `result`. */
  resolve(registration: PlainRegistration): BoundTokens {
    return {
      consumed: registration.consumed.map(({ type, tag }) =>
        this.#consumed(revivedType(type), revivedTag(tag)),
      ),
      produced: registration.produced.map(({ type, instance }) =>
        this.#own(type.name, registration.label, instance),
      ),
    };
  }

  /** The slot of a product that an output module keeps. */
  slotOf(description: BranchDescription, type: ProductType<unknown>): number {
    if (description.process === this.#process)
      return this.#own(description.type, description.label, description.instance);
    return this.#sourceSlot({ description, type });
  }

  #own(type: string, label: string, instance: string): number {
    return this.#slots.findIndex((s) => s.type === type && s.label === label && s.instance === instance);
  }

  #consumed(type: ProductType<unknown>, tag: InputTag): BoundTokens["consumed"][number] {
    const slots: number[] = [];
    const wantsCurrent = ["", this.#process, InputTag.currentProcess()].includes(tag.process);
    if (wantsCurrent) {
      const own = this.#own(type.name, tag.label, tag.instance);
      if (own >= 0) slots.push(own);
    }
    let refusal = "";
    if (tag.process === "" || !wantsCurrent) {
      const process = tag.process === InputTag.skipCurrentProcess() ? "" : tag.process;
      for (const provided of this.#source.provides(type, new InputTag(tag.label, tag.instance, process))) {
        if ("refusal" in provided) refusal = provided.refusal;
        else slots.push(this.#sourceSlot({ description: provided.description, type }));
      }
    }
    return { slot: slots[0] ?? -1, older: slots.slice(1), refusal };
  }

  #sourceSlot(product: SourceProduct): number {
    const key = branchKey(product.description);
    let index = this.#sourceProducts.findIndex((p) => branchKey(p.description) === key);
    if (index < 0) index = this.#sourceProducts.push(product) - 1;
    return this.#slots.length + index;
  }

  result(tokens: ReadonlyMap<string, BoundTokens>): ResolvedProducts {
    return {
      slots: [...this.#slots, ...this.#sourceProducts.map((p) => p.description)],
      types: [...this.#types, ...this.#sourceProducts.map((p) => p.type)],
      firstSourceSlot: this.#slots.length,
      sourceProducts: this.#sourceProducts,
      tokens,
      producers: this.#producers,
      triggerResultsSlot: this.#own(TriggerResults.name, triggerResultsLabel, ""),
    };
  }
}

function branchKey({ type, label, instance, process }: BranchDescription): string {
  return `${type}_${label}_${instance}_${process}`;
}
