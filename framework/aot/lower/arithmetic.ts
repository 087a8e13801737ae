/** Arithmetic on two tensors with broadcasting, of floats and of integers. */
import { call, constantElement, read, selectElement } from "../tensor/element.js";
import type { Element } from "../tensor/ir.js";
import type { View } from "../tensor/View.js";
import type { Lower, LowerTable, Trace } from "./Lowering.js";
import {
  broadcastShape,
  broadcastTo,
  checkFloat,
  checkSameDtype,
  isFloat,
  numberElement,
  uniformValue,
} from "./operands.js";

/** The functions by dtype; one that is missing is not there. */
interface Names {
  readonly float?: string;
  readonly integer?: string;
}

function binary({ float, integer }: Names): Lower {
  return (trace, _node, inputs) => {
    const [a, b] = inputs as [View, View];
    const name = isFloat(a.dtype) ? float : integer;
    if (!name || a.dtype === "bool")
      return trace.unsupported(`it computes with ${a.dtype}; cast to float32 before it`);
    return mapTwo(trace, a, b, (x, y) => call(name, x, y));
  };
}

function mapTwo(trace: Trace, a: View, b: View, value: (x: Element, y: Element) => Element): View {
  checkSameDtype(trace, [a, b]);
  const shape = broadcastShape(trace, [a.shape, b.shape]);
  return trace.map(shape, value(read(a, shape), read(b, shape)));
}

/** Powers that are cheaper otherwise and as exact. −∞ and −0 have no root, but these powers. */
const exponents: Readonly<Record<number, (x: Element) => Element>> = {
  1: (x) => x,
  2: (x) => call("square", x),
  3: (x) => call("mul", call("square", x), x),
  4: (x) => call("square", call("square", x)),
  0.5: (x) => unlessInfinite(x, Number.POSITIVE_INFINITY, call("sqrt", positiveZero(x))),
  "-0.5": (x) => unlessInfinite(x, 0, call("rsqrt", positiveZero(x))),
  "-1": (x) => call("reciprocal", x),
};

function unlessInfinite(x: Element, value: number, otherwise: Element): Element {
  const isInfinite = call("equal", x, constantElement(x.dtype, Number.NEGATIVE_INFINITY));
  return selectElement(isInfinite, constantElement(x.dtype, value), otherwise);
}

function positiveZero(x: Element): Element {
  return call("add", x, constantElement(x.dtype, 0));
}

const power: Lower = (trace, _node, inputs) => {
  const [x, y] = inputs as [View, View];
  const exponent = y.count === 1 && y.rank <= x.rank ? uniformValue(trace.constant(y)) : undefined;
  if (exponent === 1) return x;
  const known = exponent === undefined ? undefined : exponents[exponent];
  if (known && (isFloat(x.dtype) || exponent === 2)) return trace.map(x.shape, known(read(x)));
  return mapTwo(trace, x, y, (base, by) => call("pow", base, by));
};

/** 0 where an operand is 0, whatever the other is. */
function zeroFirst(isSecond: boolean, value: (x: Element, y: Element) => Element): Lower {
  return (trace, _node, inputs) => {
    const [a, b] = inputs as [View, View];
    checkFloat(trace, a);
    const zero = numberElement(a.dtype, 0);
    return mapTwo(trace, a, b, (x, y) =>
      selectElement(call("equal", isSecond ? y : x, zero), zero, value(x, y)),
    );
  };
}

const addAll: Lower = (trace, _node, inputs) => {
  const [first, ...others] = inputs as [View, ...View[]];
  if (others.length === 0) return first;
  checkSameDtype(trace, inputs);
  if (first.dtype === "bool") return trace.unsupported("it computes with bool; cast to float32 before it");
  const sum = others.reduce<Element>(
    (left, view) => call("add", left, read(broadcastTo(trace, view, first.shape))),
    read(first),
  );
  return trace.map(first.shape, sum);
};

const both = (name: string) => binary({ float: name, integer: name });
/** Of whole numbers, bit by bit. */
const invert: Lower = (trace, _node, inputs) => {
  const [x] = inputs as [View];
  return trace.map(x.shape, call("not", read(x)));
};

const integers = (name: string) => binary({ integer: name });
const add = both("add");

export const arithmeticLowerings: LowerTable = {
  Add: add,
  AddV2: add,
  AddN: addAll,
  Sub: both("sub"),
  Mul: both("mul"),
  RealDiv: binary({ float: "div" }),
  Div: binary({ float: "div", integer: "truncateDiv" }),
  DivNoNan: binary({ float: "divNoNan" }),
  FloorDiv: both("floorDiv"),
  FloorMod: both("floorMod"),
  TruncateDiv: integers("truncateDiv"),
  TruncateMod: both("truncateMod"),
  Mod: both("truncateMod"),
  Maximum: both("maximum"),
  Minimum: both("minimum"),
  SquaredDifference: both("squaredDifference"),
  Pow: power,
  Xdivy: zeroFirst(false, (x, y) => call("div", x, y)),
  Xlogy: zeroFirst(false, (x, y) => call("mul", x, call("log", y))),
  Xlog1py: zeroFirst(false, (x, y) => call("mul", x, call("log1p", y))),
  MulNoNan: zeroFirst(true, (x, y) => call("mul", x, y)),
  Atan2: binary({ float: "atan2" }),
  BitwiseAnd: integers("and"),
  BitwiseOr: integers("or"),
  BitwiseXor: integers("xor"),
  Invert: invert,
  LeftShift: integers("leftShift"),
  RightShift: integers("rightShift"),
};
