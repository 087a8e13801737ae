/**
 * Prints a program of the kernel IR as C11 with the vector extensions of GCC and Clang: each kernel a static function
 * of the arena, the table of constants and its parameters, and `run`, which calls the main one. Kernels that differ in
 * where their blocks lie only are one function, which is told where: the C compiler's time is by the line. One text for
 * all machines; only the number of lanes is fixed in it.
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
  const functions: PrintedFunction[] = [];
  const known = new Map<string, PrintedFunction>();
  const calls = new Map<Kernel, Callee>();
  const kernels = kernelsOf(program.main);
  // Who calls must know which functions are shared: those who do not call come first, and alone are shared.
  const [leaves, callers] = [kernels.filter(isLeaf), kernels.filter((kernel) => !isLeaf(kernel))];
  for (const [index, kernel] of [...leaves, ...callers].entries()) {
    const printer = new KernelPrinter(program, calls);
    const body = printer.print(kernel);
    const key = `${kernel.params.length} ${body}`;
    const own = { name: `k${index}_${identifier(kernel.name)}`, printer, body, users: 0 };
    const to = (isLeaf(kernel) && known.get(key)) || own;
    if (to === own) functions.push(own);
    to.users++;
    known.set(key, to);
    calls.set(kernel, { to, blocks: printer.blocks });
  }
  return [
    preludeC(program.target.lanes),
    ...functions.map(({ name, printer, body, users }) => printer.head(name, users > 1) + body),
    `__attribute__((visibility("hidden"))) ${runSignature}`,
    `{ ${calls.get(program.main)?.to.name}(arena, constants); }`,
    "",
  ].join("\n");
}

function isLeaf(kernel: Kernel): boolean {
  return kernelsOf(kernel).length === 1;
}

/** A function of the C text, and how many kernels it computes. */
interface PrintedFunction {
  readonly name: string;
  readonly printer: KernelPrinter;
  readonly body: string;
  users: number;
}

interface Callee {
  readonly to: PrintedFunction;
  /** Those of this kernel, in the order of the function's parameters for them. */
  readonly blocks: readonly Block[];
}

function identifier(name: string): string {
  return name.replace(/[^A-Za-z0-9]/g, "_").slice(0, 40);
}

class KernelPrinter implements Names {
  readonly #lines: string[] = [];
  readonly #locals = new Map<Local, string>();
  readonly #wide = new Set<Local>();
  readonly #blocks = new Map<Block, string>();
  #params: readonly Local[] = [];
  #isTiny = false;
  #loopCount = 0;

  constructor(
    readonly program: Program,
    readonly calls: ReadonlyMap<Kernel, Callee>,
  ) {}

  get target() {
    return this.program.target;
  }

  /** Those that the kernel names, in the order in which it does. */
  get blocks(): Block[] {
    return [...this.#blocks.keys()];
  }

  /** The function's body from its locals on; the same for kernels that may share a function. */
  print(kernel: Kernel): string {
    const [loops, others] = localsOf(kernel.body);
    this.#params = kernel.params;
    for (const [index, param] of kernel.params.entries()) this.#locals.set(param, `p${index}`);
    for (const local of loops)
      if (!others.has(local) && !kernel.params.includes(local)) this.#wide.add(local);
    this.#statements(kernel.body, "  ");
    this.#isTiny = kernel.body.length <= 4 && loops.size === 0;
    const declared = [...this.#locals].filter(([local]) => !kernel.params.includes(local));
    return [
      ...declared.map(
        ([local, name]) => `  ${this.isWide(local) ? "i64" : local.type} ${name} = ${zero(local)};`,
      ),
      ...this.#lines,
      "}\n",
    ].join("\n");
  }

  /**
   * What stands before the body: where the blocks lie, as parameters of a shared function and else as constants. A
   * kernel that is more than a few statements stays a function: inlined, main would take gcc minutes.
   */
  head(name: string, isShared: boolean): string {
    const places = isShared ? this.blocks.map((_block, index) => `, i64 b${index}`) : [];
    const params = this.#params.map((param) => `, i32 ${this.local(param)}`);
    const noinline = this.#isTiny ? "" : "__attribute__((noinline)) ";
    return [
      `static ${noinline}void ${name}(char *restrict const a, char *const *restrict const c${[...places, ...params].join("")})\n{`,
      ...[...this.#blocks].map(([{ space, place }, own], index) => {
        const at = isShared ? `b${index}` : place;
        return space === "arena"
          ? `  const i64 ${own} = ${at};`
          : `  const char *restrict const ${own} = c[${at}];`;
      }),
      "",
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

  start(block: Block): string {
    const name = this.#blocks.get(block) ?? `${block.space === "arena" ? "o" : "c"}${this.#blocks.size}`;
    this.#blocks.set(block, name);
    return block.space === "arena" ? `a + ${name}` : name;
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
        const { to, blocks } = this.calls.get(statement.kernel) as Callee;
        const places = to.users > 1 ? blocks.map(({ place }) => place) : [];
        line(`${to.name}(${["a", "c", ...places, ...statement.args.map(print)].join(", ")});`);
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
