/** Tensors as JSON: {"dtype", "shape", "data"}, data flat in row-major order. Types have numpy's names. */
import { readFileSync } from "node:fs";
import { Exception } from "../base/errors.js";
import { type DType, isDType } from "../tensorflow/dtypes.js";
import { type PlainElement, plainElements, toElements } from "../tensorflow/elements.js";
import { Tensor, type TensorLike } from "../tensorflow/Tensor.js";

export interface TensorJson {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: readonly PlainElement[];
}

const numpyNames: Readonly<Record<string, DType>> = {
  float16: "half",
  str: "string",
  object: "string",
  bool_: "bool",
};

/** @throws Configuration naming the input and what is wrong with it. */
export function fromJson(name: string, json: unknown): Tensor {
  const wrong = (what: string) => new Exception("Configuration", `input '${name}': ${what}.`);
  const { dtype: given, shape, data } = (json ?? {}) as Partial<TensorJson>;
  const dtype = numpyNames[given ?? ""] ?? given;
  if (dtype === undefined || !isDType(dtype))
    throw wrong(`"dtype" is ${JSON.stringify(given)}, which is no element type`);
  if (!Array.isArray(shape) || !Array.isArray(data))
    throw wrong('it needs "shape" and "data", two flat lists');
  const elements = toElements(dtype, data);
  if (typeof elements === "number")
    throw wrong(`element ${elements} is ${JSON.stringify(data[elements])}, which is no ${given}`);
  try {
    return new Tensor(dtype, shape, elements as never);
  } catch (error) {
    throw error instanceof Exception ? wrong(error.message.replace(/\.$/, "")) : error;
  }
}

export function toJson({ dtype, shape, data }: TensorLike): TensorJson {
  return { dtype: dtype === "half" ? "float16" : dtype, shape: [...shape], data: plainElements(dtype, data) };
}

/** The tensors of an inputs file, - for standard input, for tool `name`. @throws FileOpenError, Configuration */
export function readTensors(name: string, path: string): [string, Tensor][] {
  return Object.entries(readObject(name, path)).map(([key, json]) => [key, fromJson(key, json)]);
}

function readObject(name: string, path: string): Record<string, unknown> {
  const shown = path === "-" ? "standard input" : `'${path}'`;
  let text: string;
  try {
    text = readFileSync(path === "-" ? 0 : path, "utf8");
  } catch (error) {
    throw new Exception("FileOpenError", `${name}: the inputs cannot be read: ${(error as Error).message}.`);
  }
  try {
    const inputs: unknown = JSON.parse(text);
    if (typeof inputs === "object" && inputs !== null && !Array.isArray(inputs))
      return inputs as Record<string, unknown>;
  } catch (error) {
    throw new Exception("Configuration", `${name}: ${shown} is no JSON: ${(error as Error).message}.`);
  }
  throw new Exception(
    "Configuration",
    `${name}: ${shown} must be one object, a tensor a name; see ${name} --help.`,
  );
}
