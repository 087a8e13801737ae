/** Code of a map step: as few loops as the views allow, vectors along the axis where memory is contiguous. */
import { load } from "../kernel/expr.js";
import { type Kernel, roundUp } from "../kernel/ir.js";
import { operands, viewsOf } from "../tensor/element.js";
import type { Element, MapStep } from "../tensor/ir.js";
import type { View } from "../tensor/View.js";
import { type CodegenContext, elementMemory } from "./context.js";
import { canVectorize, weight } from "./elementAxes.js";
import { type Group, groupAxes, regroupElement, regroupView, startKernel } from "./loopNest.js";
import { generateScalars } from "./scalarMap.js";
import { walkRows } from "./vectorRows.js";

/** Writes `out` from `value`; what order its elements are computed in, the code is free to choose. */
export function generateMap(step: MapStep, context: CodegenContext): Kernel {
  const { out, value } = step;
  if (out.count === 0) return startKernel(step.origin, context, 0, out, []).k.build();
  const groups = groupAxes(out.shape, 0, out.rank, [out, ...viewsOf(value)], [value]);
  const vectors = groups.find((group) => areVectors(step, group));
  if (vectors) return generateVectors(regroup(step, groups, vectors), context, canOverrun(step));
  const words = groups.find((group) => areWords(step, group, groups.length === 1 && canOverrun(step)));
  if (words) return generateCopy(regroup(step, groups, words), context, canOverrun(step));
  const inOrder = groups.toSorted((a, b) => strideOf(out, b) - strideOf(out, a));
  return generateScalars(regroup(step, inOrder), context);
}

/** The step over one axis for each group, `inner` last. */
function regroup(step: MapStep, groups: readonly Group[], inner?: Group): MapStep {
  const order = inner ? [...groups.filter((group) => group !== inner), inner] : groups;
  return { ...step, out: regroupView(step.out, order), value: regroupElement(step.value, order) };
}

function strideOf(view: View, group: Group): number {
  return Math.abs(view.strides[group.axes.at(-1) as number] as number);
}

function areVectors({ out, value }: MapStep, { axes }: Group): boolean {
  const axis = axes.at(-1) as number;
  return out.dtype !== "bool" && out.strides[axis] === 1 && canVectorize(value, axis);
}

/** Whether the value is copied from where it lies contiguous as it does in `out`, in pieces of four bytes. */
function areWords({ out, value }: MapStep, { axes, size }: Group, isWhole: boolean): boolean {
  if (value.kind !== "read") return false;
  const axis = axes.at(-1) as number;
  const bytes = elementMemory[out.dtype].sizeBytes;
  const isContiguous = ({ strides }: View) => strides[axis] === 1;
  const inWords = (view: View) =>
    view.strides.every((stride, at) => at === axis || axes.includes(at) || (stride * bytes) % 4 === 0) &&
    view.terms.every(({ stride }) => (stride * bytes) % 4 === 0) &&
    (view.offset * bytes) % 4 === 0;
  const views = [out, value.view];
  return views.every(isContiguous) && (isWhole || ((size * bytes) % 4 === 0 && views.every(inWords)));
}

/** Whether a last vector may reach over the end, into padding everywhere. */
function canOverrun({ out, value }: MapStep): boolean {
  const isPadded = (view: View) => view.isWhole || view.strides.every((stride) => stride === 0);
  return out.isWhole && !hasGather(value) && viewsOf(value).every(isPadded);
}

function hasGather(element: Element): boolean {
  return element.kind === "gather" || operands(element).some(hasGather);
}

function generateVectors({ origin, out, value }: MapStep, context: CodegenContext, isWhole: boolean): Kernel {
  const axis = out.rank - 1;
  const { lanes } = context.target;
  const memory = out.dtype === "float32" ? "f32v" : "i32v";
  const block = context.blockOf(out.storage);
  const scope = startKernel(origin, context, out.rank, out, [value], axis);
  const size = out.shape[axis] as number;
  const length = isWhole && out.rank === 1 ? roundUp(size, lanes) : size;
  const unroll = weight(value) <= 8 ? 4 : 2;
  walkRows(scope, { sizes: out.shape, length, lanes, unroll }, ({ k, emitter, position }, count) => {
    const result = emitter.emitVector(value, count);
    const { index, offset } = position.address(out);
    k.store(memory, block, index, offset, result, count < lanes ? count : undefined);
  });
  return scope.k.build();
}

/** Bytes in vectors, whatever they mean. */
function generateCopy({ origin, out, value }: MapStep, context: CodegenContext, isWhole: boolean): Kernel {
  if (value.kind !== "read") return generateScalars({ kind: "map", origin, out, value }, context);
  const { sizeBytes } = elementMemory[out.dtype];
  const { lanes: words } = context.target;
  const [to, from] = [context.blockOf(out.storage), context.blockOf(value.view.storage)];
  const lanes = (words * 4) / sizeBytes;
  const size = out.shape[out.rank - 1] as number;
  const length = isWhole && out.rank === 1 ? roundUp(size, lanes) : size;
  const scope = startKernel(origin, context, out.rank, out, [value]);
  walkRows(scope, { sizes: out.shape, length, lanes, unroll: 4 }, ({ k, position }, elements) => {
    const count = elements < lanes ? (elements * sizeBytes) / 4 : undefined;
    const source = position.address(value.view);
    const { index, offset } = position.address(out);
    k.store("i32v", to, index, offset, load("i32v", from, source.index, source.offset, count), count);
  });
  return scope.k.build();
}
