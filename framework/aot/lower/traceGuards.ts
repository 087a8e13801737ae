/** Branches that a node lies in: when two guards are the same, and when they exclude each other. */
import type { LoopTerm, View } from "../tensor/View.js";
import type { Guard } from "./traceValues.js";

export function isSameGuard(a: Guard, b: Guard): boolean {
  return isSameChoice(a.condition, b.condition) && a.side === b.side;
}

/** All of the guards, each once; "dead" when two of them are the two sides of one choice. */
export function withGuards(guards: readonly Guard[], more: readonly Guard[]): readonly Guard[] | "dead" {
  const all = [...guards];
  for (const guard of more) {
    const known = all.find(({ condition }) => isSameChoice(condition, guard.condition));
    if (known && known.side !== guard.side) return "dead";
    if (!known) all.push(guard);
  }
  return all;
}

/** Of two views of one element: whether it is the same one. */
export function isSameChoice(a: View, b: View): boolean {
  const isSameTerm = (term: LoopTerm, i: number) =>
    term.index === b.terms[i]?.index && term.stride === b.terms[i].stride;
  return (
    a.storage === b.storage &&
    a.offset === b.offset &&
    a.terms.length === b.terms.length &&
    a.terms.every(isSameTerm)
  );
}
