/**
 * Which buffer of the arena each value lives in. A buffer is given to the next value when its last reader has run, so
 * memory follows the widest layer and not the depth of the graph. A loop has buffers of its own.
 */
import { findOp } from "./ops.js";
import { isLoop, type LoopStep, type LoopVariable, type NodeStep, type Step } from "./Plan.js";

/** Values that may be the same memory are one class: what a value's alias needs, the value has to keep. */
class Classes {
  readonly #parent: number[];

  constructor(count: number) {
    this.#parent = Array.from({ length: count }, (_, value) => value);
  }

  of(value: number): number {
    let root = value;
    while (this.#parent[root] !== root) root = this.#parent[root] as number;
    for (let at = value; at !== root; ) {
      const next = this.#parent[at] as number;
      this.#parent[at] = root;
      at = next;
    }
    return root;
  }

  join(a: number, b: number): void {
    this.#parent[this.of(a)] = this.of(b);
  }
}

export function assignBuffers(
  steps: readonly Step[],
  fetches: readonly number[],
  valueCount: number,
): Step[] {
  const classes = new Classes(valueCount);
  joinAliases(steps, classes);
  return new Assignment(classes).region(steps, fetches);
}

class Assignment {
  #count = 0;

  constructor(readonly classes: Classes) {}

  /** `kept` are read after the region's last step. */
  region(steps: readonly Step[], kept: readonly number[]): Step[] {
    const classesOf = (values: readonly number[]) => new Set(values.map((value) => this.classes.of(value)));
    const touched = steps.map((step) => classesOf(touchedBy(step)));
    const lastUse = new Map<number, number>();
    for (const [at, used] of touched.entries()) for (const id of used) lastUse.set(id, at);
    for (const id of classesOf(kept)) lastUse.set(id, steps.length);
    const free: number[] = [];
    const held = new Map<number, number[]>();
    return steps.map((step, at) => {
      const assigned = isLoop(step) ? this.#loop(step) : this.#node(step, free, held);
      for (const id of touched[at] as Set<number>)
        if (lastUse.get(id) === at) free.push(...(held.get(id) ?? []));
      return assigned;
    });
  }

  #node(step: NodeStep, free: number[], held: Map<number, number[]>): NodeStep {
    const op = findOp(step.node);
    const buffers = step.outputs.map((value, output) => {
      if (op.aliasOf?.(output) !== undefined) return -1;
      const buffer = free.pop() ?? this.#count++;
      const id = this.classes.of(value);
      held.set(id, [...(held.get(id) ?? []), buffer]);
      return buffer;
    });
    return { ...step, buffers };
  }

  /** What leaves the loop stays where its last iteration has left it. */
  #loop(step: LoopStep): LoopStep {
    const leaving = step.steps.flatMap((inner) =>
      !isLoop(inner) && inner.node.op === "Exit" ? inner.outputs : [],
    );
    const kept = [...step.variables.flatMap(({ next, initial }) => [next, ...initial]), ...leaving];
    const variables = step.variables.map((variable): LoopVariable => {
      return { ...variable, buffers: [this.#count++, this.#count++], indexBuffer: this.#count++ };
    });
    return { ...step, variables, steps: this.region(step.steps, kept) };
  }
}

function joinAliases(steps: readonly Step[], classes: Classes): void {
  for (const step of steps) {
    if (isLoop(step)) {
      for (const { value, initial } of step.variables)
        for (const first of initial) classes.join(value, first);
      joinAliases(step.steps, classes);
      continue;
    }
    const { aliasOf } = findOp(step.node);
    for (const [output, value] of step.outputs.entries()) {
      const source = aliasOf?.(output);
      const inputs =
        source === "any" ? step.inputs : source === undefined ? [] : step.inputs.slice(source, source + 1);
      for (const input of inputs) classes.join(value, input);
    }
  }
}

function touchedBy(step: Step): number[] {
  if (!isLoop(step)) return [...step.inputs, ...step.outputs];
  const variables = step.variables.flatMap(({ value, initial, next }) => [value, next, ...initial]);
  return [...variables, ...step.steps.flatMap(touchedBy)];
}
