/** The ops of the reference engine, by name, and whether a graph has others. */
import { createRequire } from "node:module";
import { Exception } from "../../base/errors.js";
import type { NodeDef } from "../GraphDef.js";
import type { GraphIndex } from "../GraphIndex.js";
import type { Op } from "./op.js";

declare const CMSRUN_COMPILER: string | undefined;

type KernelModule = typeof import("./kernelTable.js");

/** Not built, as in tests: there is no file to load later. */
const source = typeof CMSRUN_COMPILER === "string" ? undefined : await import("./kernelTable.js");
let known: ReadonlyMap<string, Op> | undefined;

/** A job without a model does not load the kernels: they are 8 ms of start-up. */
function ops(): ReadonlyMap<string, Op> {
  if (known) return known;
  const { kernelTable } = source ?? (createRequire(import.meta.url)("./referenceKernels.js") as KernelModule);
  known = new Map(Object.entries(kernelTable));
  return known;
}

/** The names of all ops that the reference engine runs, sorted. */
export function supportedOps(): string[] {
  return [...ops().keys()].sort();
}

export function isSupported(node: NodeDef): boolean {
  return ops().has(node.op);
}

/** The op of a supported node. */
export function findOp(node: NodeDef): Op {
  const op = ops().get(node.op);
  if (!op) throw new Exception("LogicError", `op ${node.op} of node '${node.name}' was not checked.`);
  return op;
}

/** @throws InvalidSession naming every op among the nodes that is not supported, with its nodes. */
export function checkSupported(nodes: readonly NodeDef[], origin: string): void {
  const unsupported = new Map<string, string[]>();
  for (const node of nodes) {
    if (!ops().has(node.op))
      unsupported.set(node.op, [...(unsupported.get(node.op) ?? []), `'${node.name}'`]);
  }
  if (unsupported.size === 0) return;
  const list = [...unsupported].map(([op, names]) => {
    const shown = names.slice(0, 3).join(", ");
    return `${op} (${names.length > 3 ? `${shown} and ${names.length - 3} more` : shown})`;
  });
  throw invalid(
    `the outputs need the op${list.length > 1 ? "s" : ""} ${list.join(", ")} of '${origin}', which the reference ` +
      "engine does not have; choose another engine or freeze the graph without training nodes",
  );
}

/** @throws InvalidSession naming the first node whose inputs are not possible. */
export function checkInputs(index: GraphIndex): void {
  for (const node of index.graph.nodes) {
    const op = ops().get(node.op);
    const fault = op && inputFault(index, node, op);
    if (fault) throw invalid(`node '${node.name}' (${node.op}) ${fault}`);
  }
}

function inputFault(index: GraphIndex, node: NodeDef, op: Op): string | undefined {
  const inputs = index.inputs(node).filter((input) => !input.isControl);
  const [least, most] = typeof op.arity === "number" ? [op.arity, op.arity] : op.arity;
  const expected = least === most ? `${least}` : `${least} to ${most}`;
  if (inputs.length < least || inputs.length > most)
    return `has ${inputs.length} inputs and needs ${expected}`;
  const wrong = inputs.find(({ node: name, port }) => port >= outputCount(index.node(name)));
  return wrong && `reads output ${wrong.port} of '${wrong.node}', which has fewer outputs`;
}

/** Outputs of a node; of an unsupported op, which is reported when it is needed, any number. */
function outputCount(node: NodeDef | undefined): number {
  const op = node && ops().get(node.op);
  return op ? (op.outputs?.(node) ?? 1) : Number.POSITIVE_INFINITY;
}

function invalid(what: string): Exception {
  return new Exception("InvalidSession", `error while attaching graphDef to session: ${what}.`);
}
