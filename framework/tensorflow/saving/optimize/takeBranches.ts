/**
 * Takes the branches that a constant decides, and drops the others: what is left of dropout and of batch norms in training
 * when is_training is a constant. Switch and Merge of TensorFlow 1.
 */
import type { GraphDef, NodeDef } from "../../GraphDef.js";
import { GraphIndex } from "../../GraphIndex.js";
import { parseTensorName, tensorKey } from "../../names.js";
import { isControl, sourceOf } from "../../savedmodel/inlineNodes.js";
import { constant } from "../../savedmodel/variableReads.js";
import { Tensor } from "../../Tensor.js";

/** The same nodes where a constant decides nothing, or not all of a junction. `kept`: nodes asked for by name. */
export function takeBranches(graph: GraphDef, kept: ReadonlySet<string>): readonly NodeDef[] {
  const byName = new Map(graph.nodes.map((node) => [node.name, node]));
  /** Tensors that never have a value, "^node" for a node that never runs. */
  const dead = new Set<string>();
  /** Tensors that are other tensors. */
  const same = new Map<string, string>();
  const indices = new Map<string, number>();
  const isDead = (input: string) =>
    dead.has(`^${sourceOf(input)}`) || (!isControl(input) && dead.has(tensorKey(parseTensorName(input))));
  const isBack = (input: string) => /NextIteration$/.test(byName.get(sourceOf(input))?.op ?? "");
  for (const node of new GraphIndex(graph).order(byName.keys())) {
    const { name, op, inputs } = node;
    if (op === "Merge" && inputs.some(isDead)) {
      const alive = inputs.filter((input) => !isControl(input) && !isDead(input) && !isBack(input));
      if (alive.length > 1) return graph.nodes;
      if (alive.length === 0) dead.add(`^${name}`);
      else {
        same.set(`${name}:0`, alive[0] as string);
        indices.set(name, inputs.indexOf(alive[0] as string));
      }
    } else if (op !== "Merge" && inputs.some(isDead)) dead.add(`^${name}`);
    else if (op === "Switch") {
      const chosen = byName.get(sourceOf(inputs[1] ?? ""))?.attrs.value?.tensor?.data[0];
      if (byName.get(sourceOf(inputs[1] ?? ""))?.op !== "Const" || chosen === undefined) continue;
      dead.add(`${name}:${chosen ? 0 : 1}`);
      same.set(`${name}:${chosen ? 1 : 0}`, inputs[0] as string);
    }
  }
  if (dead.size === 0 || [...kept].some((name) => dead.has(`^${name}`))) return graph.nodes;
  const nodes = rewire(graph.nodes, dead, same, indices);
  // A loop that is entered, but never goes round: left as it is.
  return nodes.some(({ inputs }) => inputs.some(isDead)) ? graph.nodes : nodes;
}

function rewire(
  nodes: readonly NodeDef[],
  dead: ReadonlySet<string>,
  same: ReadonlyMap<string, string>,
  indices: ReadonlyMap<string, number>,
): NodeDef[] {
  const behind = (input: string) => {
    let tensor = input;
    const next = () => same.get(tensorKey(parseTensorName(tensor)));
    for (let source = next(); source !== undefined; source = next()) tensor = source;
    return tensor;
  };
  return nodes.flatMap((node): NodeDef[] => {
    if (dead.has(`^${node.name}`)) return [];
    const inputs = node.inputs.map((input) => {
      if (!isControl(input)) return behind(input);
      const source = behind(`${sourceOf(input)}:0`);
      return source === `${sourceOf(input)}:0` ? input : `^${sourceOf(source)}`;
    });
    const index = indices.get(node.name);
    if (index === undefined) return [{ ...node, inputs }];
    // Who asks which input came gets the number of the only one that can.
    const value = constant(`${node.name}/value_index`, new Tensor("int32", [], [index]));
    return [
      {
        name: node.name,
        op: "IdentityN",
        inputs: [behind(`${node.name}:0`), value.name],
        attrs: identityAttrs(node),
      },
      value,
    ];
  });
}

function identityAttrs({ attrs }: NodeDef): NodeDef["attrs"] {
  const type = [attrs.T?.type ?? 0, 3];
  return { T: { list: { s: [], i: [], f: [], b: [], type, shape: [], func: [] } } };
}
