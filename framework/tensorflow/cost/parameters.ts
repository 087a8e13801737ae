/**
 * Which constants are parameters. A frozen graph no longer says what was a variable: floating-point constants of more
 * than one element count, which leaves out shapes, axes and the ε of a normalisation.
 */
import type { NodeDef } from "../GraphDef.js";
import type { GraphIndex } from "../GraphIndex.js";
import type { TensorName } from "../names.js";
import type { TensorLike } from "../Tensor.js";

/** What hands a constant on as it is. */
const handsOn = new Set(["Identity", "Enter", "RefEnter", "Snapshot", "StopGradient", "Switch", "RefSwitch"]);
const floating = new Set(["float32", "float64", "half", "bfloat16"]);
/** Longer chains of Identity nodes than any graph has. */
const maxChain = 100;

export interface Parameters {
  /** Elements that the node reads itself. */
  readBy(node: NodeDef): number;
  /** Elements of those among the named nodes. */
  amongst(names: Iterable<string>): number;
}

/** The parameters of a Const node; 0 for any other. */
export function parametersIn({ op, attrs }: NodeDef): number {
  const tensor: TensorLike | undefined = op === "Const" ? attrs.value?.tensor : undefined;
  return tensor && floating.has(tensor.dtype) && tensor.data.length > 1 ? tensor.data.length : 0;
}

export function parametersOf(index: GraphIndex, isFed: (tensor: TensorName) => boolean): Parameters {
  const behind = (input: TensorName): number => {
    let tensor: TensorName | undefined = input;
    for (let step = 0; tensor && step < maxChain; step++) {
      if (tensor.isControl || isFed(tensor)) return 0;
      const node = index.node(tensor.node);
      if (!node) return 0;
      const isMerge = node.op === "Merge" || node.op === "RefMerge";
      if (!handsOn.has(node.op) && !isMerge) return parametersIn(node);
      if (isMerge && !isUnchanged(index, node)) return 0;
      tensor = index.inputs(node)[0];
    }
    return 0;
  };
  return {
    readBy: (node) =>
      handsOn.has(node.op) ? 0 : index.inputs(node).reduce((sum, input) => sum + behind(input), 0),
    amongst: (names) =>
      [...names].reduce((sum, name) => {
        const node = index.node(name);
        return node ? sum + parametersIn(node) : sum;
      }, 0),
  };
}

/** Whether a loop hands its variable on as it is, as loops do with the weights that they read. */
function isUnchanged(index: GraphIndex, head: NodeDef): boolean {
  const back = index.inputs(head).find(({ node }) => index.node(node)?.op.endsWith("NextIteration"));
  let node = back && index.node(back.node);
  for (let step = 0; node && step < maxChain; step++) {
    if (node === head) return true;
    if (!handsOn.has(node.op) && !node.op.endsWith("NextIteration")) return false;
    node = index.node(index.inputs(node)[0]?.node ?? "");
  }
  return false;
}
