/**
 * Prints a program of the kernel IR as C11 with the vector extensions of GCC and Clang: each kernel a static function
 * of the arena, the table of constants and its parameters, and `run`, which calls the main one. One text for all
 * machines; only the number of lanes is fixed in it.
 */
import {
  kernelsOf,
  type Block,
  type Expr,
  type Kernel,
  type Local,
  type Program,
  type Statement,
} from "../kernel/ir.js";
import { addressC, expressionC, isPart, memoryC, type Names } from "./expressionC.js";
import { preludeC } from "./preludeC.js";

/** The signature of the function that a printed program exports. */
export const runSignature = "void run(char *arena, char *const *constants)";

/** The C text; to be compiled with `-ffp-contract=off -fwrapv -fno-strict-aliasing` (compileC.ts). */
export function printC(program: Program): string {
  const names = new Map<Kernel, string>();
  const kernels = kernelsOf(program.main);
  for (const [index, kernel] of kernels.entries()) names.set(kernel, `k${index}_${identifier(kernel.name)}`);
  return [
    preludeC(program.target.lanes),
    ...kernels.map((kernel) => new KernelPrinter(program, names).print(kernel)),
    `__attribute__((visibility("hidden"))) ${runSignature}`,
    `{ ${names.get(program.main)}(arena, constants); }`,
    "",
  ].join("\n");
}

function identifier(name: string): string {
  return name.replace(/[^A-Za-z0-9]/g, "_").slice(0, 40);
}

class KernelPrinter implements Names {
  readonly #lines: string[] = [];
  readonly #locals = new Map<Local, string>();
  readonly #wide = new Set<Local>();
  readonly #constants = new Map<number, string>();
  #loopCount = 0;

  constructor(
    readonly program: Program,
    readonly kernelNames: ReadonlyMap<Kernel, string>,
  ) {}

  get target() {
    return this.program.target;
  }

  /** A kernel that is more than a few statements stays a function: inlined, main would take gcc minutes. */
  print(kernel: Kernel): string {
    const [loops, others] = localsOf(kernel.body);
    for (const local of loops)
      if (!others.has(local) && !kernel.params.includes(local)) this.#wide.add(local);
    const params = kernel.params.map((param) => `, i32 ${this.local(param)}`).join("");
    this.#statements(kernel.body, "  ");
    const isTiny = kernel.body.length <= 4 && loops.size === 0;
    const declared = [...this.#locals].filter(([local]) => !kernel.params.includes(local));
    return [
      `static ${isTiny ? "" : "__attribute__((noinline)) "}void ${this.kernelNames.get(kernel)}` +
        `(char *restrict const a, char *const *restrict const c${params})\n{`,
      ...[...this.#constants].map(([index, name]) => `  const char *restrict const ${name} = c[${index}];`),
      ...declared.map(
        ([local, name]) => `  ${this.isWide(local) ? "i64" : local.type} ${name} = ${zero(local)};`,
      ),
      ...this.#lines,
      "}\n",
    ].join("\n");
  }

  local(local: Local): string {
    const known = this.#locals.get(local);
    if (known) return known;
    const name = `v${this.#locals.size}_${identifier(local.name)}`;
    this.#locals.set(local, name);
    return name;
  }

  isWide(local: Local): boolean {
    return this.#wide.has(local);
  }

  base(block: Block): string {
    if (block.space === "arena") return "a";
    this.#constants.set(block.place, `c${block.place}`);
    return `c${block.place}`;
  }

  #statements(body: readonly Statement[], indent: string): void {
    for (const statement of body) this.#statement(statement, indent);
  }

  #statement(statement: Statement, indent: string): void {
    const line = (text: string) => this.#lines.push(indent + text);
    const print = (expr: Expr) => expressionC(expr, this);
    const nested = (body: readonly Statement[]) => this.#statements(body, `${indent}  `);
    switch (statement.kind) {
      case "set":
        line(`${this.local(statement.local)} = ${print(statement.value)};`);
        return;
      case "store": {
        const address = addressC(statement.block, statement.index, statement.offset, this);
        const value = print(statement.value);
        if (isPart(statement.count, this))
          line(`put_${statement.memory}(${address}, ${value}, ${statement.count});`);
        else line(`*(${memoryC(statement.memory)} *)(${address}) = ${value};`);
        return;
      }
      case "for": {
        const name = this.local(statement.local);
        const end = `end${this.#loopCount++}`;
        line(`const i64 ${end} = ${print(statement.to)};`);
        line(`for (${name} = ${print(statement.from)}; ${name} < ${end}; ${name} += ${statement.step}) {`);
        nested(statement.body);
        line("}");
        return;
      }
      case "if":
        line(`if (${print(statement.condition)}) {`);
        nested(statement.then);
        line("} else {");
        nested(statement.else);
        line("}");
        return;
      case "while": {
        const round = `round${this.#loopCount++}`;
        line(
          `for (i64 ${round} = 0; ${round} < ${statement.limit} && ${print(statement.condition)}; ${round}++) {`,
        );
        nested(statement.body);
        line("}");
        return;
      }
      case "call": {
        const args = statement.args.map((arg) => `, ${print(arg)}`).join("");
        line(`${this.kernelNames.get(statement.kernel)}(a, c${args});`);
      }
    }
  }
}

function zero(local: Local): string {
  return local.type.endsWith("v") ? "{0}" : "0";
}

/** The locals of a body that loops count in, and those that are set otherwise. */
function localsOf(body: readonly Statement[], loops = new Set<Local>(), others = new Set<Local>()) {
  for (const statement of body) {
    if (statement.kind === "set") others.add(statement.local);
    if (statement.kind === "for") loops.add(statement.local);
    if (statement.kind === "if") {
      localsOf(statement.then, loops, others);
      localsOf(statement.else, loops, others);
    } else if ("body" in statement) localsOf(statement.body, loops, others);
  }
  return [loops, others] as const;
}
