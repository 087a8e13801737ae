/**
 * Element expressions as kernel IR at a position of the index space: one element, or a vector of neighbours along one
 * axis. What occurs twice is computed once, and what inner loops do not change, before them.
 */
import { Exception } from "../../base/errors.js";
import { add, binary, constant, convert, i32, load, mul, select } from "../kernel/expr.js";
import type { BinaryOp, Expr } from "../kernel/ir.js";
import type { KernelBuilder } from "../kernel/KernelBuilder.js";
import { scalarFunctions } from "../kernel/math/scalarFunctions.js";
import { operands } from "../tensor/element.js";
import type { Element } from "../tensor/ir.js";
import type { ElementType, View } from "../tensor/View.js";
import { type CodegenContext, elementMemory } from "./context.js";
import { dependsOn, hasAccumulator } from "./elementAxes.js";
import { ElementIds } from "./ElementIds.js";
import { emitCast, splatOf } from "./emitCast.js";
import { classes, emitBool, emitComparison, emitFault, emitInteger, isComparison } from "./emitInteger.js";
import type { Address, Position } from "./Position.js";

type Gather = Extract<Element, { kind: "gather" }>;

/** What is special at one place. */
export interface Place {
  /** The axis along which vectors lie. */
  readonly vectorAxis?: number | undefined;
  /** What "accumulator" stands for: of the form (scalar, vector) that is asked for. */
  readonly accumulator?: Expr | undefined;
  /** What has been loaded around here: neighbours in a window are loaded once. Drop it where memory is written. */
  readonly loads?: Map<string, Expr> | undefined;
}

const floatOperators: Readonly<Record<string, BinaryOp>> = { add: "add", sub: "sub", mul: "mul", div: "div" };

/** In which form: undefined for one element, else the lanes that count (all: `lanes`). */
type Count = number | undefined;

export class ElementEmitter {
  readonly #k: KernelBuilder;
  readonly #context: CodegenContext;
  readonly #position: Position;
  readonly #place: Place;
  readonly #outer: ElementEmitter | undefined;
  readonly #ids: ElementIds;
  readonly #values = new Map<string, Expr>();
  /** The axes along which `outer` stands elsewhere. */
  readonly #changed: readonly number[];

  /** `outer`: the emitter of the code around this one, whose values may be used here. */
  constructor(
    k: KernelBuilder,
    context: CodegenContext,
    position: Position,
    place: Place = {},
    outer?: ElementEmitter,
  ) {
    this.#k = k;
    this.#context = context;
    this.#position = position;
    this.#place = place;
    this.#outer = outer;
    this.#ids = outer ? outer.#ids : new ElementIds();
    this.#changed = outer ? position.movedSince(outer.#position) : [];
  }

  /** In a loop, or beside: at another position, with what has been computed before. `loads` as in Place. */
  at(position: Position, accumulator?: Expr, loads = this.#place.loads): ElementEmitter {
    const place = { ...this.#place, accumulator, loads };
    return new ElementEmitter(this.#k, this.#context, position, place, this);
  }

  /** One element; a bool is 0 or 1. */
  emit(element: Element): Expr {
    return this.#emit(element, undefined);
  }

  /** Neighbours along vectorAxis (which canVectorize allows); a bool is a mask. Lanes from `count` on are anything. */
  emitVector(element: Element, count = this.#context.target.lanes): Expr {
    return this.#emit(element, count);
  }

  /** Computes now what does not depend on the axes still to be entered; `isVector`: vectors will be asked for too. */
  hoist(element: Element, isVector: boolean): void {
    if (element.kind === "constant" || element.kind === "index") return;
    const rank = this.#position.rank;
    const isFixed = (part: Element) => {
      if (hasAccumulator(part)) return false;
      for (let axis = 0; axis < rank; axis++)
        if (!this.#position.isEntered(axis) && dependsOn(part, axis)) return false;
      return true;
    };
    if (isFixed(element)) {
      this.emit(element);
      if (isVector && this.#isUniform(element) && this.#fitsVector(element.dtype)) this.emitVector(element);
      return;
    }
    if (element.kind === "gather" && element.indices.every(({ value }) => isFixed(value)))
      this.#gatherOffset(element);
    for (const operand of operands(element)) this.hoist(operand, isVector);
  }

  #fitsVector(dtype: ElementType): boolean {
    return dtype === "float32" || dtype === "int32" || dtype === "bool";
  }

  #isUniform(element: Element): boolean {
    const { vectorAxis } = this.#place;
    if (vectorAxis === undefined) throw new Exception("LogicError", "vectors lie along no axis here.");
    return !dependsOn(element, vectorAxis);
  }

  /** What the code around has computed still holds where it does not depend on what has changed since. */
  #known(key: string, element: Element | readonly Element[]): Expr | undefined {
    const own = this.#values.get(key);
    if (own || !this.#outer) return own;
    const parts = "kind" in element ? [element] : element;
    const isChanged = (part: Element) =>
      hasAccumulator(part) || this.#changed.some((axis) => dependsOn(part, axis));
    return parts.some(isChanged) ? undefined : this.#outer.#known(key, element);
  }

  /** As computed before, or computed now. */
  #once(key: string, element: Element | readonly Element[], compute: () => Expr): Expr {
    const known = this.#known(key, element);
    if (known) return known;
    const value = this.#k.let(compute(), "v");
    this.#values.set(key, value);
    return value;
  }

  #emit(element: Element, count: Count): Expr {
    if (element.kind === "accumulator") return this.#accumulator();
    const id = this.#ids.of(element);
    if (count === undefined) return this.#once(`${id}`, element, () => this.#compute(element, undefined));
    if (this.#isUniform(element)) return this.#once(`v${id}`, element, () => this.#splat(element, id));
    return this.#once(`v${count}:${id}`, element, () => this.#compute(element, count));
  }

  /** A load that nobody else wants goes straight into all lanes. */
  #splat(element: Element, id: number): Expr {
    const isOnlyLoad = element.kind === "read" && !this.#known(`${id}`, element) && !this.#place.loads;
    const value = isOnlyLoad ? this.#load(element.view, undefined) : this.#emit(element, undefined);
    return splatOf(value, element.dtype);
  }

