/** Writes a kernel statement by statement: fresh locals, nested loops and branches, stores. */
import { i32 } from "./expr.js";
import type { Block, Expr, Kernel, Local, MemoryType, Statement, Type } from "./ir.js";

export class KernelBuilder {
  readonly #name: string;
  readonly #params: Local[] = [];
  #body: Statement[] = [];
  #localCount = 0;

  constructor(name: string) {
    this.#name = name;
  }

  /** A further i32 parameter. */
  param(name: string): Local {
    const local = this.local("i32", name);
    this.#params.push(local);
    return local;
  }

  /** A local that nothing has been written to yet. */
  local(type: Type, name = "t"): Local {
    return { kind: "local", type, name: `${name}${this.#localCount++}` };
  }

  /** Computes a value once; constants and locals are given back as they are. */
  let(value: Expr, name?: string): Expr {
    return value.kind === "local" || value.kind === "constant" ? value : this.variable(value, name);
  }

  /** A local that starts with `value` and may be set again. */
  variable(value: Expr, name?: string): Local {
    const local = this.local(value.type, name);
    this.set(local, value);
    return local;
  }

  set(local: Local, value: Expr): void {
    this.#body.push({ kind: "set", local, value });
  }

  /** `index` and `offset` in bytes from the block's start; `count` lanes of a vector. */
  store(memory: MemoryType, block: Block, index: Expr, offset: number, value: Expr, count?: number): void {
    const store = { kind: "store", memory, block, index, offset, value } as const;
    this.#body.push(count === undefined ? store : { ...store, count });
  }

  /** for (i = from; i < to; i += step): a loop that surely runs once is written out without one. */
  for(from: Expr | number, to: Expr | number, step: number, write: (index: Expr) => void): void {
    const first = typeof from === "number" ? i32(from) : from;
    const last = typeof to === "number" ? i32(to) : to;
    if (first.kind === "constant" && last.kind === "constant") {
      const rounds = Math.ceil((Number(last.value) - Number(first.value)) / step);
      if (rounds <= 0) return;
      if (rounds === 1) return write(first);
    }
    const local = this.local("i32", "i");
    const body = this.nested(() => write(local));
    this.#body.push({ kind: "for", local, from: first, to: last, step, body });
  }

  if(condition: Expr, then: () => void, otherwise: () => void = () => {}): void {
    const statement = {
      kind: "if",
      condition,
      then: this.nested(then),
      else: this.nested(otherwise),
    } as const;
    this.#body.push(statement);
  }

  while(condition: Expr, limit: number, write: () => void): void {
    this.#body.push({ kind: "while", condition, limit, body: this.nested(write) });
  }

  call(kernel: Kernel, args: readonly Expr[] = []): void {
    this.#body.push({ kind: "call", kernel, args });
  }

  build(): Kernel {
    return { name: this.#name, params: this.#params, body: this.#body };
  }

  /** The statements that `write` adds. */
  nested(write: () => void): Statement[] {
    const outer = this.#body;
    const inner: Statement[] = [];
    this.#body = inner;
    try {
      write();
    } finally {
      this.#body = outer;
    }
    return inner;
  }
}
