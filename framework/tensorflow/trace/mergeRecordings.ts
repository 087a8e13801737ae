/**
 * Recordings of one function for different sizes → one graph for any size. They must have the same nodes; a constant that
 * is not the same in all of them follows the sizes and is computed from them instead.
 */
import { Exception } from "../../base/errors.js";
import type { NodeDef } from "../GraphDef.js";
import { parseTensorName } from "../names.js";
import { prune, sourceOf } from "../savedmodel/inlineNodes.js";
import { showShape, type TensorLike } from "../Tensor.js";
import type { RecordedNode } from "./GraphRecorder.js";
import type { Recording } from "./recordFunction.js";
import { SizeNodes } from "./SizeNodes.js";
import type { Measure } from "./SizeScalars.js";

/** One node in all recordings. */
type Versions = readonly RecordedNode[];

/** `what`: the function, for messages. @throws InvalidFunction naming the node that depends on a size and cannot be computed */
export function mergeRecordings(recordings: readonly Recording[], what: string): NodeDef[] {
  const pruned = recordings.map(needed);
  const [first = []] = pruned;
  const byName = pruned.map((nodes) => new Map(nodes.map((node) => [node.name, node])));
  const readers = readersOf(first);
  const measures = placeholderMeasures(recordings);
  const sizes = new SizeNodes(recordings.flatMap(({ nodes }) => nodes.map(({ name }) => name)));
  checkSameNodes(pruned, what);
  const merged = first.flatMap((node, i) => {
    const versions = pruned.map((nodes) => nodes[i] as RecordedNode);
    if (node.op !== "Const" || versions.every((version) => sameValue(version, node))) return [plain(node)];
    const reader = onlyReader(readers.get(node.name));
    const open = reader && withOpenSize(reader, versions, byName);
    if (open) return [constantLike(node, open)];
    const near = reader ? measuresOf(reader, byName) : [];
    const computed = sizes.constant(plain(node), versions.map(constantOf), [...measures, ...near]);
    if (computed) return computed;
    throw unexplained(node, versions, readers.get(node.name)?.[0], what);
  });
  return prune([...merged, ...sizes.shared], recordings.slice(0, 1).flatMap(rootsOf));
}

function rootsOf({ inputs, outputs }: Recording): string[] {
  return [...inputs, ...outputs.map(({ traced }) => traced)].map(({ name }) => name);
}

/** The nodes that outputs, inputs and sizes need, in the order in which they were recorded. */
function needed(recording: Recording): readonly RecordedNode[] {
  const measured = recording.dimensions.map(({ tensor }) => tensor);
  return prune(recording.nodes, [...rootsOf(recording), ...measured]) as RecordedNode[];
}

function plain({ name, op, inputs, attrs }: NodeDef): NodeDef {
  return { name, op, inputs, attrs };
}

function constantLike(node: NodeDef, tensor: TensorLike): NodeDef {
  return { ...plain(node), attrs: { ...node.attrs, value: { tensor } } };
}

function constantOf({ outputs }: RecordedNode): TensorLike {
  return outputs[0] as TensorLike;
}

function sameValue(a: RecordedNode, b: RecordedNode): boolean {
  return sameTensor(constantOf(a), constantOf(b));
}

function sameTensor(a: TensorLike, b: TensorLike): boolean {
  if (a === b || a.data === b.data) return true;
  if (a.dtype !== b.dtype || a.data.length !== b.data.length || `${a.shape}` !== `${b.shape}`) return false;
  for (let i = 0; i < a.data.length; i++) {
    const [x, y] = [a.data[i], b.data[i]];
    const isSame = x instanceof Uint8Array ? Buffer.from(x).equals(y as Uint8Array) : Object.is(x, y);
    if (!isSame) return false;
  }
  return true;
}

function checkSameNodes(all: readonly (readonly RecordedNode[])[], what: string): void {
  const count = Math.max(...all.map(({ length }) => length));
  for (let i = 0; i < count; i++) {
    const versions = all.map((nodes) => nodes[i]);
    const node = versions.find((version) => version !== undefined) as RecordedNode;
    for (const version of versions) {
      const fault = version ? difference(node, version) : "for another size it is not made";
      if (fault === undefined) continue;
      throw invalid(
        `node '${node.name}' (${node.op}) of ${what} depends on a size that is not known: ${fault}. ${remedy}`,
      );
    }
  }
}

const remedy =
  "Give that dimension a size in the TensorSpec, or write the function without loops and choices over it.";

function difference(a: RecordedNode, b: RecordedNode): string | undefined {
  if (a.op !== b.op || a.name !== b.name) return `with another size it is '${b.name}' (${b.op})`;
  if (`${a.inputs}` !== `${b.inputs}`)
    return `it reads ${list(a.inputs)}, with another size ${list(b.inputs)}`;
  const names = [...new Set([...Object.keys(a.attrs), ...Object.keys(b.attrs)])].filter(
    (name) => !(a.op === "Const" && name === "value"),
  );
  const other = names.find((name) => JSON.stringify(a.attrs[name]) !== JSON.stringify(b.attrs[name]));
  if (other === undefined) return undefined;
  return `its attribute '${other}' is ${JSON.stringify(a.attrs[other])}, with another size ${JSON.stringify(b.attrs[other])}`;
}

