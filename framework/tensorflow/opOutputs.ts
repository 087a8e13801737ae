/** Which output of a node "argument:index" is: functions name tensors by the op's arguments, graphs by number. */
import type { NodeDef } from "./GraphDef.js";
import { opDef } from "./proto/opDefs.js";

/** One output argument of an op; a list where `numberAttr` or `typeListAttr` names the attribute with its length. */
export interface OpOutput {
  readonly name: string;
  readonly numberAttr: string;
  readonly typeListAttr: string;
}

/** By the names of ops: what a model says of its own. */
export type OpOutputs = ReadonlyMap<string, readonly OpOutput[]>;

/**
 * The number of an output among all outputs of its node. What the model says goes before what TensorFlow says, and for
 * an op that neither knows the argument is taken for the first.
 */
export function outputPort(node: NodeDef, argument: string, index: number, ofModel?: OpOutputs): number {
  const outputs = ofModel?.get(node.op) ?? outputsOf(node.op);
  const at = outputs.findIndex(({ name }) => name === argument);
  return outputs.slice(0, Math.max(at, 0)).reduce((port, output) => port + lengthOf(output, node), index);
}

const known = new Map<string, readonly OpOutput[]>();

function outputsOf(op: string): readonly OpOutput[] {
  const before = known.get(op);
  if (before) return before;
  const outputs = (opDef(op)?.output_arg ?? []).map(
    ({ name, number_attr, type_list_attr }): OpOutput => ({
      name,
      numberAttr: number_attr,
      typeListAttr: type_list_attr,
    }),
  );
  known.set(op, outputs);
  return outputs;
}

function lengthOf({ numberAttr, typeListAttr }: OpOutput, { attrs }: NodeDef): number {
  if (typeListAttr !== "") return attrs[typeListAttr]?.list?.type.length ?? 0;
  return numberAttr === "" ? 1 : (attrs[numberAttr]?.i ?? 0);
}
