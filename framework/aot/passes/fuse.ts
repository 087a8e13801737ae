/**
 * Joins steps so that tensors between them need no memory: a map goes into the expression of the only step that reads
 * it, and a map after a contract or a reduce becomes its epilogue. A copy vanishes: its source is written in place.
 */
import { sameShape } from "../../tensorflow/reference/broadcast.js";
import { operands, rewrite } from "../tensor/element.js";
import type { ComputeStep, Element, MapStep, Step } from "../tensor/ir.js";
import type { LoopTerm, Storage, View } from "../tensor/View.js";
import { isCompute, mapBodies, readsOf, visit, writtenBy } from "./access.js";
import { reindex } from "./reindex.js";

/** Larger expressions are not joined further: registers and compile time end. */
const maxParts = 64;
/** The same with parts counted at each use: what walks an expression without remembering must come to an end. */
const maxUses = 512;
/** What may be computed again for each place where a tensor is repeated. */
const cheap = new Set(["add", "sub", "mul", "neg", "maximum", "minimum", "and", "or", "not", "relu", "abs"]);

/** `kept`: storages that are read after the run. */
export function fuse(steps: readonly Step[], kept: ReadonlySet<Storage>): readonly Step[] {
  return new Fusion(steps, kept).run(steps);
}

class Fusion {
  readonly #readers = new Map<Storage, number>();
  readonly #writers = new Map<Storage, number>();