function list(inputs: readonly string[]): string {
  return inputs.map((input) => `'${input}'`).join(", ");
}

type Reader = readonly [node: RecordedNode, input: number];

function readersOf(nodes: readonly RecordedNode[]): Map<string, Reader[]> {
  const readers = new Map<string, Reader[]>();
  for (const node of nodes) {
    for (const [i, input] of node.inputs.entries()) {
      const source = sourceOf(input);
      readers.set(source, [...(readers.get(source) ?? []), [node, i]]);
    }
  }
  return readers;
}

function onlyReader(readers: readonly Reader[] | undefined): Reader | undefined {
  return readers?.length === 1 ? readers[0] : undefined;
}

/** Unknown dimensions of the inputs, with their sizes in each recording. */
function placeholderMeasures(recordings: readonly Recording[]): Measure[] {
  const measures: Measure[] = (recordings[0]?.dimensions ?? []).map(({ tensor, axis, dtype }, i) => ({
    tensor,
    axis,
    dtype,
    sizes: recordings.map(({ dimensions }) => dimensions[i]?.size ?? 0),
  }));
  // Shared dimensions are read at the first tensor that has them.
  return [
    ...new Map(measures.map((measure) => [`${measure.sizes}`, measure] as const).reverse()).values(),
  ].reverse();
}

/** The dimensions that follow the sizes, of the other tensors that a node reads. */
function measuresOf(
  [{ inputs }, own]: Reader,
  byName: readonly ReadonlyMap<string, RecordedNode>[],
): Measure[] {
  return inputs.flatMap((input, i) => {
    const tensors = i === own ? [] : tensorsOf(input, byName);
    const [{ shape, dtype } = { shape: [], dtype: "float32" as const }] = tensors;
    return shape.flatMap((size, axis): Measure[] => {
      const sizes = tensors.map((tensor) => tensor.shape[axis] ?? 0);
      return sizes.some((other) => other !== size) ? [{ tensor: input, axis, dtype, sizes }] : [];
    });
  });
}

function tensorsOf(tensor: string, byName: readonly ReadonlyMap<string, RecordedNode>[]): TensorLike[] {
  const { node, port } = parseTensorName(tensor);
  return byName.flatMap((nodes) => nodes.get(node)?.outputs[port] ?? []);
}

/** What says "the rest" by itself: one -1 in Reshape's shape, -1 for the sizes of a Slice that ends where its input does. */
function withOpenSize(
  [reader, input]: Reader,
  versions: Versions,
  byName: readonly ReadonlyMap<string, RecordedNode>[],
): TensorLike | undefined {
  const values = versions.map(constantOf);
  const [first] = values as [TensorLike];
  if (values.some(({ shape }) => `${shape}` !== `${first.shape}`)) return undefined;
  const ints = values.map(({ data }) => Array.from(data as Int32Array, Number));
  const rows = ints[0] ?? [];
  const differs = rows.map((value, i) => ints.some((other) => other[i] !== value));
  if (reader.op === "Reshape" && input === 1) {
    if (differs.filter(Boolean).length !== 1 || rows.some((value, i) => !differs[i] && value <= 0))
      return undefined;
    return { ...first, data: Int32Array.from(rows, (value, i) => (differs[i] ? -1 : value)) };
  }
  if (reader.op !== "Slice" || input !== 2) return undefined;
  const shapes = tensorsOf(reader.inputs[0] ?? "", byName).map(({ shape }) => shape);
  const begins = byName.map((nodes) => nodes.get(sourceOf(reader.inputs[1] ?? ""))?.outputs[0]?.data);
  const reachesEnd = (i: number) =>
    ints.every((sizes, run) => Number(begins[run]?.[i]) + (sizes[i] ?? 0) === shapes[run]?.[i]);
  if (differs.some((isOpen, i) => isOpen && !reachesEnd(i))) return undefined;
  return { ...first, data: Int32Array.from(rows, (value, i) => (differs[i] ? -1 : value)) };
}

function unexplained(
  node: RecordedNode,
  versions: Versions,
  reader: Reader | undefined,
  what: string,
): Exception {
  const shown = versions.map((version) => show(constantOf(version)));
  const where = reader ? `, which node '${reader[0].name}' (${reader[0].op}) reads,` : "";
  const cause =
    new Set(versions.map((version) => `${constantOf(version).shape}`)).size > 1 || new Set(shown).size > 1
      ? "It does not follow the sizes of the inputs in a way that a graph can compute"
      : "It is another one in each call";
  return invalid(
    `the constant '${node.name}'${where} of ${what} is not the same in every call: ${shown.join(", then ")}. ${cause}: ` +
      "give the dimension a size in the TensorSpec, compute it with tf ops from the input, or, if it is random, draw it before.",
  );
}

function show({ dtype, shape, data }: TensorLike): string {
  const head = Array.from(data.slice(0, 4), String).join(",");
  return `${dtype}${showShape(shape)} ${head}${data.length > 4 ? ",…" : ""}`;
}

function invalid(what: string): Exception {
  return new Exception("InvalidFunction", what);
}
