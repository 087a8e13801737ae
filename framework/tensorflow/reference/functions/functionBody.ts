/** A function of the graph's library with its body's references resolved: what TensorFlow calls instantiating it. */
import { Exception } from "../../../base/errors.js";
import type { FunctionDef, NodeDef } from "../../GraphDef.js";
import { outputPort } from "../../opOutputs.js";

/** The body's nodes under names with a prefix, reading `args` in place of the function's inputs. */
export interface Body {
  readonly nodes: readonly NodeDef[];
  /** The tensors that the function returns, in order. */
  readonly outputs: readonly string[];
}

/** @throws InvalidSession when the call does not fit the function, or its body names what is not there. */
export function instantiate(called: FunctionDef, prefix: string, args: readonly string[]): Body {
  if (args.length !== called.inputs.length) {
    throw invalid(
      `function '${called.name}' takes ${called.inputs.length} inputs, '${prefix}' gives ${args.length}`,
    );
  }
  const given = new Map(called.inputs.map((input, i) => [input.name, args[i] as string]));
  const nodes = new Map(called.nodes.map((node) => [node.name, node]));
  const resolve = (reference: string): string => {
    const isControl = reference.startsWith("^");
    const [name = "", output, index = "0"] = (isControl ? reference.slice(1) : reference).split(":");
    const argument = given.get(name);
    if (argument !== undefined) return isControl ? `^${argument.replace(/:\d+$/, "")}` : argument;
    const node = nodes.get(name);
    if (!node) throw invalid(`function '${called.name}' reads '${reference}', which is none of its nodes`);
    if (isControl) return `^${prefix}/${name}`;
    const port = output === undefined ? 0 : outputPort(node, output, Number(index));
    return `${prefix}/${name}:${port}`;
  };
  const outputs = called.outputs.map(({ name }) => resolve(called.ret[name] ?? ""));
  return {
    nodes: called.nodes.map((node) => ({
      ...node,
      name: `${prefix}/${node.name}`,
      inputs: node.inputs.map(resolve),
    })),
    outputs,
  };
}

export function invalid(what: string): Exception {
  return new Exception("InvalidSession", `error while attaching graphDef to session: ${what}.`);
}
