/** What protobufjs makes of a function of a GraphDef's library → the plain data of GraphDef.ts. */
import type { ArgDef, FunctionDef } from "../GraphDef.js";
import { type AttrMessages, decodeAttrs, decodeNode, type NodeMessage } from "./decodeNode.js";

interface ArgMessage {
  readonly name: string;
  readonly type: number;
  readonly type_attr: string;
  readonly number_attr?: string;
  readonly type_list_attr?: string;
  readonly is_ref?: boolean;
}

export interface FunctionMessage {
  readonly signature?: {
    readonly name: string;
    readonly input_arg: readonly ArgMessage[];
    readonly output_arg: readonly ArgMessage[];
    readonly is_stateful?: boolean;
    readonly control_output?: readonly string[];
  } | null;
  readonly node_def: readonly NodeMessage[];
  readonly ret: Readonly<Record<string, string>>;
  readonly control_ret?: Readonly<Record<string, string>>;
  readonly attr?: AttrMessages;
  readonly arg_attr?: Readonly<Record<number, { readonly attr: AttrMessages }>>;
  readonly resource_arg_unique_id?: Readonly<Record<number, number>>;
}

/** @throws InvalidGraphDef naming a node that is damaged. */
export function decodeFunction(message: FunctionMessage): FunctionDef {
  const { signature, control_ret, attr, arg_attr, resource_arg_unique_id } = message;
  const definition = {
    name: signature?.name ?? "",
    inputs: (signature?.input_arg ?? []).map(decodeArg),
    outputs: (signature?.output_arg ?? []).map(decodeArg),
    nodes: message.node_def.map(decodeNode),
    ret: { ...message.ret },
  };
  return {
    ...definition,
    ...(isAny(control_ret) ? { controlRet: inOrder(control_ret, signature?.control_output) } : {}),
    ...(isAny(attr) ? { attrs: decodeAttrs(attr) } : {}),
    ...(isAny(arg_attr) ? { argAttrs: decodeArgAttrs(arg_attr) } : {}),
    ...(isAny(resource_arg_unique_id) ? { resourceArgIds: { ...resource_arg_unique_id } } : {}),
    ...(signature?.is_stateful ? { isStateful: true } : {}),
  };
}

/** A map has no order on the wire: the outputs are in that of the signature. */
function inOrder(
  controlRet: Readonly<Record<string, string>>,
  outputs: readonly string[] = [],
): Record<string, string> {
  const known = outputs.filter((output) => Object.hasOwn(controlRet, output));
  const ordered = known.map((output) => [output, controlRet[output]]);
  return { ...Object.fromEntries(ordered), ...controlRet };
}

function decodeArg(message: ArgMessage): ArgDef {
  const { name, type, type_attr, number_attr, type_list_attr, is_ref } = message;
  return {
    name,
    type,
    typeAttr: type_attr,
    ...(number_attr ? { numberAttr: number_attr } : {}),
    ...(type_list_attr ? { typeListAttr: type_list_attr } : {}),
    ...(is_ref ? { isRef: true } : {}),
  };
}

function decodeArgAttrs(
  messages: NonNullable<FunctionMessage["arg_attr"]>,
): NonNullable<FunctionDef["argAttrs"]> {
  return Object.fromEntries(Object.entries(messages).map(([index, { attr }]) => [index, decodeAttrs(attr)]));
}

function isAny<T extends object>(map: T | undefined): map is T {
  return map !== undefined && Object.keys(map).length > 0;
}
