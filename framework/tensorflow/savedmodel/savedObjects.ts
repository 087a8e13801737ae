/** What a SavedModel tells of its objects and their functions: Python's names, and how arguments and results are nested. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { savedModelObjectsType } from "../proto/savedModelSchema.js";

export interface StructuredMessage {
  readonly string_value?: string;
  readonly tensor_spec_value?: { readonly name: string } | null;
  readonly bounded_tensor_spec_value?: { readonly name: string } | null;
  readonly list_value?: { readonly values: readonly StructuredMessage[] } | null;
  readonly tuple_value?: { readonly values: readonly StructuredMessage[] } | null;
  readonly dict_value?: { readonly fields: Readonly<Record<string, StructuredMessage>> } | null;
  readonly named_tuple_value?: {
    readonly values: readonly { readonly key: string; readonly value: StructuredMessage }[];
  } | null;
}

export interface ObjectsMessage {
  readonly nodes: readonly {
    readonly children: readonly { readonly node_id: number; readonly local_name: string }[];
    readonly function?: {
      readonly concrete_functions: readonly string[];
      readonly function_spec?: { readonly fullargspec?: StructuredMessage | null } | null;
    } | null;
  }[];
  readonly concrete_functions: Readonly<
    Record<
      string,
      {
        readonly canonicalized_input_signature?: StructuredMessage | null;
        readonly output_signature?: StructuredMessage | null;
      }
    >
  >;
}

/** Undefined where nothing is said: TensorFlow 1 has no functions. */
export function readObjects(exportDir: string, tags: readonly string[]): ObjectsMessage | undefined {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(join(exportDir, "saved_model.pb"));
  } catch {
    return undefined; // Written as text: that is TensorFlow 1's, which describes no functions.
  }
  const { meta_graphs } = savedModelObjectsType().decode(bytes) as unknown as {
    readonly meta_graphs: readonly {
      readonly meta_info_def?: { readonly tags: readonly string[] } | null;
      readonly object_graph_def?: ObjectsMessage | null;
    }[];
  };
  const wanted = [...tags].sort().join();
  const found = meta_graphs.find(
    ({ meta_info_def }) => [...(meta_info_def?.tags ?? [])].sort().join() === wanted,
  );
  return found?.object_graph_def ?? undefined;
}

/** The parameters of a function by their names in Python. */
export function argumentNames({ nodes }: ObjectsMessage, name: string): string[] {
  const owner = nodes.find((node) => node.function?.concrete_functions.includes(name));
  const spec = owner?.function?.function_spec?.fullargspec?.named_tuple_value?.values;
  const args = spec?.find(({ key }) => key === "args")?.value.list_value?.values ?? [];
  return args.map(({ string_value }) => string_value ?? "").filter((arg, i) => i > 0 || arg !== "self");
}

/** The members of the saved object that are this function. */
export function methodsOf({ nodes }: ObjectsMessage, name: string): string[] {
  return (nodes[0]?.children ?? []).flatMap(({ node_id, local_name }) =>
    nodes[node_id]?.function?.concrete_functions.includes(name) ? [local_name] : [],
  );
}

/** In the order in which TensorFlow flattens a dictionary. */
export function sortedFields(value: StructuredMessage | undefined): [string, StructuredMessage][] {
  return Object.entries(value?.dict_value?.fields ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** The names of all tensors, flattened. */
export function tensorNames(value: StructuredMessage): string[] {
  const tensor = value.tensor_spec_value ?? value.bounded_tensor_spec_value;
  if (tensor) return [tensor.name];
  const items = value.list_value?.values ?? value.tuple_value?.values;
  const named = value.named_tuple_value?.values.map((pair) => pair.value);
  return (items ?? named ?? sortedFields(value).map(([, field]) => field)).flatMap(tensorNames);
}