  #accumulator(): Expr {
    const { accumulator } = this.#place;
    if (!accumulator) throw new Exception("LogicError", "an accumulator outside of an epilogue.");
    return accumulator;
  }

  #compute(element: Element, count: Count): Expr {
    switch (element.kind) {
      case "read":
        return this.#load(element.view, count);
      case "constant":
        return constant(elementMemory[element.dtype].type, element.value);
      case "index": {
        const coordinate = this.#position.coordinate(element.axis);
        return convert(elementMemory[element.dtype].type, coordinate);
      }
      case "cast":
        return emitCast(this.#emit(element.value, count), element.value.dtype, element.dtype);
      case "select": {
        const [condition, then, otherwise] = [element.condition, element.then, element.else].map((part) =>
          this.#emit(part, count),
        ) as [Expr, Expr, Expr];
        return select(condition, then, otherwise);
      }
      case "call":
        return this.#call(element.name, element.args, count);
      case "gather":
        return this.#load(element.view, count, element);
      case "accumulator":
        return this.#accumulator();
    }
  }

  #load(view: View, count: Count, gather?: Gather): Expr {
    const { index, offset } = this.#addressOf(view, gather);
    const block = this.#context.blockOf(view.storage);
    const { memory } = elementMemory[view.dtype];
    const isAll = count === this.#context.target.lanes;
    const loaded =
      count === undefined
        ? load(memory, block, index, offset)
        : load(memory === "f32" ? "f32v" : "i32v", block, index, offset, isAll ? undefined : count);
    const { loads } = this.#place;
    if (!loads || (index.kind !== "local" && index.kind !== "constant")) return loaded;
    const where = index.kind === "local" ? index.name : String(index.value);
    const key = `${this.#ids.ofObject(block)}+${where}+${offset}*${count}`;
    const known = loads.get(key) ?? this.#k.let(loaded, "v");
    loads.set(key, known);
    return known;
  }

  /** An index that leads backwards takes the constant part of the address along, so that it stays positive. */
  #addressOf(view: View, gather: Gather | undefined): Address {
    const { index, offset } = this.#position.address(view);
    if (!gather) return { index, offset };
    const further = this.#gatherOffset(gather);
    const isBackwards = gather.indices.some(({ stride }) => stride < 0);
    return isBackwards
      ? { index: add(add(index, further), i32(offset)), offset: 0 }
      : { index: add(index, further), offset };
  }

  #call(name: string, args: readonly Element[], count: Count): Expr {
    const dtype = (args[0] as Element).dtype;
    const values = args.map((arg) => this.#k.let(this.#emit(arg, count)));
    if (isComparison(name)) return emitComparison(name, values[0] as Expr, values[1] as Expr, dtype);
    const classify = classes[name];
    if (classify) return classify(values[0] as Expr);
    if (dtype === "bool") return emitBool(name, values);
    const around = { k: this.#k, context: this.#context };
    if (dtype !== "float32" && dtype !== "float64") return emitInteger(around, name, values, dtype);
    const op = floatOperators[name];
    if (op) return binary(op, values[0] as Expr, values[1] as Expr);
    const write = scalarFunctions[name];
    if (!write) throw new Exception("LogicError", `tensor IR: there is no ${name} of ${dtype}.`);
    return write(this.#k, ...values);
  }

  /** How many bytes the indices lead into the view; checked, also where the element is not used. */
  #gatherOffset(element: Gather): Expr {
    const indices = element.indices.map(({ value }) => value);
    return this.#once(`g${this.#ids.of(element)}`, indices, () => {
      const around = { k: this.#k, context: this.#context };
      const { sizeBytes } = elementMemory[element.view.dtype];
      let offset = i32(0);
      for (const { value, stride, limit } of element.indices) {
        const index = this.#emit(value, undefined);
        const [zero, end] = [constant(index.type, 0), constant(index.type, limit)];
        const isOutside = this.#k.let(binary("or", binary("lt", index, zero), binary("ge", index, end)));
        emitFault(around, isOutside, element.fault);
        const place = convert("i32", select(isOutside, zero, index));
        offset = add(offset, mul(place, i32(stride * sizeBytes)));
      }
      return offset;
    });
  }
}
