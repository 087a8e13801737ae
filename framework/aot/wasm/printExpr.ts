/** Prints expressions of the kernel IR: instructions that leave the value on the stack. */
import { Exception } from "../../base/errors.js";
import { constant, isVector } from "../kernel/expr.js";
import { acrossIdentity, type BinaryOp, type Expr, type MemoryType } from "../kernel/ir.js";
import type { Address, FunctionCode } from "./FunctionCode.js";
import * as codes from "./opcodes.js";
import { opcode } from "./opcodes.js";

type Of<Kind extends Expr["kind"]> = Extract<Expr, { readonly kind: Kind }>;
type Printer<Kind extends Expr["kind"]> = (code: FunctionCode, expr: Of<Kind>) => void;

const printers: { readonly [Kind in Expr["kind"]]: Printer<Kind> } = {
  local: (code, local) => code.get(local),
  constant: printConstant,
  load: printLoad,
  unary(code, { op, type, value }) {
    printExpr(code, value);
    if (op !== "not" || type !== "i32") code.op(codes.unaryOpcode(op, type));
    else {
      code.constant(-1);
      code.op(opcode.i32Xor);
    }
  },
  binary(code, { op, left, right }) {
    if ((op === "min" || op === "max") && !isVector(left.type)) printChoice(code, op, left, right);
    else printBinary(code, op, left, right);
  },
  fma(code, { type, a, b, c }) {
    printBinary(code, "mul", a, b);
    printExpr(code, c);
    code.op(codes.binaryOpcode("add", type));
  },
  select(code, { type, condition, then, else: otherwise }) {
    printExpr(code, then);
    printExpr(code, otherwise);
    printExpr(code, condition);
    code.op(isVector(type) ? opcode.bitselect : opcode.select);
  },
  convert(code, { type, value }) {
    printExpr(code, value);
    code.op(codes.convertOpcode(value.type, type));
  },
  bits(code, { type, value }) {
    printExpr(code, value);
    if (!isVector(type) || !isVector(value.type)) code.op(codes.bitsOpcode(value.type, type));
  },
  splat: (code, { value }) => printInLanes(code, value),
  lane(code, { type, value, lane }) {
    printExpr(code, value);
    code.op(codes.laneOpcode(type), lane);
  },
  across: printAcross,
};

/** @throws LogicError for what the IR does not have, a remainder of floats for one */
export function printExpr(code: FunctionCode, expr: Expr): void {
  const print = printers[expr.kind] as (code: FunctionCode, expr: Expr) => void;
  print(code, expr);
}

/** Calls `use` with an expression of that value which may be printed again and again. */
export function withValue(code: FunctionCode, value: Expr, use: (value: Expr) => void): void {
  if (value.kind === "local" || value.kind === "constant") use(value);
  else {
    printExpr(code, value);
    code.withScratch(value.type, (scratch) => {
      code.set(scratch);
      use(scratch);
    });
  }
}

/** How many lanes an access to memory has: all four of a scalar, which is never partial. */
export function laneCount(memory: MemoryType, count = 4): number {
  if (!memory.endsWith("v")) return 4;
  if (count >= 1 && count <= 4 && Number.isInteger(count)) return count;
  throw new Exception("LogicError", `kernel IR: an access to ${count} lanes of 4.`);
}

function printConstant(code: FunctionCode, { type, value }: Of<"constant">): void {
  const { writer } = code;
  code.op(codes.constantOpcode(type));
  if (type === "i32") writer.s32(Number(value));
  else if (type === "i64") writer.s64(BigInt(value));
  else if (type === "f64") writer.f64(Number(value));
  else if (type === "f32") writer.f32(Number(value));
  else if (type === "f32v") for (let lane = 0; lane < 4; lane++) writer.f32(Number(value));
  else for (let lane = 0; lane < 4; lane++) writer.i32(Number(value));
}

/** Lanes beyond `count` are zero, and their memory is not touched. */
function printLoad(code: FunctionCode, { memory, block, index, offset, count }: Of<"load">): void {
  const address = code.addressOf(block, index, offset);
  const lanes = laneCount(memory, count);
  if (lanes === 3) printLoadOfThree(code, address);
  else {
    printExpr(code, address.base);
    if (lanes === 4) code.op(codes.loadOpcode(memory), codes.alignmentOf(memory), address.offset);
    else code.op(lanes === 1 ? opcode.load32Zero : opcode.load64Zero, 2, address.offset);
  }
}

function printLoadOfThree(code: FunctionCode, { base, offset }: Address): void {
  withValue(code, base, (again) => {
    printExpr(code, again);
    printExpr(code, again);
    code.op(opcode.load64Zero, 2, offset);
    code.op(opcode.load32Lane, 2, offset + 8, 2);
  });
}

function printBinary(code: FunctionCode, op: BinaryOp, left: Expr, right: Expr): void {
  printExpr(code, left);
  const isZeroTest = op === "eq" && left.type === "i32" && right.kind === "constant" && right.value === 0;
  if (!isZeroTest) printExpr(code, right);
  code.op(isZeroTest ? opcode.i32Eqz : codes.binaryOpcode(op, left.type));
}

/** A scalar minimum or maximum. Of floats by vectors: V8's select of floats is a branch, its pmin is not. */
function printChoice(code: FunctionCode, op: "min" | "max", left: Expr, right: Expr): void {
  if (left.type === "f32" || left.type === "f64") {
    printInLanes(code, left);
    printInLanes(code, right);
    code.op(codes.laneChoice(op, left.type));
    code.op(codes.laneOpcode(left.type), 0);
    return;
  }
  withValue(code, left, (a) =>
    withValue(code, right, (b) => {
      printExpr(code, b);
      printExpr(code, a);
      if (op === "min") printBinary(code, "lt", b, a);
      else printBinary(code, "lt", a, b);
      code.op(opcode.select);
    }),
  );
}

/** Twice: the upper half beside itself, then joined with the lower one. Lanes from `count` on come from a constant. */
function printAcross(code: FunctionCode, { op, value, count }: Of<"across">): void {
  const lanes = laneCount("f32v", count);
  const shuffle = (left: Expr, right: Expr, ...order: readonly number[]) => {
    printExpr(code, left);
    printExpr(code, right);
    code.op(opcode.shuffle);
    for (const lane of order) for (let byte = 0; byte < 4; byte++) code.writer.u8(4 * lane + byte);
  };
  code.withScratch("f32v", (all) => {
    if (lanes === 4) printExpr(code, value);
    else
      withValue(code, value, (own) =>
        shuffle(
          own,
          constant("f32v", acrossIdentity[op]),
          ...[0, 1, 2, 3].map((lane) => (lane < lanes ? lane : 4)),
        ),
      );
    code.set(all);
    for (const half of [2, 1]) {
      code.get(all);
      shuffle(all, all, half, half + 1, half, half + 1);
      code.op(codes.binaryOpcode(op, "f32v"));
      code.set(all);
    }
    code.get(all);
    code.op(codes.laneOpcode("f32"), 0);
  });
}

/** A scalar in all lanes of a v128: straight from memory where it comes from there. */
function printInLanes(code: FunctionCode, value: Expr): void {
  if (value.kind === "load" && (value.memory === "f32" || value.memory === "i32")) {
    const { base, offset } = code.addressOf(value.block, value.index, value.offset);
    printExpr(code, base);
    code.op(opcode.load32Splat, 2, offset);
  } else {
    printExpr(code, value);
    code.op(codes.splatOpcode(value.type));
  }
}
