/** Prints statements of the kernel IR as structured WebAssembly: loops with their condition at the bottom. */
import { Exception } from "../../base/errors.js";
import type { Expr, Kernel, Local, Statement } from "../kernel/ir.js";
import type { FunctionCode } from "./FunctionCode.js";
import { alignmentOf, binaryOpcode, noResult, opcode, storeOpcode } from "./opcodes.js";
import { laneCount, printExpr, withValue } from "./printExpr.js";

/** The index of a kernel's function in the module. */
type IndexOf = (kernel: Kernel) => number;

type Of<Kind extends Statement["kind"]> = Extract<Statement, { readonly kind: Kind }>;
type Printer<Kind extends Statement["kind"]> = (
  code: FunctionCode,
  statement: Of<Kind>,
  indexOf: IndexOf,
) => void;

const printers: { readonly [Kind in Statement["kind"]]: Printer<Kind> } = {
  set(code, { local, value }) {
    printExpr(code, value);
    code.set(local);
  },
  store: printStore,
  for: printFor,
  if: printIf,
  while: printWhile,
  call(code, { kernel, args }, indexOf) {
    for (const arg of [code.arena, ...args]) printExpr(code, arg);
    code.op(opcode.call, indexOf(kernel));
  },
};

/** @throws LogicError for a loop that might not end, and as printExpr */
export function printStatements(code: FunctionCode, body: readonly Statement[], indexOf: IndexOf): void {
  for (const statement of body) {
    const print = printers[statement.kind] as (code: FunctionCode, statement: Statement, of: IndexOf) => void;
    print(code, statement, indexOf);
  }
}

function printStore(code: FunctionCode, store: Of<"store">): void {
  const { memory, value } = store;
  const { base, offset } = code.addressOf(store.block, store.index, store.offset);
  const lanes = laneCount(memory, store.count);
  if (lanes === 3) {
    withValue(code, base, (again) =>
      withValue(code, value, (vector) => printStoreOfThree(code, again, offset, vector)),
    );
    return;
  }
  printExpr(code, base);
  printExpr(code, value);
  if (lanes === 4) code.op(storeOpcode(memory), alignmentOf(memory), offset);
  else code.op(lanes === 1 ? opcode.store32Lane : opcode.store64Lane, 2, offset, 0);
}

function printStoreOfThree(code: FunctionCode, base: Expr, offset: number, vector: Expr): void {
  printExpr(code, base);
  printExpr(code, vector);
  code.op(opcode.store64Lane, 2, offset, 0);
  printExpr(code, base);
  printExpr(code, vector);
  code.op(opcode.store32Lane, 2, offset + 8, 2);
}

/** A loop whose bounds are known needs no test before its first round. */
function printFor(code: FunctionCode, loop: Of<"for">, indexOf: IndexOf): void {
  const { local, from, to, body, step } = loop;
  if (!(step > 0))
    throw new Exception("LogicError", `kernel IR: loop over '${local.name}' with step ${step}.`);
  const isKnown = from.kind === "constant" && to.kind === "constant";
  printExpr(code, from);
  code.set(local);
  if (isKnown && Number(from.value) >= Number(to.value)) return;
  withBound(code, to, [local, ...writtenIn(body)], (bound) => {
    const branchIfLess = (branch: number, ...immediates: number[]) => {
      printExpr(code, bound);
      code.op(binaryOpcode("lt", "i32"));
      code.op(branch, ...immediates);
    };
    if (!isKnown) {
      code.get(local);
      branchIfLess(opcode.if, noResult);
    }
    code.op(opcode.loop, noResult);
    printStatements(code, body, indexOf);
    code.get(local);
    code.constant(step);
    code.op(binaryOpcode("add", "i32"));
    code.tee(local);
    branchIfLess(opcode.brIf, 0);
    code.op(opcode.end);
    if (!isKnown) code.op(opcode.end);
  });
}

/** Calls `use` with the bound as it is before the loop, whatever the loop writes to. */
function withBound(
  code: FunctionCode,
  bound: Expr,
  written: readonly Local[],
  use: (bound: Expr) => void,
): void {
  if (bound.kind !== "local" || !written.includes(bound)) withValue(code, bound, use);
  else
    code.withScratch("i32", (scratch) => {
      code.get(bound);
      code.set(scratch);
      use(scratch);
    });
}

function printIf(code: FunctionCode, { condition, then, else: otherwise }: Of<"if">, indexOf: IndexOf): void {
  if (then.length + otherwise.length === 0) return;
  printExpr(code, condition);
  if (then.length === 0) code.op(opcode.i32Eqz);
  code.op(opcode.if, noResult);
  printStatements(code, then.length > 0 ? then : otherwise, indexOf);
  if (then.length > 0 && otherwise.length > 0) {
    code.op(opcode.else);
    printStatements(code, otherwise, indexOf);
  }
  code.op(opcode.end);
}

/** The limit is counted down beside the condition. */
function printWhile(code: FunctionCode, { condition, limit, body }: Of<"while">, indexOf: IndexOf): void {
  if (!Number.isInteger(limit) || limit >= 2 ** 32)
    throw new Exception("LogicError", `kernel IR: a loop of at most ${limit} rounds.`);
  if (limit <= 0) return;
  code.withScratch("i32", (roundsLeft) => {
    code.constant(limit);
    code.set(roundsLeft);
    code.op(opcode.block, noResult);
    code.op(opcode.loop, noResult);
    printExpr(code, condition);
    code.op(opcode.i32Eqz);
    code.op(opcode.brIf, 1);
    printStatements(code, body, indexOf);
    code.get(roundsLeft);
    code.constant(-1);
    code.op(binaryOpcode("add", "i32"));
    code.tee(roundsLeft);
    code.op(opcode.brIf, 0);
    code.op(opcode.end);
    code.op(opcode.end);
  });
}

function writtenIn(body: readonly Statement[]): Local[] {
  return body.flatMap((statement) => {
    if (statement.kind === "set") return [statement.local];
    if (statement.kind === "if") return [...writtenIn(statement.then), ...writtenIn(statement.else)];
    if (statement.kind === "for") return [statement.local, ...writtenIn(statement.body)];
    return statement.kind === "while" ? writtenIn(statement.body) : [];
  });
}
