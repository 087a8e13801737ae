/** How the page groups a graph: by scopes, constants with their readers, lines where nodes only hand on. */
import { describe, expect, it } from "vitest";
import type { NodeView } from "../../../../framework/cli/graphView/GraphViewData.js";
import { buildHierarchy, Group, type Item } from "../../../../framework/cli/graphView/page/hierarchy.js";
import { openAtFirst, openGroups } from "../../../../framework/cli/graphView/page/openAtFirst.js";
import { linksOf, visibleEdges } from "../../../../framework/cli/graphView/page/visible.js";

const view = (name: string, op: string, ...inputs: [number, number][]): NodeView => ({
  name,
  op,
  inputs,
  attrs: [],
  elements: 8,
  flops: 1,
});
const nodes = [
  view("x", "Placeholder"),
  view("model/dense/w", "Const"),
  view("model/dense/w/read", "Identity", [1, 0]),
  view("model/dense/MatMul", "MatMul", [0, 0], [2, 0]),
  view("model/dense/Relu", "Relu", [3, 0]),
  view("model/Identity", "Identity", [4, 0]),
  view("model/out/Softmax", "Softmax", [5, 0]),
  view("Identity", "Identity", [6, 0]),
  view("model/NoOp", "NoOp", [6, -1]),
];
const outputs = new Set([7]);

function shown(item: Item, list: readonly NodeView[] = nodes): unknown {
  if (!(item instanceof Group)) return list[item]?.name;
  return { [item.label]: item.children.map((child) => shown(child, list)) };
}

describe("buildHierarchy", () => {
  it("groups by scope, without constants and what only hands on", () => {
    const { root, hidden, labels } = buildHierarchy(nodes, outputs, false);
    expect(shown(root)).toEqual({
      graph: [
        "x",
        { model: [{ dense: ["model/dense/MatMul", "model/dense/Relu"] }, "model/out/Softmax"] },
        "Identity",
      ],
    });
    expect(labels.get(6)).toBe("out/Softmax");
    expect(hidden).toBe(2);
    expect([root.count, root.flops]).toEqual([5, 5]);
  });

  it("has everything when asked", () => {
    const { hidden, groupOf } = buildHierarchy(nodes, outputs, true);
    expect(hidden).toBe(0);
    expect(groupOf.map((group) => group !== undefined)).toEqual([
      true,
      false,
      false,
      true,
      true,
      true,
      true,
      true,
      true,
    ]);
  });

  it("cuts a level of thousands into parts", () => {
    const flat = Array.from({ length: 5000 }, (_, i) =>
      view(`n${i}`, "Relu", ...(i > 0 ? ([[i - 1, 0]] as [number, number][]) : [])),
    );
    const { root, depthOf } = buildHierarchy(flat, new Set(), false);
    expect(root.children.length).toBeLessThanOrEqual(100);
    expect(root.count).toBe(5000);
    expect(depthOf(4999)).toBe(4999);
    expect(openGroups(root).size).toBe(1);
  });
});

describe("visibleEdges", () => {
  const hierarchy = buildHierarchy(nodes, outputs, false);
  const links = linksOf(nodes, hierarchy);
  const [, model] = hierarchy.root.children as [Item, Group];

  it("joins what closed scopes hide", () => {
    const edges = visibleEdges(nodes, hierarchy, links, new Set([hierarchy.root]));
    const drawn = (edges.get(hierarchy.root) ?? []).map(({ from, to }) => [
      shown(from as Item),
      shown(to as Item),
    ]);
    expect(drawn).toEqual([
      ["x", shown(model)],
      [shown(model), "Identity"],
    ]);
    expect(edges.size).toBe(1);
  });

  it("leads edges into and out of open ones, through nodes that only hand on", () => {
    const edges = visibleEdges(nodes, hierarchy, links, new Set([hierarchy.root, model]));
    const [dense] = model.children;
    expect((edges.get(model) ?? []).map(({ from, to }) => [from, to])).toEqual([
      ["in", dense],
      [dense, 6],
      [6, "out"],
    ]);
  });

  it("does not draw a number that everybody reads", () => {
    const many = [
      { ...view("phase", "Placeholder"), elements: 1 },
      ...Array.from({ length: 20 }, (_, i) => view(`n${i}`, "Relu", [0, 0])),
    ];
    const flat = buildHierarchy(many, new Set(), false);
    const all = linksOf(many, flat);
    expect(all).toHaveLength(20);
    expect(visibleEdges(many, flat, all, new Set([flat.root])).size).toBe(0);
  });
});

describe("openAtFirst", () => {
  it("opens small graphs wholly, and one large scope", () => {
    const { root } = buildHierarchy(nodes, outputs, false);
    expect(openAtFirst(root).size).toBe(3);
    const large = Array.from({ length: 60 }, (_, i) => view(`model/n${i}`, "Relu"));
    const { root: one } = buildHierarchy([view("x", "Placeholder"), ...large], new Set(), false);
    expect(openAtFirst(one).size).toBe(2);
  });
});
