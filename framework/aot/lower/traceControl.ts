/** Switch, Merge and what only hands a value on. A choice that is known takes one branch; another becomes an if. */
import { sameShape } from "../../tensorflow/reference/broadcast.js";
import type { NodeStep } from "../../tensorflow/reference/Plan.js";
import { read } from "../tensor/element.js";
import { isElementType, View } from "../tensor/View.js";
import type { Tracer } from "./Tracer.js";
import { isSameChoice, isSameGuard, withGuards } from "./traceGuards.js";
import { constantOf, type Guard, type Traced } from "./traceValues.js";

type LowerControl = (trace: Tracer, step: NodeStep, inputs: readonly Traced["value"][]) => void;

const handOn: LowerControl = (trace, step, inputs) => {
  for (const [port, id] of step.outputs.entries()) trace.bind(id, inputs[port] ?? (inputs[0] as View));
};

const nothing: LowerControl = (trace, step) => {
  for (const mark of step.marks) trace.bind(mark, never(trace));
};

/** A token that is not dead. */
function never(trace: Tracer): View {
  return trace.newConstant("bool", [], new Uint8Array([1]));
}

const sendOneWay: LowerControl = (trace, step, [data, choice]) => {
  if (!(choice instanceof View) || choice.count !== 1)
    return trace.unsupported("its choice is no single bool");
  const known = trace.choice(choice);
  for (const [port, id] of step.outputs.entries()) {
    const guards = withGuards(
      trace.guards,
      known === undefined ? [{ condition: choice, side: port === 1 }] : [],
    );
    const isDead = guards === "dead" || (known !== undefined && known !== (port === 1));
    if (isDead) trace.bind(id, "dead");
    else trace.bind(id, data as View, guards);
  }
  const tokens = step.marks.filter((mark) => !step.outputs.includes(mark));
  for (const token of tokens) trace.bind(token, never(trace));
};

interface Option {
  readonly index: number;
  readonly value: Traced["value"];
  readonly guards: readonly Guard[];
}

const takeLive: LowerControl = (trace, step) => {
  const options: Option[] = step.inputs.flatMap((id, index) => {
    const traced = trace.value(id);
    return traced && traced.value !== "dead" ? { index, ...traced } : [];
  });
  const [out, outIndex] = step.outputs;
  const bindIndex = (index: number) => {
    if (outIndex !== undefined) trace.bind(outIndex, trace.newConstant("int32", [], new Int32Array([index])));
  };
  if (options.length === 0) {
    for (const id of step.outputs) trace.bind(id, "dead");
    return;
  }
  const [first, second] = options as [Option, Option | undefined];
  const isAlways = first.guards.every((own) => trace.guards.some((guard) => isSameGuard(guard, own)));
  if (!second || isAlways) {
    trace.bind(out as number, first.value, first.guards);
    return bindIndex(first.index);
  }
  trace.bind(out as number, joined(trace, options), commonGuards(trace, options));
  if (outIndex !== undefined) trace.bind(outIndex, joinedIndex(trace, options));
};

/** The guard in which two options exclude each other. */
function choiceOf(
  trace: Tracer,
  [a, b, ...more]: readonly Option[],
): { guard: Guard; onTrue: Option; onFalse: Option } {
  const guard = a?.guards.find((own) =>
    b?.guards.some((other) => isSameChoice(other.condition, own.condition) && other.side !== own.side),
  );
  if (!a || !b || !guard || more.length > 0)
    return trace.unsupported("its branches are not those of one choice");
  return { guard, onTrue: guard.side ? a : b, onFalse: guard.side ? b : a };
}

/** The branches that the choice itself lies in: those of both options. */
function commonGuards(trace: Tracer, options: readonly Option[]): readonly Guard[] {
  const { guard } = choiceOf(trace, options);
  const [a, b] = options.map(({ guards }) =>
    guards.filter((own) => !isSameChoice(own.condition, guard.condition)),
  ) as [Guard[], Guard[]];
  const isSame = a.length === b.length && a.every((own) => b.some((other) => isSameGuard(own, other)));
  return isSame ? a : trace.unsupported("its branches lie in different branches themselves");
}

function joined(trace: Tracer, options: readonly Option[]): View {
  const { onTrue, onFalse } = choiceOf(trace, options);
  const [a, b] = [onTrue.value, onFalse.value];
  if (!(a instanceof View && b instanceof View)) return trace.unsupported("its branches give lists");
  if (a.dtype !== b.dtype || !sameShape(a.shape, b.shape))
    return trace.unsupported(`its branches give the shapes [${a.shape}] and [${b.shape}]`);
  const out = View.of(trace.newStorage(a.dtype, a.count), a.shape);
  trace.guarded(onTrue.guards, () => trace.mapInto(out, read(a)));
  trace.guarded(onFalse.guards, () => trace.mapInto(out, read(b)));
  return out;
}

function joinedIndex(trace: Tracer, options: readonly Option[]): View {
  const { guard, onTrue, onFalse } = choiceOf(trace, options);
  const value = (option: Option) => ({ kind: "constant", dtype: "int32", value: option.index }) as const;
  return trace.map([], {
    kind: "select",
    dtype: "int32",
    condition: read(guard.condition.reshape([]) as View),
    then: value(onTrue),
    else: value(onFalse),
  });
}

/** Python's idea of truth, of a bool; anything else is computed by the reference engine. */
const toBool: LowerControl = (trace, step, [value]) => {
  if (!(value instanceof View) || value.dtype !== "bool" || value.rank > 0)
    return trace.unsupported("its condition is no single bool");
  trace.bind(step.outputs[0] as number, value);
};

/** One that is known to hold is left out. */
const assertion: LowerControl = (trace, step, [condition]) => {
  const known = condition instanceof View ? constantOf(condition) : undefined;
  const holds = known?.data.length === 1 && Boolean(known.data[0]);
  if (!holds) return trace.unsupported("it is not known to hold");
  nothing(trace, step, []);
};

export const controlLowerings: Readonly<Record<string, LowerControl>> = {
  Switch: sendOneWay,
  RefSwitch: sendOneWay,
  Merge: takeLive,
  RefMerge: takeLive,
  Enter: handOn,
  RefEnter: handOn,
  LoopCond: handOn,
  NextIteration: handOn,
  RefNextIteration: handOn,
  Exit: handOn,
  RefExit: handOn,
  Identity: handOn,
  RefIdentity: handOn,
  IdentityN: handOn,
  PlaceholderWithDefault: handOn,
  ToBool: toBool,
  Assert: assertion,
  NoOp: nothing,
  Const: (trace, step) => trace.bind(step.outputs[0] as number, constantOfNode(trace, step)),
};

/** A Const that stands inside a branch or a loop. */
function constantOfNode(trace: Tracer, { node }: NodeStep): View {
  const tensor = node.attrs.value?.tensor;
  if (!tensor || !isElementType(tensor.dtype)) return trace.unsupported("its value is no tensor of numbers");
  return trace.newConstant(tensor.dtype, tensor.shape, tensor.data);
}
