/** What the modules of a thread declared, in a form that crosses threads, and how tokens are bound to slots. */
import { ProductType } from "../data/ProductType.js";
import type { ModuleRegistration } from "../modules/registration.js";
import { InputTag } from "../parameters/InputTag.js";

/** A ProductType without its class. */
export type PlainType = Pick<ProductType<unknown>, "name" | "fields" | "fileDescriptorSet">;

export interface PlainRegistration {
  readonly label: string;
  readonly consumed: readonly { readonly type: PlainType; readonly tag: readonly [string, string, string] }[];
  readonly produced: readonly { readonly type: PlainType; readonly instance: string }[];
}

/** Where a module's tokens point: as many entries as it declared, in that order. */
export interface BoundTokens {
  readonly consumed: readonly {
    readonly slot: number;
    readonly older: readonly number[];
    readonly refusal: string;
  }[];
  readonly produced: readonly number[];
}

export function plainType({ name, fields, fileDescriptorSet }: ProductType<unknown>): PlainType {
  return { name, ...(fields && { fields }), ...(fileDescriptorSet && { fileDescriptorSet }) };
}

export function revivedType({ name, fields, fileDescriptorSet }: PlainType): ProductType<unknown> {
  return new ProductType(name, fields, fileDescriptorSet);
}

export function plainRegistration(
  label: string,
  { consumed, produced }: ModuleRegistration,
): PlainRegistration {
  return {
    label,
    consumed: consumed.map(({ type, tag }) => ({
      type: plainType(type),
      tag: [tag.label, tag.instance, tag.process],
    })),
    produced: produced.map(({ type, instance }) => ({ type: plainType(type), instance })),
  };
}

export function revivedTag([label, instance, process]: readonly [string, string, string]): InputTag {
  return new InputTag(label, instance, process);
}

export function bindTokens(registration: ModuleRegistration, bound: BoundTokens): void {
  for (const [index, token] of registration.consumed.entries()) Object.assign(token, bound.consumed[index]);
  for (const [index, token] of registration.produced.entries()) token.slot = bound.produced[index] ?? -1;
}

/** Sorted as the config declares their modules. */
export function inConfigOrder<T extends { readonly label: string }>(
  registrations: readonly T[],
  modules: readonly { readonly label: string }[],
): T[] {
  const order = new Map(modules.map(({ label }, index) => [label, index]));
  return [...registrations].sort((a, b) => (order.get(a.label) ?? 0) - (order.get(b.label) ?? 0));
}