  constructor(
    steps: readonly Step[],
    readonly kept: ReadonlySet<Storage>,
  ) {
    const add = (counts: Map<Storage, number>, storages: Iterable<Storage>) => {
      for (const storage of storages) counts.set(storage, (counts.get(storage) ?? 0) + 1);
    };
    visit(steps, (step) => {
      add(this.#readers, new Set(readsOf(step).map(({ storage }) => storage)));
      if (isCompute(step)) add(this.#writers, [step.out.storage]);
    });
  }

  run(steps: readonly Step[]): readonly Step[] {
    const done: Step[] = [];
    for (const step of steps) {
      let current = mapBodies(step, (body) => this.run(body));
      for (let joined = this.#join(done, current); joined; joined = this.#join(done, current)) {
        done.splice(joined.at, 1);
        current = joined.step;
      }
      done.push(current);
    }
    return done;
  }

  /** The step with one of those before it taken in, and which. */
  #join(before: readonly Step[], step: Step): { at: number; step: ComputeStep } | undefined {
    if (!isCompute(step)) return undefined;
    const read = new Set(readsOf(step).map(({ storage }) => storage));
    for (let at = before.length - 1; at >= 0; at--) {
      const source = before[at] as Step;
      if (!isCompute(source) || !read.has(source.out.storage) || !this.#isPrivate(source)) continue;
      if (!this.#mayMove(before, at, source)) continue;
      const joined = join(source, step);
      if (joined && canBeWritten(joined)) return { at, step: joined };
    }
    return undefined;
  }

  /** Whether what the step writes is all of a storage that one step reads and no other writes. */
  #isPrivate({ out }: ComputeStep): boolean {
    const { storage } = out;
    return (
      out.isWhole &&
      !this.kept.has(storage) &&
      this.#readers.get(storage) === 1 &&
      this.#writers.get(storage) === 1
    );
  }

  /** Whether what the step reads is still the same after the steps that follow it. */
  #mayMove(steps: readonly Step[], at: number, source: ComputeStep): boolean {
    const shared = readsOf(source).filter(
      ({ storage }) => (this.#writers.get(storage) ?? 0) > 1 || this.kept.has(storage),
    );
    const changing = new Set(shared.map(({ storage }) => storage));
    if (changing.size === 0) return true;
    return !steps.slice(at + 1).some((step) => writtenBy(step).some((storage) => changing.has(storage)));
  }
}

/** Whether a step that reads what it writes reads each element for itself alone: code writes in any order. */
function canBeWritten(step: ComputeStep): boolean {
  const own = readsOf(step).filter(({ storage }) => storage === step.out.storage);
  if (own.length === 0) return true;
  const isSame = (view: View) =>
    view.offset === step.out.offset &&
    sameShape(view.shape, step.out.shape) &&
    view.strides.every((stride, axis) => view.shape[axis] === 1 || stride === step.out.strides[axis]) &&
    view.terms.length === step.out.terms.length &&
    view.terms.every((term, i) => isSameTerm(term, step.out.terms[i]));
  return step.kind === "map" && own.every(isSame) && !gathersFrom(step.value, step.out.storage);
}

function isSameTerm(a: LoopTerm, b: LoopTerm | undefined): boolean {
  return a.index === b?.index && a.stride === b.stride;
}

function gathersFrom(element: Element, storage: Storage): boolean {
  if (element.kind === "gather" && element.view.storage === storage) return true;
  return operands(element).some((part) => gathersFrom(part, storage));
}

function join(source: ComputeStep, step: ComputeStep): ComputeStep | undefined {
  if (source.kind === "map") return intoExpressions(source, step);
  return step.kind === "map" ? asEpilogue(source, step) : undefined;
}

/** A map put where its result was read. */
function intoExpressions(source: MapStep, step: ComputeStep): ComputeStep | undefined {
  const { storage } = source.out;
  if (step.kind === "contract" && (step.left.storage === storage || step.right.storage === storage))
    return undefined;
  const known = new Map<string, Element>();
  let isPossible = true;
  const substitute = (part: Element): Element => {
    if (part.kind === "gather" && part.view.storage === storage) isPossible = false;
    if (part.kind !== "read" || part.view.storage !== storage) return part;
    if (part.view.terms.length > 0) isPossible = false;
    const key = `${part.view.shape}|${part.view.strides}|${part.view.offset}`;
    const isRepeated = part.view.count > storage.count;
    const value =
      known.get(key) ??
      (isRepeated && !isCheap(source.value) ? undefined : reindex(source.value, source.out.shape, part.view));
    if (!value) isPossible = false;
    else known.set(key, value);
    return value ?? part;
  };
  const joined = changeExpressions(step, substitute);
  return isPossible && isSmall(joined) ? joined : undefined;
}

function changeExpressions(step: ComputeStep, change: (part: Element) => Element): ComputeStep {
  switch (step.kind) {
    case "map":
    case "softmax":
      return { ...step, value: rewrite(step.value, change) };
    case "reduce":
      return { ...step, value: rewrite(step.value, change), epilogue: rewrite(step.epilogue, change) };
    case "contract":
      return { ...step, epilogue: rewrite(step.epilogue, change) };
  }
}

/** The map after a step becomes that step's epilogue; after a softmax only a copy can. */
function asEpilogue(source: Exclude<ComputeStep, MapStep>, step: MapStep): ComputeStep | undefined {
  const { storage, shape } = source.out;
  const isReshaped = !sameShape(step.out.shape, shape);
  const out = step.out.count === source.out.count ? step.out.reshape(shape) : undefined;
  if (!out) return undefined;
  let isPossible = true;
  const inner: Element =
    source.kind === "softmax" ? { kind: "accumulator", dtype: source.out.dtype } : source.epilogue;
  const value = rewrite(step.value, (part) => {
    if (part.kind === "index" && isReshaped) isPossible = false;
    if (part.kind !== "read" && part.kind !== "gather") return part;
    if (part.kind === "read" && part.view.storage === storage) {
      if (!part.view.isWhole || !sameShape(part.view.shape, step.out.shape)) isPossible = false;
      return inner;
    }
    if (part.view.storage === storage) isPossible = false;
    const view = isReshaped ? part.view.reshape(shape) : part.view;
    if (!view) isPossible = false;
    return view ? { ...part, view } : part;
  });
  if (!isPossible || countParts(value) > maxParts || countUses(value) > maxUses) return undefined;
  if (source.kind !== "softmax") return { ...source, out, epilogue: value };
  return value === inner ? { ...source, out } : undefined;
}

function isCheap(value: Element): boolean {
  if (value.kind === "call" && !cheap.has(value.name)) return false;
  return value.kind !== "gather" && operands(value).every(isCheap);
}

function isSmall(step: ComputeStep): boolean {
  const expressions = step.kind === "contract" ? [] : [step.value];
  if (step.kind === "contract" || step.kind === "reduce") expressions.push(step.epilogue);
  const sum = (count: (expression: Element) => number) =>
    expressions.reduce((total, expression) => total + count(expression), 0);
  return sum((value) => countParts(value)) <= maxParts && sum((value) => countUses(value)) <= maxUses;
}

/** Parts that are one object are computed once. */
function countParts(element: Element, seen = new Set<Element>()): number {
  if (seen.has(element)) return 0;
  seen.add(element);
  return operands(element).reduce((sum, part) => sum + countParts(part, seen), 1);
}

function countUses(element: Element, known = new Map<Element, number>()): number {
  const uses = known.get(element) ?? operands(element).reduce((sum, part) => sum + countUses(part, known), 1);
  known.set(element, uses);
  return uses;
}
