/** Contractions one element at a time: of float64 and integers, which are rare, and wherever operands lie. */
import { add, constant, fma, isFloat, mul } from "../kernel/expr.js";
import type { Kernel } from "../kernel/ir.js";
import type { ContractStep } from "../tensor/ir.js";
import { type CodegenContext, elementMemory } from "./context.js";
import { loadAt, type Places } from "./contractAddress.js";
import { storeElement } from "./contractEpilogue.js";
import { type ContractSpace, contractSpace, startContract } from "./contractSpace.js";
import { writeSums } from "./contractSums.js";
import { wrap } from "./emitCast.js";
import { enter, type Scope, walk } from "./loopNest.js";

export function generateScalars(step: ContractStep, context: CodegenContext): Kernel {
  const space = contractSpace(step);
  const scope = startContract(step.origin, space, context);
  if (step.out.count === 0) return scope.k.build();
  const { columns } = space;
  walk(scope, [...space.batch, ...space.rows], (row) =>
    scope.k.for(0, columns.size, 1, (column) => writeElement(space, enter(row, columns.axis, column, true))),
  );
  return scope.k.build();
}

function writeElement(space: ContractSpace, scope: Scope): void {
  const { k, context, position } = scope;
  const { left, right } = space;
  const { memory, type } = elementMemory[left.dtype];
  const sum = k.variable(constant(type, 0), "sum");
  const step = (at: Places) => {
    const a = loadAt(memory, context.blockOf(left.storage), at.left);
    const b = loadAt(memory, context.blockOf(right.storage), at.right);
    k.set(sum, isFloat(type) ? fma(a, b, sum) : add(mul(a, b), sum));
  };
  const places = { left: position.address(left), right: position.address(right) };
  const loops = { k, axes: space.sum, unroll: 1, longestRun: 8, hasPointers: false, step };
  if (!space.isEmptySum) writeSums(loops, places);
  storeElement(space, scope, k.let(wrap(sum, left.dtype)));
}
