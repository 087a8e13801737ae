/** Casts between element types as kernel IR, with TensorFlow's results on the CPU. */
import { binary, constant, convert, i32, isFloat, isVector, select } from "../kernel/expr.js";
import type { Expr } from "../kernel/ir.js";
import type { ElementType } from "../tensor/View.js";
import { elementMemory } from "./context.js";

/**
 * Floats truncate towards zero, integers wrap, anything but 0 (also NaN) is true. A float that no int32 (of int64: no
 * int64) can hold becomes the lowest, as x86's instructions have it and TensorFlow with them.
 */
export function emitCast(value: Expr, from: ElementType, to: ElementType): Expr {
  if (from === to) return value;
  if (isVector(value.type)) return vectorCast(value, from, to);
  if (to === "bool") return binary("ne", value, constant(value.type, 0));
  const { type } = elementMemory[to];
  if (isFloat(value.type) && !isFloat(type)) return wrap(truncated(value, type as "i32" | "i64"), to);
  return type === "i32" ? wrap(convert("i32", value), to) : convert(type, value);
}

const firstAbove = { i32: 2 ** 31, i32v: 2 ** 31, i64: 2 ** 63 };
const lowest = { i32: -(2 ** 31), i32v: -(2 ** 31), i64: -(2n ** 63n) };

function truncated(value: Expr, type: "i32" | "i64" | "i32v"): Expr {
  const isBelow = binary("lt", value, constant(value.type, firstAbove[type]));
  return select(isBelow, convert(type, value), constant(type, lowest[type]));
}

function vectorCast(value: Expr, from: ElementType, to: ElementType): Expr {
  if (to === "bool") return binary("ne", value, constant(value.type, 0));
  if (from !== "bool") return to === "float32" ? convert("f32v", value) : truncated(value, "i32v");
  if (to === "int32") return binary("and", value, constant("i32v", 1));
  return select(value, constant("f32v", 1), constant("f32v", 0));
}

/** An i32 cut to what an element type holds. */
export function wrap(value: Expr, dtype: ElementType): Expr {
  switch (dtype) {
    case "uint8":
      return binary("and", value, i32(0xff));
    case "uint16":
      return binary("and", value, i32(0xffff));
    case "int8":
      return binary("shrS", binary("shl", value, i32(24)), i32(24));
    case "int16":
      return binary("shrS", binary("shl", value, i32(16)), i32(16));
    default:
      return value;
  }
}

/** The scalar in every lane; of a bool, its mask. */
export function splatOf(value: Expr, dtype: ElementType): Expr {
  const lanes = dtype === "bool" ? binary("sub", i32(0), value) : value;
  const type = lanes.type === "f32" ? "f32v" : "i32v";
  if (lanes.kind === "constant") return { kind: "constant", type, value: lanes.value };
  return { kind: "splat", type, value: lanes };
}
