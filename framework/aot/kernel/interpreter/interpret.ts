/**
 * Runs a kernel program as it is written, checking every access: the slow readable twin of the WebAssembly and C
 * printers. Every f32 operation rounds to f32; only the payload of a scalar NaN is not kept.
 */
import { Exception } from "../../../base/errors.js";
import { isVector, load } from "../expr.js";
import {
  type Block,
  type Expr,
  type Kernel,
  kernelsOf,
  type Local,
  type Program,
  type Statement,
  type Target,
} from "../ir.js";
import {
  CheckedMemory,
  memorySizes,
  type ReadRule,
  readScalar,
  scalarOf,
  writeScalar,
} from "./CheckedMemory.js";
import { evaluator, type Surroundings, type Value, Vector } from "./evaluator.js";

export interface InterpretOptions {
  /** Which arena bytes may be read (default "any"). */
  readonly reads?: ReadRule;
  /** Blocks that the caller has filled, which may be read under every rule. */
  readonly filled?: readonly Block[];
  /** Added to while running. */
  readonly counts?: Counts;
}

/** What a run did; a vector counts as one. */
export interface Counts {
  operations: number;
  loads: number;
  stores: number;
  calls: number;
}

type Run = () => void;
type Store = Extract<Statement, { kind: "store" }>;
type Load = Extract<Expr, { kind: "load" }>;

/**
 * Calls main on the arena, of at least `program.arenaBytes`.
 * @throws LogicError naming kernel, block, bytes and loop indices for an access out of bounds; for a division by zero,
 *   a local read before it is set, a mask that is none and whatever no printer could print
 */
export function interpret(program: Program, arena: Uint8Array, options: InterpretOptions = {}): void {
  const memory = new CheckedMemory(program, arena, options.reads, options.filled);
  const runs = new Map(
    kernelsOf(program.main).map((kernel) => [kernel, new KernelRun(kernel, program, memory, options.counts)]),
  );
  for (const run of runs.values()) run.prepare(runs);
  runs.get(program.main)!.call([]);
}

/** One kernel as closures, with its locals. */
class KernelRun implements Surroundings {
  readonly locals = new Map<Local, { value: Value }>();
  readonly target: Target;
  readonly count: () => void;
  #body: Run = () => {};
  #runs: ReadonlyMap<Kernel, KernelRun> = new Map();

  constructor(
    readonly kernel: Kernel,
    program: Program,
    readonly memory: CheckedMemory,
    readonly counts: Counts = { operations: 0, loads: 0, stores: 0, calls: 0 },
  ) {
    this.target = program.target;
    this.count = () => counts.operations++;
  }

  prepare(runs: ReadonlyMap<Kernel, KernelRun>): void {
    this.#runs = runs;
    for (const param of this.kernel.params) this.#cell(param);
    this.#body = within(`kernel ${this.kernel.name}`, () => this.#block(this.kernel.body));
  }

  call(args: readonly number[]): void {
    this.counts.calls++;
    for (const cell of this.locals.values()) cell.value = undefined;
    for (const [index, param] of this.kernel.params.entries()) this.#cell(param).value = args[index];
    within(`kernel ${this.kernel.name}`, this.#body);
  }

  #cell(local: Local): { value: Value } {
    const cell = this.locals.get(local) ?? { value: undefined };
    this.locals.set(local, cell);
    return cell;
  }

  #block(body: readonly Statement[]): Run {
    const runs = body.map((statement) => this.#statement(statement));
    return () => {
      for (const run of runs) run();
    };
  }

  #statement(statement: Statement): Run {
    switch (statement.kind) {
      case "set":
        return this.#set(statement.local, statement.value);
      case "store":
        return this.#store(statement);
      case "for":
        return this.#for(statement);
      case "if": {
        const condition = this.#i32(statement.condition);
        const [then, otherwise] = [this.#block(statement.then), this.#block(statement.else)];
        return () => (condition() !== 0 ? then() : otherwise());
      }
      case "while": {
        const body = this.#block(statement.body);
        const condition = this.#i32(statement.condition);
        return () => {
          for (let round = 0; round < statement.limit && condition() !== 0; round++) body();
        };
      }
      case "call": {
        const { kernel, args } = statement;
        if (args.length !== kernel.params.length)
          throw wrong(`${kernel.name} is called with ${args.length} arguments`);
        const values = args.map((arg) => this.#i32(arg));
        return () => this.#runs.get(kernel)!.call(values.map((value) => value()));
      }
    }
  }

  /** Loop limits, conditions, indices and arguments. */
  #i32(expr: Expr): () => number {
    if (expr.type !== "i32") throw wrong(`${expr.type} where an i32 belongs (${expr.kind})`);
    return evaluator(expr, this);
  }

