/** Steps as text, for messages of failed tests. */
import { isCompute } from "../../../../framework/aot/passes/access.js";
import type { Element, Step } from "../../../../framework/aot/tensor/ir.js";
import type { Storage, View } from "../../../../framework/aot/tensor/View.js";

export function showSteps(steps: readonly Step[]): string {
  const names = new Map<Storage, string>();
  const storage = (of: Storage) => {
    const known = names.get(of) ?? `${of.data ? "const" : of.name}#${names.size}`;
    names.set(of, known);
    return known;
  };
  const view = (of: View) => {
    const terms = of.terms.map(({ index, stride }) => `+${stride}·${index.name}`).join("");
    return `${storage(of.storage)}[${of.shape}|${of.strides}|${of.offset}${terms}]`;
  };
  const element = (of: Element): string => {
    switch (of.kind) {
      case "read":
        return view(of.view);
      case "constant":
        return String(of.value);
      case "index":
        return `i${of.axis}`;
      case "call":
        return `${of.name}(${of.args.map(element).join(", ")})`;
      case "select":
        return `(${element(of.condition)} ? ${element(of.then)} : ${element(of.else)})`;
      case "cast":
        return `${of.dtype}(${element(of.value)})`;
      case "gather":
        return `${view(of.view)}{${of.indices.map(({ value }) => element(value)).join(", ")}}`;
      case "accumulator":
        return "acc";
    }
  };
  const line = (step: Step, indent: string): string => {
    const block = (list: readonly Step[]) => list.map((inner) => line(inner, `${indent}  `)).join("");
    if (isCompute(step)) {
      const parts = ["value", "left", "right", "epilogue"].flatMap((key) => {
        const part = (step as unknown as Record<string, Element | View>)[key];
        return part ? [`${key} ${"storage" in part ? view(part) : element(part)}`] : [];
      });
      return `${indent}${view(step.out)} = ${step.kind} ${parts.join("; ")}\n`;
    }
    if (step.kind === "loop")
      return `${indent}loop ${step.count} ${step.condition ? view(step.condition) : ""}\n${block(step.body)}`;
    if (step.kind === "if")
      return `${indent}if ${view(step.condition)}\n${block(step.then)}${indent}else\n${block(step.else)}`;
    return `${indent}fault ${step.message}\n`;
  };
  return steps.map((step) => line(step, "")).join("");
}
