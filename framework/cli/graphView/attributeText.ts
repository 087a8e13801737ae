/** A node's attribute as people read it. */
import type { AttrValue } from "../../tensorflow/GraphDef.js";
import { dtypeFromNumber } from "../../tensorflow/dtypes.js";
import { showShape } from "../../tensorflow/Tensor.js";

const longest = 200;
const otherTypes: Readonly<Record<number, string>> = {
  8: "complex64",
  18: "complex128",
  20: "resource",
  21: "variant",
};

export function attributeText(value: AttrValue): string {
  const text = whole(value);
  return text.length > longest ? `${text.slice(0, longest)}… (${text.length} characters)` : text;
}

function whole({ s, i, f, b, type, shape, tensor, func, list }: AttrValue): string {
  if (s !== undefined) return JSON.stringify(s);
  if (i !== undefined) return String(i);
  if (f !== undefined) return String(f);
  if (b !== undefined) return String(b);
  if (type !== undefined) return typeText(type);
  if (shape !== undefined) return showShape(shape);
  if (tensor) return `${tensor.dtype}${showShape(tensor.shape)}`;
  if (func) return `${func.name}()`;
  if (!list) return "";
  const { s: texts, i: integers, f: floats, b: bools, type: types, shape: shapes, func: functions } = list;
  const parts = [
    ...texts.map((text) => JSON.stringify(text)),
    ...[...integers, ...floats, ...bools].map(String),
    ...types.map(typeText),
    ...shapes.map(showShape),
    ...functions.map(({ name }) => `${name}()`),
  ];
  return `[${parts.join(", ")}]`;
}

function typeText(type: number): string {
  return dtypeFromNumber(type) ?? otherTypes[type] ?? `type ${type}`;
}
