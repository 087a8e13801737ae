/**
 * What only a branch that is not taken would read. TensorFlow computes the data of a Switch whichever way it goes;
 * where the choice is given (Keras' learning phase), what only the other way needs is not computed here: the batch's
 * own mean and variance beside every batch normalisation.
 */
import type { NodeDef } from "../GraphDef.js";
import type { GraphIndex } from "../GraphIndex.js";
import { parseTensorName, type TensorName, tensorKey } from "../names.js";

/** A node is needed only where this bool of the run is `side`. */
export interface Condition {
  readonly choice: TensorName;
  readonly side: boolean;
}

/** The conditions of those `order`ed nodes that have one. `isGiven` tells what is fed or constant. */
export function findConditions(
  index: GraphIndex,
  order: readonly NodeDef[],
  fetches: readonly TensorName[],
  isGiven: (tensor: TensorName) => boolean,
): Map<NodeDef, Condition> {
  const readers = new Map<string, { node: NodeDef; input: TensorName }[]>();
  for (const node of order) {
    for (const input of index.inputs(node)) {
      const known = readers.get(input.node);
      if (known) known.push({ node, input });
      else readers.set(input.node, [{ node, input }]);
    }
  }
  const fetched = new Set(fetches.map((fetch) => fetch.node));
  const conditions = new Map<NodeDef, Condition>();
  for (const node of [...order].reverse()) {
    const own = readers.get(node.name) ?? [];
    if (fetched.has(node.name) || own.length === 0 || node.op === "Merge") continue;
    const [first, ...rest] = own.map((reader) => conditionOf(index, readers, conditions, isGiven, reader));
    if (first && rest.every((other) => other && isSame(first, other))) conditions.set(node, first);
  }
  return conditions;
}

function isSame(a: Condition, b: Condition): boolean {
  return a.side === b.side && tensorKey(a.choice) === tensorKey(b.choice);
}

/** When a reader needs what it reads: a Switch, only when it goes the way that somebody reads. */
function conditionOf(
  index: GraphIndex,
  readers: ReadonlyMap<string, readonly { input: TensorName }[]>,
  conditions: ReadonlyMap<NodeDef, Condition>,
  isGiven: (tensor: TensorName) => boolean,
  { node, input }: { node: NodeDef; input: TensorName },
): Condition | undefined {
  const own = conditions.get(node);
  if (own || node.op !== "Switch" || input.isControl) return own;
  const isData = tensorKey(parseTensorName(node.inputs[0] ?? "")) === tensorKey(input);
  const isChoice = tensorKey(parseTensorName(node.inputs[1] ?? "")) === tensorKey(input);
  const outputs = readers.get(node.name) ?? [];
  const isOneSided = outputs.every(
    (output) => !output.input.isControl && output.input.port === outputs[0]?.input.port,
  );
  if (!isData || isChoice || !isOneSided || outputs.length === 0) return undefined;
  const choice = choiceOf(index, parseTensorName(node.inputs[1] ?? ""), isGiven);
  return choice && { choice, side: outputs[0]?.input.port === 1 };
}

/** The given tensor that a Switch's predicate hands on. */
function choiceOf(
  index: GraphIndex,
  predicate: TensorName,
  isGiven: (tensor: TensorName) => boolean,
): TensorName | undefined {
  let tensor = predicate;
  for (let steps = 0; steps < 16; steps++) {
    if (isGiven(tensor)) return tensor;
    const node = index.node(tensor.node);
    const isHandedOn =
      node?.op === "Identity" || node?.op === "Switch" || node?.op === "PlaceholderWithDefault";
    if (!node || !isHandedOn) return undefined;
    tensor = parseTensorName(node.inputs[0] ?? "");
  }
  return undefined;
}
