/** A user's own class as a runner: what computes without being a SavedModel, or does more than a model. */
import { Exception } from "../../base/errors.js";
import { isPromise } from "../../base/isPromise.js";
import { asTensor, isTensor } from "../../tensorflow/asTensor.js";
import type { CallForm, Structure } from "../../tensorflow/savedmodel/CallForm.js";
import type { ServedTensor } from "../ServedModel.js";
import { checkMethod, type MethodOptions } from "./methodSignatures.js";
import type { MethodBody } from "./MethodBody.js";

/** How a method of a user's class is called. It gets tensors, one an input, and gives what asTensor takes. */
export interface RunnableMethod extends MethodOptions {
  /** What it takes: dtypes to convert to, and what a server tells its clients. Otherwise one tensor, as it is given. */
  readonly inputs?: readonly ServedTensor[];
  readonly outputs?: readonly ServedTensor[];
}

/**
 * A class with methods for a runner (BentoML's Runnable). initLocal makes an instance, without arguments; where that has a
 * method `close`, it is called when all its methods are closed.
 */
export interface RunnableClass {
  readonly name: string;
  readonly methods: Readonly<Record<string, RunnableMethod>>;
  new (): object;
}

/**
 * `close` is called when the method is of no more use; the instance's methods are closed one by one.
 * @throws Configuration for a method that the class does not have, and for an unknown key
 */
export function runnableMethod(
  instance: object,
  type: RunnableClass,
  method: string,
  close: () => void | Promise<void>,
): MethodBody {
  const options = type.methods[method] as RunnableMethod;
  const call = (instance as Record<string, unknown>)[method];
  const where = `${type.name}.methods.${method}`;
  if (typeof call !== "function")
    throw new Exception("Configuration", `${where}: the class has no method '${method}'.`);
  const { batchable, batchDim } = checkMethod(options, where, ["inputs", "outputs"]);
  const { inputs = [], outputs = [] } = options;
  const form = { ...formOf(inputs, outputs) };
  return {
    platform: "cmsrun_runnable",
    form,
    inputs,
    outputs,
    batchable,
    batchDim,
    isCompiled: false,
    run: (tensors) => {
      const result: unknown = call.apply(instance, tensors);
      const given = (value: unknown) => {
        const { tensors: list, structure } = toTensors(value, outputs);
        form.result = structure;
        return list;
      };
      return isPromise(result) ? Promise.resolve(result).then(given) : given(result);
    },
    close,
  };
}

/** By position, each under its name. */
export function formOf(
  inputs: readonly ServedTensor[],
  outputs: readonly ServedTensor[],
): CallForm & { result: Structure } {
  const names = inputs.length > 0 ? inputs.map(({ name }) => name) : ["input"];
  return {
    positional: names.map((name) => ({ names: [name], structure: name })),
    keywords: [],
    result: outputs.length > 1 ? outputs.map(({ name }) => name) : (outputs[0]?.name ?? "output_0"),
    methods: [],
  };
}

/** A tensor (or what may stand for one), a list of tensors, or a dictionary of them. */
function toTensors(value: unknown, outputs: readonly ServedTensor[]) {
  const wanted = (i: number) => outputs[i] ?? {};
  if (Array.isArray(value) && value.length > 0 && value.every(isTensor)) {
    const keys = value.map((_, i) => outputs[i]?.name ?? `output_${i}`);
    return { tensors: value.map((item, i) => asTensor(item, wanted(i), keys[i])), structure: keys };
  }
  if (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !ArrayBuffer.isView(value) &&
    !isTensor(value)
  ) {
    const keys = outputs.length > 0 ? outputs.map(({ name }) => name) : Object.keys(value).sort();
    const tensors = keys.map((key, i) => asTensor((value as Record<string, unknown>)[key], wanted(i), key));
    return { tensors, structure: Object.fromEntries(keys.map((key) => [key, key])) };
  }
  const key = outputs[0]?.name ?? "output_0";
  return { tensors: [asTensor(value, wanted(0), key)], structure: key };
}
