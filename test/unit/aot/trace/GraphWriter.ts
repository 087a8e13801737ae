/** Writes graphs as TensorFlow 1 writes tf.cond and tf.while_loop: what comes from outside passes a Switch or an Enter. */
import type { DType } from "../../../../framework/tensorflow/dtypes.js";
import { constant, node, type TestNode } from "../../tensorflow/buildGraph.js";

/** A tensor, and where it was made. */
export interface Written {
  readonly name: string;
  readonly scope: Scope;
}

export class GraphWriter {
  readonly nodes: TestNode[] = [];
  readonly root: Scope = new Scope(this, undefined, (outer) => outer);

  name(op: string): string {
    return `${op}_${this.nodes.length}`;
  }

  add(op: string, inputs: readonly string[], attr: TestNode["attr"] = {}): string {
    const name = this.name(op);
    this.nodes.push(node(name, op, inputs, attr));
    return name;
  }
}

/** The graph itself, one side of a cond, or the inside of a loop. */
export class Scope {
  readonly #imported = new Map<string, string>();
  readonly #invariants = new Set<string>();
  /** Constants made here wait for it. */
  pivot: string | undefined;

  constructor(
    readonly writer: GraphWriter,
    readonly parent: Scope | undefined,
    readonly enter: (outer: string) => string,
  ) {}

  /** The tensor's name as this scope may read it. */
  import(value: Written): string {
    if (value.scope === this || !this.parent) return value.name;
    const known = this.#imported.get(value.name);
    if (known) return known;
    const own = this.enter(this.parent.import(value));
    this.#imported.set(value.name, own);
    if (own.startsWith("Enter")) this.#invariants.add(own);
    return own;
  }

  op(op: string, inputs: readonly Written[], attr: TestNode["attr"] = {}): Written {
    const names = inputs.map((input) => this.import(input));
    return this.own(this.added(op, names, attr));
  }

  /** What reads only what enters a loop as it is would be computed when the loop has ended: it waits for the pivot. */
  added(op: string, inputs: readonly string[], attr: TestNode["attr"] = {}): string {
    const isFree = this.pivot && inputs.every((input) => this.#invariants.has(input));
    return this.writer.add(op, isFree ? [...inputs, `^${this.pivot}`] : inputs, attr);
  }

  own(name: string): Written {
    return { name, scope: this };
  }

  constant(dtype: DType, shape: readonly number[], values: object): Written {
    const name = this.writer.name("const");
    const made = constant(name, dtype, shape, values);
    this.writer.nodes.push(this.pivot ? { ...made, input: [`^${this.pivot}`] } : made);
    return this.own(name);
  }

  float(...values: number[]): Written {
    return this.constant("float32", values.length === 1 ? [] : [values.length], { float_val: values });
  }

  int(...values: number[]): Written {
    return this.constant("int32", values.length === 1 ? [] : [values.length], { int_val: values });
  }

  /** tf.cond: the results of the side that is taken. */
  cond(
    choice: Written,
    then: (scope: Scope) => readonly Written[],
    otherwise: (scope: Scope) => readonly Written[],
  ): Written[] {
    const { writer } = this;
    const own = this.import(choice);
    const both = this.added("Switch", [own, own]);
    const sideOf = (port: number) => {
      const enter = (outer: string) => `${this.added("Switch", [outer, own])}:${port}`;
      const scope = new Scope(writer, this, enter);
      scope.pivot = writer.add("Identity", [`${both}:${port}`]);
      return scope;
    };
    const [yes, no] = [sideOf(1), sideOf(0)];
    const a = then(yes).map((value) => yes.import(value));
    const b = otherwise(no).map((value) => no.import(value));
    return a.map((name, i) => this.own(writer.add("Merge", [b[i] as string, name], { N: { i: 2 } })));
  }

  /** tf.while_loop: the variables when the condition no longer holds. */
  loop(
    initial: readonly Written[],
    goesOn: (scope: Scope, variables: readonly Written[]) => Written,
    body: (scope: Scope, variables: readonly Written[]) => readonly Written[],
  ): Written[] {
    const { writer } = this;
    const frame = { frame_name: { s: Buffer.from(writer.name("frame")) } };
    const enter = (outer: string) => writer.add("Enter", [outer], { ...frame, is_constant: { b: true } });
    const scope = new Scope(writer, this, enter);
    const enters = initial.map((value) => writer.add("Enter", [this.import(value)], frame));
    const heads = enters.map((name) => {
      const merge = writer.name("Merge");
      writer.nodes.push(node(merge, "Merge", [name, `next_${merge}`], { N: { i: 2 } }));
      return merge;
    });
    scope.pivot = heads[0];
    const condition = goesOn(
      scope,
      heads.map((name) => scope.own(name)),
    );
    const choice = writer.add("LoopCond", [scope.import(condition)]);
    const switches = heads.map((name) => writer.add("Switch", [name, choice]));
    const inside = switches.map((name) => writer.add("Identity", [`${name}:1`]));
    scope.pivot = inside[0];
    const next = body(
      scope,
      inside.map((name) => scope.own(name)),
    );
    for (const [i, merge] of heads.entries()) {
      const result = scope.added("Identity", [scope.import(next[i] as Written)]);
      writer.nodes.push(node(`next_${merge}`, "NextIteration", [result]));
    }
    return switches.map((name) => this.own(writer.add("Exit", [name])));
  }
}
