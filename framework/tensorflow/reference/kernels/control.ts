/**
 * Control flow as TensorFlow's graphs have it: Switch sends its input one way and leaves the other output dead, Merge
 * takes whichever input is not; Enter, Exit and NextIteration bound a loop (LoopCall.ts runs it).
 */
import { intAttr } from "../../attributes.js";
import type { NodeDef } from "../../GraphDef.js";
import type { TensorLike } from "../../Tensor.js";
import { type Kernel, type KernelCall, kernelError, type Op, type OpTable, product } from "../op.js";

const any: readonly [number, number] = [1, Number.POSITIVE_INFINITY];

/** Hands the data to output `taken` alone. */
function send(call: KernelCall, taken: number, outputs: number): void {
  const { shape } = call.inputs[0] as TensorLike;
  for (let i = 0; i < outputs; i++) {
    if (i === taken) call.alias(shape, i);
    else call.kill(i);
  }
}

function createSwitch(): Kernel {
  return (call) => {
    const condition = call.inputs[1] as TensorLike;
    if (condition.dtype !== "bool" || condition.data.length !== 1)
      throw kernelError("the condition is no single bool");
    send(call, condition.data[0] ? 1 : 0, 2);
  };
}

function outputCount(node: NodeDef): number {
  const count = intAttr(node, "num_outs");
  if (Number.isInteger(count) && count >= 1 && count <= 65536) return count;
  throw kernelError(`node '${node.name}' (${node.op}) cannot have ${count} outputs`);
}

/** A position that no branch has means the last one, as in Case. */
function createSwitchN(node: NodeDef): Kernel {
  const count = outputCount(node);
  return (call) => {
    const position = Number((call.inputs[1] as TensorLike).data[0]);
    send(call, position >= 0 && position < count ? position : count - 1, count);
  };
}

function createMerge(): Kernel {
  return (call) => {
    const index = call.output(1, "int32", []) as Int32Array;
    for (let i = 0; i < call.inputs.length; i++) {
      if (!call.isLive(i)) continue;
      index[0] = i;
      call.alias((call.inputs[i] as TensorLike).shape, 0, i);
      return;
    }
    call.kill(0);
    call.kill(1);
  };
}

/** Python's idea of truth: a number that is not 0, a tensor that has elements. */
function createToBool(): Kernel {
  return (call) => {
    const { shape, data } = call.inputs[0] as TensorLike;
    const isTrue = shape.length === 0 ? Number(data[0]) !== 0 : product(shape) > 0;
    (call.output(0, "bool", []) as Uint8Array)[0] = isTrue ? 1 : 0;
  };
}

function createAssert(): Kernel {
  return (call) => {
    const [condition, ...what] = call.inputs as [TensorLike, ...TensorLike[]];
    if (condition.data.length === 1 && condition.data[0]) return;
    const shown = what.map(({ data }) =>
      Array.from(data.slice(0, 3) as ArrayLike<unknown>, toText).join(" "),
    );
    throw kernelError(`assertion failed: ${shown.join(" ")}`);
  };
}

function toText(value: unknown): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString("utf8") : String(value);
}

function hand(): Kernel {
  return (call) => call.alias((call.inputs[0] as TensorLike).shape);
}

const pass: Op = { arity: 1, create: hand, aliasOf: () => 0, isVolatile: true };
const branch: Op = {
  arity: 2,
  create: createSwitch,
  outputs: () => 2,
  aliasOf: () => 0,
  isVolatile: true,
  isSwitch: true,
};
const merge: Op = {
  arity: any,
  create: createMerge,
  outputs: () => 2,
  aliasOf: (output) => (output === 0 ? "any" : undefined),
  isVolatile: true,
};

export const controlOps: OpTable = {
  Switch: branch,
  RefSwitch: branch,
  _SwitchN: { ...branch, create: createSwitchN, outputs: outputCount },
  Merge: merge,
  RefMerge: merge,
  // What enters a loop is constant if it is before the loop.
  Enter: { ...pass, isVolatile: false },
  RefEnter: pass,
  Exit: pass,
  RefExit: pass,
  NextIteration: pass,
  RefNextIteration: pass,
  LoopCond: pass,
  ToBool: { arity: 1, create: createToBool },
  Assert: { arity: any, create: createAssert, outputs: () => 0, isVolatile: true },
  Print: { ...pass, arity: any },
  PrintV2: { arity: 1, create: () => () => {}, outputs: () => 0, isVolatile: true },
};
