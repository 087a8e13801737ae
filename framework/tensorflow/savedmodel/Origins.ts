/** Follows the handles of variables back to where they come from, through all that only passes them on. */
import type { NodeDef } from "../GraphDef.js";
import { dataInputs, sourceOf } from "./inlineNodes.js";
import { isVariable } from "./RestoredVariables.js";

/** Ops that give what they take. */
export const passing = new Set(["Identity", "Switch", "Enter", "RefIdentity", "RefSwitch", "RefEnter"]);
export const loops = new Set(["While", "StatelessWhile"]);

/** The variable that each argument of a function is, by the argument's name; others are left out. */
type Arguments = ReadonlyMap<string, NodeDef>;

/** A handle's variable; always there, or only if a branch is taken. */
interface Origin {
  readonly variable: NodeDef;
  readonly isAlways: boolean;
}

export class Origins {
  readonly #nodes: ReadonlyMap<string, NodeDef>;
  readonly #given: Arguments;

  constructor(nodes: readonly NodeDef[], given: Arguments) {
    this.#nodes = new Map(nodes.map((node) => [node.name, node]));
    this.#given = given;
  }

  of(input: string): Origin | undefined {
    let at = input;
    let isAlways = true;
    for (let steps = 0; steps <= this.#nodes.size; steps++) {
      const name = sourceOf(at);
      const argument = this.#given.get(name);
      if (argument) return { variable: argument, isAlways };
      const node = this.#nodes.get(name);
      if (!node) return undefined;
      if (isVariable(node)) return { variable: node, isAlways };
      if (loops.has(node.op)) at = dataInputs(node)[Number(/:(\d+)$/.exec(at)?.[1] ?? 0)] ?? "";
      else if (passing.has(node.op)) at = node.inputs[0] ?? "";
      else return undefined;
      if (!node.op.endsWith("Identity") && !loops.has(node.op)) isAlways = false;
    }
    return undefined;
  }
}
