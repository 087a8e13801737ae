/** The text of a graph's page: whatever a model calls its nodes, it stays data; and only our own program may run. */
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { collectGraphView } from "../../../../framework/cli/graphView/collectGraphView.js";
import { escapeJson, graphPage } from "../../../../framework/cli/graphView/graphPage.js";
import { Tensor } from "../../../../framework/tensorflow/Tensor.js";
import { floats, graphOf, node, placeholder } from "../../tensorflow/buildGraph.js";

const hostile = "</script><script>alert(1)</script><!--\u2028";
const parts = { script: "go();", style: "p{color:red}" };

function dataOf(name: string) {
  const graph = graphOf(
    placeholder("x", "float32", [-1, 2]),
    floats("w", [2, 3], [1, 2, Number.NaN, Number.POSITIVE_INFINITY, 5, 5]),
    node(name, "MatMul", ["x", "w"]),
    node("unused", "Exp", ["x"]),
    node("unused2", "NoOp", ["^unused"]),
  );
  const feeds: [string, Tensor][] = [["x", new Tensor("float32", [1, 2])]];
  return collectGraphView({
    path: `/models/${name}`,
    graph,
    version: "1",
    feeds,
    ranOn: "one row of zeros",
    notes: [],
  });
}

describe("graphPage", () => {
  it("lets no name leave the data", () => {
    const data = dataOf(hostile);
    const page = graphPage(data, parts);
    expect(page.match(/<script/g)).toHaveLength(2);
    expect(page.match(/<!--/g)).toBeNull();
    const [, json = ""] = /id="graph">(.*?)<\/script>/s.exec(page) ?? [];
    expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(data)));
    expect(JSON.parse(json).nodes[2].name).toBe(hostile);
    expect(page).toContain("<title>script&gt;&lt;!--\u2028</title>");
  });

  it("escapes what ends a line in JavaScript", () => {
    expect(escapeJson("<\u2028\u2029")).toBe('"\\u003c\\u2028\\u2029"');
  });

  it("allows its own program and style and nothing else", () => {
    const [, policy = ""] =
      /Content-Security-Policy" content="([^"]*)"/.exec(graphPage(dataOf("y"), parts)) ?? [];
    const hash = (text: string) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain(`script-src ${hash(parts.script)};`);
    expect(policy).toContain(`style-src ${hash(parts.style)};`);
  });
});

describe("collectGraphView", () => {
  it("tells shapes, costs, constants and what is not needed", () => {
    const { nodes, flops, parameters, outputs } = dataOf("y");
    const [x, w, y, unused] = nodes;
    expect(x?.outputs).toEqual(["float32[1,2]"]);
    expect(y).toMatchObject({ outputs: ["float32[1,3]"], flops: 12, parameters: 6, runs: 1 });
    expect(y?.inputs).toEqual([
      [0, 0],
      [1, 0],
    ]);
    expect(w?.constant?.values).toEqual(["1", "2", "NaN", "Infinity", "5", "5"]);
    expect(w?.constant?.numbers).toMatchObject({ min: 1, max: 5, mean: 3.25, nans: 1, infinities: 1 });
    expect(w?.constant?.numbers?.std).toBeCloseTo(Math.sqrt((2.25 ** 2 + 1.25 ** 2 + 2 * 1.75 ** 2) / 4), 12);
    expect(w?.constant?.numbers?.bins.reduce((sum, count) => sum + count)).toBe(4);
    expect(unused?.isUnused).toBe(true);
    expect(outputs.map(({ name, node: number }) => [name, number])).toEqual([["y", 2]]);
    expect([flops, parameters]).toEqual([12, 6]);
  });

  it("shows a graph that cannot be run, and says why", () => {
    const graph = graphOf(placeholder("x", "float32", [-1]), node("y", "NoSuchOp", ["x"]));
    const feeds: [string, Tensor][] = [["x", new Tensor("float32", [1])]];
    const data = collectGraphView({ path: "m", graph, version: "1", feeds, ranOn: "", notes: [] });
    expect(data.flops).toBeUndefined();
    expect(data.notes.join()).toMatch(/Shapes and costs are not known: .*NoSuchOp/);
    expect(data.nodes.map(({ op }) => op)).toEqual(["Placeholder", "NoSuchOp"]);
  });

  it("marks what runs in the reference engine", () => {
    const graph = graphOf(
      placeholder("x", "float32", [-1]),
      node("a", "Exp", ["x"]),
      node("found", "Where", ["a"]),
      node("y", "Cast", ["found"], { SrcT: { type: 9 }, DstT: { type: 1 } }),
    );
    const feeds: [string, Tensor][] = [["x", new Tensor("float32", [1])]];
    const { nodes, notes } = collectGraphView({
      path: "m",
      graph,
      version: "1",
      feeds,
      ranOn: "",
      notes: [],
    });
    expect(nodes.map(({ uncompiled }) => uncompiled !== undefined)).toEqual([false, false, true, false]);
    expect(notes.join()).toContain("'found' (Where) cannot be compiled");
  });
});