  #set(local: Local, value: Expr): Run {
    if (local.type !== value.type) throw wrong(`${local.name} is ${local.type}, set to ${value.type}`);
    const cell = this.#cell(local);
    const evaluate = evaluator(value, this);
    if (!isVector(local.type)) {
      return () => {
        cell.value = evaluate();
      };
    }
    const own = new Vector(this.target.lanes);
    return () => {
      own.i32.set(evaluate().i32);
      cell.value = own;
    };
  }

  #for({ local, from, to, step, body }: Extract<Statement, { kind: "for" }>): Run {
    if (!(step > 0)) throw wrong(`the step of ${local.name} is ${step}`);
    const [first, last] = [this.#i32(from), this.#i32(to)];
    const cell = this.#cell(local);
    const run = this.#block(body);
    return () => {
      const end = last();
      try {
        for (cell.value = first(); cell.value < end; cell.value += step) run();
      } catch (error) {
        throw placed(`${local.name} = ${cell.value}`, error);
      }
    };
  }

  load(expr: Load): () => Value {
    const { block, count, memory } = expr;
    const where = this.#place(expr, false);
    const scalar = scalarOf(memory);
    if (scalar) {
      return () => {
        const { view, position } = where();
        this.memory.checkRead(block, position, memorySizes[scalar], false);
        return readScalar(view, position, scalar);
      };
    }
    const out = new Vector(this.target.lanes);
    return () => {
      const { view, position } = where();
      for (let lane = 0; lane < (count ?? this.target.lanes); lane++) {
        this.memory.checkRead(block, position + 4 * lane, 4, count === undefined && lane > 0);
        out.i32[lane] = view.getInt32(position + 4 * lane, true);
      }
      return out;
    };
  }

  #store(store: Store): Run {
    const { memory, block, value, count = this.target.lanes } = store;
    const where = this.#place(store, true);
    if (value.type !== load(memory, block, value).type) throw wrong(`${value.type} is stored as ${memory}`);
    const evaluate = evaluator(value, this);
    const scalar = scalarOf(memory);
    return () => {
      const stored = evaluate();
      const { view, position } = where();
      if (scalar) writeScalar(view, position, scalar, stored);
      else
        for (let lane = 0; lane < count; lane++) view.setInt32(position + 4 * lane, stored.i32[lane], true);
      this.memory.wrote(block, position, scalar ? memorySizes[scalar] : 4 * count);
    };
  }

  /** Where an access goes, checked each time it is made. */
  #place({ kind, memory, block, index, offset, count }: Load | Store, isStore: boolean) {
    const { lanes } = this.target;
    const scalar = scalarOf(memory);
    if (count !== undefined && (scalar || !(count > 0 && count <= lanes)))
      throw wrong(
        `${kind} of ${count} lanes of ${memory}, which has ${scalar ? 1 : lanes} (block ${block.name})`,
      );
    const sizeBytes = scalar ? memorySizes[scalar] : 4 * (count ?? lanes);
    const at = this.#i32(index);
    return () => {
      if (isStore) this.counts.stores++;
      else this.counts.loads++;
      return this.memory.locate(block, at() + offset, sizeBytes, isStore);
    };
  }
}

function wrong(why: string): Exception {
  return new Exception("LogicError", `kernel IR: ${why}.`);
}

function within<T>(place: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw placed(place, error);
  }
}

/** The error with a place (kernel, loop index) before its message. */
function placed(place: string, error: unknown): unknown {
  return error instanceof Exception ? new Exception(error.category, `${place}: ${error.message}`) : error;
}
