/** Dense networks of random size and weights, each told by its number: what a server loads and unloads. */
import type { GraphDef } from "../../../../framework/tensorflow/GraphDef.js";
import { floats, graphOf, node, placeholder, type TestNode } from "../../tensorflow/buildGraph.js";
import { Random } from "../codegen/randomSteps.js";

export const width = 24;

/** "x" [-1, 24] → "y" [-1, units]; models of numbers that differ by 10 have their first layer in common. */
export function denseNodes(number: number, weights = number): readonly TestNode[] {
  const sizes = new Random(number);
  const units = Array.from({ length: 2 + sizes.below(2) }, () => 16 * (4 + sizes.below(20)));
  const inputs = [width, 128, ...units];
  const outputs = [128, ...units, 8];
  const nodes: TestNode[] = [placeholder("x", "float32", [-1, width])];
  for (const [layer, from] of inputs.entries()) {
    const to = outputs[layer] as number;
    const values = new Random(1000 * layer + (layer === 0 ? weights % 10 : weights));
    const few = (count: number) => Array.from({ length: count }, () => (values.below(2001) - 1000) / 3000);
    const last = layer === 0 ? "x" : `relu${layer - 1}`;
    nodes.push(
      floats(`w${layer}`, [from, to], few(from * to)),
      floats(`b${layer}`, [to], few(to)),
      node(`product${layer}`, "MatMul", [last, `w${layer}`]),
      node(`sum${layer}`, "BiasAdd", [`product${layer}`, `b${layer}`]),
      node(`relu${layer}`, "Relu", [`sum${layer}`]),
    );
  }
  return [...nodes, node("y", "Softmax", [`relu${inputs.length - 1}`])];
}

export function denseModel(number: number, weights = number): GraphDef {
  return graphOf(...denseNodes(number, weights));
}

/** Rows that every thread makes alike. */
export function rowsOf(count: number): Float32Array {
  return Float32Array.from({ length: count * width }, (_, i) => Math.sin(i * 1.7 + i * i * 0.01));
}
