/**
 * How a signature is called: its arguments in the order of the function that it was made from, and what that returns. A
 * SignatureDef is an unordered map; the order stands in the call of the function and in the function's own description.
 */
import type { FunctionDef, Signature } from "../GraphDef.js";
import { sourceOf } from "./inlineNodes.js";
import type { MetaGraphDef } from "./metaGraph.js";
import {
  argumentNames,
  methodsOf,
  type ObjectsMessage,
  readObjects,
  type StructuredMessage,
  sortedFields,
  tensorNames,
} from "./savedObjects.js";

/** Tensors as Python nests them: a tensor by its key in the signature, tuples and lists, dictionaries. */
export type Structure = string | readonly Structure[] | { readonly [name: string]: Structure };

export interface Argument {
  /** The name in the function, and the key of the signature where it is one tensor. */
  readonly names: readonly string[];
  readonly structure: Structure;
}

export interface CallForm {
  readonly positional: readonly Argument[];
  /** Arguments that can only be given by name. */
  readonly keywords: readonly Argument[];
  readonly result: Structure;
  /** The names that the function has as a member of the saved object. */
  readonly methods: readonly string[];
}

/** The call forms of all signatures, by key. A model without such descriptions has its placeholders' order. */
export function readCallForms(metaGraph: MetaGraphDef, exportDir: string): ReadonlyMap<string, CallForm> {
  const objects = readObjects(exportDir, metaGraph.tags);
  return new Map(
    metaGraph.signatures.map((signature) => [
      signature.key,
      (objects && describedForm(metaGraph, signature, objects)) ?? plainForm(metaGraph, signature),
    ]),
  );
}

/** What the signature's wrapper calls, with which of its arguments, and which results it gives under which key. */
function describedForm(metaGraph: MetaGraphDef, signature: Signature, objects: ObjectsMessage) {
  const called = calledFunction(metaGraph, signature);
  const name = called && describedName(called, objects);
  if (!called || name === undefined) return undefined;
  const { canonicalized_input_signature, output_signature } = objects.concrete_functions[name] ?? {};
  const parameters = canonicalized_input_signature?.tuple_value?.values;
  if (!parameters || !output_signature) return undefined;
  const names = argumentNames(objects, name);
  const nextInput = takeInTurn(called.inputKeys);
  const [positional, keywords] = parameters;
  const form: CallForm = {
    positional: (positional?.tuple_value?.values ?? []).flatMap((value, i) =>
      argument(names[i], structureOf(value, nextInput)),
    ),
    keywords: sortedFields(keywords).flatMap(([key, value]) => argument(key, structureOf(value, nextInput))),
    result: structureOf(output_signature, takeInTurn(called.outputKeys)) ?? [],
    methods: methodsOf(objects, name),
  };
  // Keras saves a function of its own making, which gives a dictionary where the model gives a tensor.
  if (names.length === 0 && form.methods.length === 0) return undefined;
  return isComplete(form, signature) ? form : undefined;
}

interface CalledFunction {
  readonly name: string;
  /** In the order of its arguments; undefined for a variable. */
  readonly inputKeys: readonly (string | undefined)[];
  readonly outputKeys: readonly (string | undefined)[];
}

/** A signature calls a wrapper, whose arguments are sorted by name, which calls the function. */
function calledFunction({ graph }: MetaGraphDef, signature: Signature): CalledFunction | undefined {
  const outputs = Object.entries(signature.outputs);
  const call = graph.nodes.find(({ name }) => name === sourceOf(outputs[0]?.[1].name ?? ""));
  const wrapper = graph.functions.find(({ name }) => name === call?.attrs.f?.func?.name);
  const inner = wrapper?.nodes.find(({ attrs }) => attrs.f?.func);
  const name = inner?.attrs.f?.func?.name;
  if (!call || !wrapper || !inner || name === undefined) return undefined;
  const keys = new Map(Object.entries(signature.inputs).map(([key, tensor]) => [sourceOf(tensor.name), key]));
  const keyOf = new Map(
    wrapper.inputs.map((parameter, i) => [parameter.name, keys.get(sourceOf(call.inputs[i] ?? ""))]),
  );
  const inputKeys = inner.inputs.map((input) => keyOf.get(input));
  return { name, inputKeys, outputKeys: resultKeys(wrapper, inner.name, outputs) };
}

