/** Random programs of tensor steps: everything that is read has been written, and rewritten memory is read again. */
import { call, constantElement, read, selectElement } from "../../../../framework/aot/tensor/element.js";
import type { Element, Step } from "../../../../framework/aot/tensor/ir.js";
import { type ElementType, LoopIndex, sizeOf, Storage, View } from "../../../../framework/aot/tensor/View.js";
import type { TracedGraph } from "../../../../framework/aot/lower/traceGraph.js";
import type { Random } from "../codegen/randomSteps.js";

const shapes = [[2, 3], [3, 2], [6], [3], [2], []];

/** Memory that holds a value: a view of all of it. */
interface Scope {
  readonly floats: readonly View[];
  readonly bools: readonly View[];
  readonly loops: readonly LoopIndex[];
}

export class RandomSteps {
  #count = 0;
  /** What may be written again. */
  readonly #variables = new Set<Storage>();

  constructor(readonly random: Random) {}

  graph(length: number): TracedGraph {
    const { random } = this;
    const inputs = [this.#new([2, 3]), this.#new([6]), this.#new([], "bool"), this.#new([2], "bool")];
    const constant = new Storage("constant", "float32", 6, Float32Array.from([1, -2, 3, 0, 2, -1]));
    const scope: Scope = {
      floats: [inputs[0] as View, inputs[1] as View, View.of(constant, [3, 2])],
      bools: [inputs[2] as View, inputs[3]?.at(0, 0) as View, inputs[3]?.at(0, 1) as View],
      loops: [],
    };
    const { steps, inside } = this.#body(scope, length, 3);
    const made = inside.floats.filter(({ storage }) => !storage.data);
    const outputs = [this.#new([2, 3]), this.#new([6])];
    for (const out of outputs)
      steps.push(this.#map(out, this.element({ ...inside, floats: made }, out.shape, 2)));
    // Some results are kept as they are.
    if (random.next() < 0.3) outputs.push(random.pick(made));
    return { inputs, outputs, steps };
  }

  #new(shape: readonly number[], dtype: ElementType = "float32"): View {
    return View.of(new Storage(`s${this.#count++}`, dtype, sizeOf(shape)), shape);
  }

  #map(out: View, value: Element): Step {
    return { kind: "map", origin: `map${this.#count}`, out, value };
  }

  #body(scope: Scope, length: number, depth: number): { steps: Step[]; inside: Scope } {
    const steps: Step[] = [];
    let inside = scope;
    for (let i = 0; i < length; i++) {
      const { added, floats = [], bools = [] } = this.#some(inside, depth);
      steps.push(...added);
      inside = { ...inside, floats: [...inside.floats, ...floats], bools: [...inside.bools, ...bools] };
    }
    return { steps, inside };
  }

  #some(scope: Scope, depth: number): { added: Step[]; floats?: View[]; bools?: View[] } {
    const { random } = this;
    const kind = random.next();
    if (kind < 0.4) return this.#oneMap(scope);
    if (kind < 0.48) return this.#reduce(scope);
    if (kind < 0.54) return this.#contract(scope);
    if (kind < 0.58) return this.#softmax(scope);
    if (kind < 0.66) return this.#concat(scope);
    if (kind < 0.72) {
      const out = this.#new([], "bool");
      return { added: [this.#map(out, this.#condition(scope, []))], bools: [out] };
    }
    if (kind < 0.8) return this.#rewrite(scope);
    if (depth === 0) return this.#oneMap(scope);
    if (kind < 0.9) return this.#loop(scope, depth);
    return this.#if(scope, depth);
  }

  #oneMap(scope: Scope) {
    const out = this.#new(this.random.pick(shapes));
    // A reversed view of a new storage is all of it too, but not dense.
    const isReversed = out.rank > 0 && this.random.next() < 0.1;
    const value = this.element(scope, out.shape, 2);
    if (this.random.next() < 0.5) this.#variables.add(out.storage);
    return { added: [this.#map(isReversed ? out.reverse(0) : out, value)], floats: [out] };
  }

  #reduce(scope: Scope) {
    const { random } = this;
    const out = this.#new(random.pick([[2], [3], []]));
    const inner = [sizeOf(out.shape) === 2 ? 3 : sizeOf(out.shape) === 3 ? 2 : 6];
    const op = random.pick(["sum", "max", "prod", "min"] as const);
    const value = this.element(scope, [...out.shape, ...inner], 1);
    const epilogue = call("add", accumulator, this.element(scope, out.shape, random.below(2)));
    return {
      added: [{ kind: "reduce", origin: "reduce", out, op, inner, value, epilogue } satisfies Step],
      floats: [out],
    };
  }

  #contract(scope: Scope) {
    const out = this.#new([3, 2]);
    const left = this.view(scope, [3, 2]);
    const right = this.view(scope, [2, 3]).slice(1, this.random.below(2), 2).broadcast([3, 2, 2]);
    const epilogue = call("sub", accumulator, this.element(scope, [3, 2], 1));
    return {
      added: [{ kind: "contract", origin: "contract", out, left, right, epilogue } satisfies Step],
      floats: [out],
    };
  }

