/** Partitioned variables (w/part_0, w/part_1, … in the graph) whose value is stored whole, as w: NumPy files, dumps. */
import type { NodeDef } from "../GraphDef.js";
import { variableName } from "../savedmodel/RestoredVariables.js";
import { declaredOf } from "./fitValue.js";
import { cut, type Extent } from "./slices.js";
import type { ValueSource } from "./ValueSource.js";

interface Part {
  readonly whole: string;
  readonly extents: readonly Extent[];
}

/** The source, with what the variables need of its tensors. @param prefix of the variables' names in the graph */
export function withParts(source: ValueSource, variables: readonly NodeDef[], prefix: string): ValueSource {
  const parts = findParts(source, variables, prefix);
  if (parts.size === 0) return source;
  return {
    origin: source.origin,
    kind: source.kind,
    names: source.names,
    has: (name) => parts.has(name) || source.has(name),
    fullName: (key) => source.fullName(key),
    describe(name) {
      const part = parts.get(name);
      if (!part) return source.describe(name);
      return { ...source.describe(part.whole), shape: part.extents.map(({ length }) => length) };
    },
    read(name) {
      const part = parts.get(name);
      return part ? cut(source.read(part.whole), part.extents) : source.read(name);
    },
  };
}

function findParts(source: ValueSource, variables: readonly NodeDef[], prefix: string): Map<string, Part> {
  const shapes = new Map<string, (readonly number[])[]>();
  for (const node of variables) {
    const name = variableName(node).slice(prefix.length);
    const [, whole, index] = /^(.+)\/part_(\d+)$/.exec(name) ?? [];
    const { shape } = declaredOf(node);
    if (whole === undefined || !shape || source.has(name) || !source.has(whole)) continue;
    if (Number(index) >= variables.length) continue;
    const known = shapes.get(whole) ?? [];
    known[Number(index)] = shape;
    shapes.set(whole, known);
  }
  return new Map([...shapes].flatMap(([whole, parts]) => cutUp(whole, source.describe(whole).shape, parts)));
}

/** Along the one axis in which the parts together are as long as the whole; nothing where there is none. */
function cutUp(
  whole: string,
  shape: readonly number[],
  parts: readonly (readonly number[] | undefined)[],
): [string, Part][] {
  const given = Array.from(parts);
  const fits = (axis: number) =>
    given.every(
      (part) => part?.length === shape.length && part.every((size, i) => i === axis || size === shape[i]),
    ) && given.reduce((sum, part) => sum + (part?.[axis] ?? 0), 0) === shape[axis];
  const axis = shape.findIndex((_, i) => fits(i));
  if (axis < 0) return [];
  let start = 0;
  return given.map((part = [], index): [string, Part] => {
    const extents = part.map((length, i) => ({ start: i === axis ? start : 0, length }));
    start += part[axis] ?? 0;
    return [`${whole}/part_${index}`, { whole, extents }];
  });
}