/** The described function of that name, or another trace of it: of Python's function, with arguments of the same names. */
function describedName({ name, inputKeys }: CalledFunction, { concrete_functions }: ObjectsMessage) {
  if (name in concrete_functions) return name;
  const source = (traced: string) => traced.replace(/_\d+$/, "");
  const wanted = inputKeys.filter((key) => key !== undefined).join("\n");
  const namesOf = (other: string) =>
    tensorNames(concrete_functions[other]?.canonicalized_input_signature ?? {}).join("\n");
  return Object.keys(concrete_functions).find(
    (other) => source(other) === source(name) && namesOf(other) === wanted,
  );
}

function argument(name: string | undefined, structure: Structure | undefined): Argument[] {
  if (structure === undefined) return []; // No tensor: its value is part of the function.
  const names = [name, typeof structure === "string" ? structure : undefined];
  return [{ names: [...new Set(names.filter((one) => one !== undefined))], structure }];
}

/** Which key of the signature the function's results have, by their number. */
function resultKeys(
  wrapper: FunctionDef,
  innerName: string,
  outputs: readonly (readonly [key: string, tensor: { readonly name: string }])[],
): (string | undefined)[] {
  const keys: (string | undefined)[] = [];
  for (const [key, { name }] of outputs) {
    const port = Number(name.split(":")[1] ?? 0);
    let source = wrapper.ret[wrapper.outputs[port]?.name ?? ""] ?? "";
    // "NODE:output:3"; TensorFlow puts an Identity behind each result.
    for (let hops = 0; hops < wrapper.nodes.length && source.split(":")[0] !== innerName; hops++)
      source = wrapper.nodes.find(({ name: node }) => node === source.split(":")[0])?.inputs[0] ?? "";
    keys[Number(source.split(":")[2] ?? 0)] = key;
  }
  return keys;
}

function takeInTurn(keys: readonly (string | undefined)[]): () => string | undefined {
  let next = 0;
  return () => keys[next++];
}

/** Tensors are flat in the order of TensorFlow's nest: dictionaries by their sorted keys. Undefined for what has none. */
function structureOf(value: StructuredMessage, next: () => string | undefined): Structure | undefined {
  if (value.tensor_spec_value ?? value.bounded_tensor_spec_value) return next();
  const list = value.list_value ?? value.tuple_value;
  const items =
    list?.values.map((item) => structureOf(item, next)) ??
    value.named_tuple_value?.values.map((pair) => structureOf(pair.value, next));
  if (items) return items.every((item) => item !== undefined) ? (items as Structure[]) : undefined;
  if (!value.dict_value) return undefined;
  const fields = sortedFields(value).map(([key, field]) => [key, structureOf(field, next)] as const);
  return Object.fromEntries(fields.filter(([, field]) => field !== undefined)) as Record<string, Structure>;
}

/** Whether every tensor of the signature has its place: what TensorFlow wrote in a way that is not known here has not. */
function isComplete({ positional, keywords, result }: CallForm, { inputs, outputs }: Signature): boolean {
  const given = [...positional, ...keywords].flatMap(({ structure }) => keysIn(structure)).sort();
  const results = keysIn(result).sort();
  return (
    given.join("\n") === Object.keys(inputs).sort().join("\n") &&
    results.join("\n") === Object.keys(outputs).sort().join("\n")
  );
}

/** The keys in a structure, in the order of its tensors. */
export function keysIn(structure: Structure): string[] {
  if (typeof structure === "string") return [structure];
  return Object.values(structure).flatMap(keysIn);
}

/** One output is a tensor by itself, several are a dictionary, as TensorFlow's own signature functions give them. */
function plainForm(metaGraph: MetaGraphDef, signature: Signature): CallForm {
  const { graph } = metaGraph;
  const { inputs, outputs } = signature;
  const called = calledFunction(metaGraph, signature)?.inputKeys ?? [];
  const place = new Map(graph.nodes.map(({ name }, i) => [name, i]));
  const placeOf = (key: string) => {
    const argument = called.indexOf(key);
    return argument >= 0 ? argument : (place.get(sourceOf(inputs[key]?.name ?? "")) ?? graph.nodes.length);
  };
  const keys = Object.keys(inputs).sort((a, b) => placeOf(a) - placeOf(b));
  const results = Object.keys(outputs);
  return {
    positional: keys.map((key) => ({ names: [key], structure: key })),
    keywords: [],
    result:
      results.length === 1 ? (results[0] as string) : Object.fromEntries(results.map((key) => [key, key])),
    methods: [],
  };
}