  #softmax(scope: Scope) {
    const out = this.#new([2, 3]);
    const value = this.element(scope, [2, 3], 1);
    return {
      added: [{ kind: "softmax", origin: "softmax", out, isLog: false, value } satisfies Step],
      floats: [out],
    };
  }

  /** A storage written in parts. */
  #concat(scope: Scope) {
    const out = this.#new([6]);
    const first = this.#map(out.slice(0, 0, 3), this.element(scope, [3], 2));
    const second = this.#map(out.slice(0, 3, 3), this.element(scope, [3], 2));
    return { added: [first, second], floats: [out] };
  }

  /** Memory written again, all of it or a part, perhaps at a loop's index. */
  #rewrite(scope: Scope) {
    const { random } = this;
    const known = scope.floats.filter(({ storage }) => this.#variables.has(storage));
    if (known.length === 0) return this.#oneMap(scope);
    const whole = random.pick(known);
    const part = whole.rank > 0 && random.next() < 0.4 ? this.#row(scope, whole) : whole;
    const others = { ...scope, floats: scope.floats.filter(({ storage }) => storage !== whole.storage) };
    const value = this.element(others, part.shape, 2);
    const own = random.next() < 0.5 ? call("add", read(part), value) : value;
    return { added: [this.#map(part, own)] };
  }

  #loop(scope: Scope, depth: number) {
    const { random } = this;
    const index = new LoopIndex(`loop${this.#count++}`);
    const variables = [this.#new(random.pick(shapes)), this.#new(random.pick(shapes))];
    const added = variables.map((out) => this.#map(out, this.element(scope, out.shape, 1)));
    const inner = {
      ...scope,
      floats: [...scope.floats, ...variables, ...variables],
      loops: [...scope.loops, index],
    };
    const { steps, inside } = this.#body(inner, 1 + random.below(4), depth - 1);
    const next = variables.map((variable) => this.#new(variable.shape));
    for (const out of next) steps.push(this.#map(out, this.element(inside, out.shape, 1)));
    for (const [i, variable] of variables.entries()) steps.push(this.#map(variable, read(next[i] as View)));
    const [condition, ends] = random.next() < 0.3 ? this.#while(steps) : [undefined, []];
    const count = condition ? undefined : random.below(3);
    return {
      added: [
        ...added,
        ...ends,
        { kind: "loop", origin: index.name, index, count, condition, body: steps } satisfies Step,
      ],
      floats: variables,
    };
  }

  /** A loop with a condition: a counter, which the body's last steps raise. */
  #while(body: Step[]): [View, Step[]] {
    const [counter, condition] = [this.#new([]), this.#new([], "bool")];
    const isBelow = call("less", read(counter), constantElement("float32", this.random.below(3)));
    body.push(this.#map(counter, call("add", read(counter), constantElement("float32", 1))));
    body.push(this.#map(condition, isBelow));
    return [condition, [this.#map(counter, constantElement("float32", 0)), this.#map(condition, isBelow)]];
  }

  /** One side, or each, writes what was written before. */
  #if(scope: Scope, depth: number) {
    const { random } = this;
    const out = this.#new(random.pick(shapes));
    const start = this.#map(out, this.element(scope, out.shape, 1));
    const side = () => {
      const { steps, inside } = this.#body(scope, random.below(4), depth - 1);
      if (random.next() < 0.8) steps.push(this.#map(out, this.element(inside, out.shape, 1)));
      return steps;
    };
    const condition = random.pick(scope.bools);
    const step: Step = { kind: "if", origin: "if", condition, then: side(), else: side() };
    return { added: [start, step], floats: [out] };
  }

  #condition(scope: Scope, shape: readonly number[]): Element {
    return call("less", this.element(scope, shape, 1), this.element(scope, shape, 0));
  }

  element(scope: Scope, shape: readonly number[], depth: number): Element {
    const { random } = this;
    const of = () => this.element(scope, shape, depth - 1);
    const kind = random.next();
    if (depth === 0 || kind < 0.15) {
      if (random.next() < 0.1) return constantElement("float32", random.below(5) - 2);
      return read(this.view(scope, shape));
    }
    if (kind < 0.22) return this.#gather(scope, shape);
    if (kind < 0.28) return selectElement(this.#condition(scope, shape), of(), of());
    if (kind < 0.34) return selectElement(read(random.pick(scope.bools), shape), of(), of());
    if (kind < 0.4)
      return call(random.pick(["sqrt", "exp"]), call("minimum", of(), constantElement("float32", 2)));
    if (kind < 0.44 && shape.length > 0)
      return call("add", of(), {
        kind: "cast",
        dtype: "float32",
        value: { kind: "index", dtype: "int32", axis: random.below(shape.length) },
      });
    return call(random.pick(["add", "sub", "maximum", "minimum"]), of(), of());
  }

  #gather(scope: Scope, shape: readonly number[]): Element {
    const from = scope.floats.filter(({ count, rank }) => count === 6 && rank === 1);
    const base = this.random.pick(from);
    const index: Element = { kind: "constant", dtype: "int32", value: this.random.below(3) };
    const indices = [{ value: index, stride: 1, limit: 4 }];
    const view = base.slice(0, 2, 1).reshape([])?.broadcast(shape) as View;
    return { kind: "gather", dtype: "float32", view, indices, fault: "out of range" };
  }

  /** A view of that shape of something known. */
  view(scope: Scope, shape: readonly number[]): View {
    for (;;) {
      const found = this.#shaped(scope, this.random.pick(scope.floats), shape, 3);
      if (found) return found;
    }
  }

  #shaped(scope: Scope, view: View, shape: readonly number[], changes: number): View | undefined {
    const { random } = this;
    if (isSame(view.shape, shape) && random.next() < 0.6) return view;
    if (changes === 0) return isSame(view.shape, shape) ? view : undefined;
    const kind = random.below(6);
    if (kind === 0 && canBroadcast(view.shape, shape)) return view.broadcast(shape);
    if (kind === 1 && view.count === sizeOf(shape)) {
      const again = view.reshape(shape);
      if (again) return again;
    }
    const next = (of: View) => this.#shaped(scope, of, shape, changes - 1);
    if (view.rank === 0) return canBroadcast(view.shape, shape) ? view.broadcast(shape) : undefined;
    const axis = random.below(view.rank);
    const size = view.shape[axis] as number;
    if (kind === 2) return next(view.permute(random.shuffled(view.shape.map((_, i) => i))));
    if (kind === 3) return next(view.reverse(axis));
    if (kind === 4 && size > 1) {
      const step = size > 4 ? random.pick([1, 2]) : 1;
      const length = random.pick([2, 3].filter((n) => (n - 1) * step < size));
      return next(view.slice(axis, random.below(size - (length - 1) * step), length, step));
    }
    return next(this.#row(scope, view));
  }

  /** One position of an axis, of a loop if there is one: loops go twice at most. */
  #row(scope: Scope, view: View): View {
    const { random } = this;
    const axis = random.below(view.rank);
    const size = view.shape[axis] as number;
    const [loop] = scope.loops.length > 0 ? [random.pick(scope.loops)] : [];
    if (loop && size > 1 && random.next() < 0.6) {
      const step = random.pick([1, -1]);
      const begin = step > 0 ? random.below(size - 1) : 1 + random.below(size - 1);
      return view.atIndex(axis, loop, begin, step);
    }
    return view.at(axis, random.below(size));
  }
}

const accumulator: Element = { kind: "accumulator", dtype: "float32" };

function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

function canBroadcast(from: readonly number[], to: readonly number[]): boolean {
  const lead = to.length - from.length;
  return lead >= 0 && from.every((size, axis) => size === 1 || size === to[lead + axis]);
}
