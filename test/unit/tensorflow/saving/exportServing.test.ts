/** SavedModels that we write, read again by us; what TensorFlow makes of them is in exportsInTensorflow.test.ts. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { ConcreteFunction } from "../../../../framework/tensorflow/ConcreteFunction.js";
import { fromGraphDef } from "../../../../framework/tensorflow/ConcreteFunction.js";
import type { DType } from "../../../../framework/tensorflow/dtypes.js";
import { registeredEngines } from "../../../../framework/tensorflow/engines.js";
import { type GraphDef, parseGraphDef } from "../../../../framework/tensorflow/GraphDef.js";
import {
  loadConcreteFunction,
  loadMetaGraphDef,
  loadSavedModel,
} from "../../../../framework/tensorflow/savedmodel/SavedModel.js";
import { exportServing } from "../../../../framework/tensorflow/saving/exportServing.js";
import { ModelExporter } from "../../../../framework/tensorflow/saving/ModelExporter.js";
import { writeSavedModel } from "../../../../framework/tensorflow/saving/writeSavedModel.js";
import { createSession } from "../../../../framework/tensorflow/Session.js";
import { Tensor } from "../../../../framework/tensorflow/Tensor.js";
import { constantGraphNodes, encode, graphOf, node, placeholder } from "../buildGraph.js";
import { everyType, scaling, valuesOfEveryType } from "./variableGraphs.js";

const absent = registeredEngines()
  .find(({ name }) => name === "tensorflow")
  ?.unavailable();
const folder = mkdtempSync(join(tmpdir(), "serving-"));
const out = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

const fixtures = join(import.meta.dirname, "../savedModels");
const x = new Tensor("float32", [2], [1, 2]);
const runY = (graph: GraphDef, key = "x", output = "y") => [
  ...(createSession(graph, { engine: "reference" }).run({ [key]: x }, [output])[0] as Tensor).data,
];

function invalid(make: () => ConcreteFunction | GraphDef): Promise<void> {
  return exportServing(out("refused"), make());
}

describe("exportServing", () => {
  it("writes variables of every type, read back to the bit", async () => {
    const all = Object.keys(valuesOfEveryType) as DType[];
    await exportServing(out("types"), everyType(all));
    const read = loadConcreteFunction(out("types"));
    for (const [dtype, value] of Object.entries(valuesOfEveryType))
      expect(read.variables.get(`of_${dtype}`)).toEqual(value);
    const signature = loadMetaGraphDef(out("types")).signatures[0];
    expect(signature?.inputs.int64).toEqual({ name: "int64:0", dtype: "int64", shape: [-1] });
    expect(readdirSync(out("types")).sort()).toEqual(["fingerprint.pb", "saved_model.pb", "variables"]);
  });

  it("has the tags and the key that are asked for, and tensors' names as keys", async () => {
    await exportServing(out("named"), scaling(3), {
      tags: ["serve", "gpu"],
      signatureName: "scale",
      tensorNamesAsKeys: true,
    });
    const { tags, signatures } = loadMetaGraphDef(out("named"), ["gpu", "serve"]);
    expect(tags).toEqual(["serve", "gpu"]);
    expect(
      signatures.map(({ key, inputs, outputs }) => [key, Object.keys(inputs), Object.keys(outputs)]),
    ).toEqual([["scale", ["x:0"], ["y:0"]]]);
  });

  it("writes TensorFlow 1's variables as resources under the same names", async () => {
    await exportServing(out("reference"), scaling(3, true));
    const read = loadConcreteFunction(out("reference"));
    expect(read.variables.get("w")?.data).toEqual(Float32Array.of(3));
    expect(read.graph.nodes.map(({ op }) => op)).toEqual([
      "Placeholder",
      "VarHandleOp",
      "ReadVariableOp",
      "Identity",
      "Mul",
    ]);
    expect(runY(loadSavedModel(out("reference")))).toEqual([3, 6]);
  });

  it("writes several signatures, of which equal ones share nodes and variables and others do not collide", async () => {
    await exportServing(out("several"), { a: scaling(3), b: scaling(3), c: scaling(5) });
    const { graph } = loadMetaGraphDef(out("several"));
    expect(graph.nodes.filter(({ op }) => op === "VarHandleOp").map(({ name }) => name)).toEqual([
      "w",
      "c/w",
    ]);
    expect(graph.nodes.filter(({ op }) => op === "Mul").map(({ name }) => name)).toEqual(["y", "c/y"]);
    for (const [signature, factor] of Object.entries({ a: 3, b: 3, c: 5 }))
      expect(runY(loadSavedModel(out("several"), { signature }))).toEqual([factor, 2 * factor]);
  });

  it("says in a newer graph what an old one's placeholder means", async () => {
    const nodes = [placeholder("x", "float32", []), node("y", "Neg", ["x"], { T: { type: 1 } })];
    const old = parseGraphDef(encode(nodes, 21), "old");
    await exportServing(out("ages"), { old, now: scaling(3) });
    const { graph, signatures } = loadMetaGraphDef(out("ages"));
    expect(graph.producer).toBe(1395);
    expect(graph.nodes.find(({ name }) => name === "x")?.attrs.shape?.shape).toBe(null);
    expect(signatures.map(({ inputs }) => inputs.x)).toMatchObject([
      { name: "now/x:0" },
      { name: "x:0", shape: null },
    ]);
    expect(runY(loadSavedModel(out("ages"), { signature: "old" }))).toEqual([-1, -2]);
  });

  it("keeps functions of loops and branches, and variables that signatures of one model share", async () => {
    const path = join(fixtures, "functions");
    const [first, other] = ["serving_default", "other"].map((signature) =>
      loadConcreteFunction(path, { signature }),
    );
    await exportServing(out("functions"), { first, other } as Record<string, ConcreteFunction>);
    await exportServing(out("functions_again"), {
      first: loadConcreteFunction(out("functions"), { signature: "first" }),
      other: loadConcreteFunction(out("functions"), { signature: "other" }),
    });
    const [once, twice] = [loadMetaGraphDef(out("functions")), loadMetaGraphDef(out("functions_again"))];
    expect({ ...twice.graph, origin: "" }).toEqual({ ...once.graph, origin: "" });
    expect(once.graph.nodes.filter(({ op }) => op === "VarHandleOp").length).toBe(4);
  });

  it("takes a graph without variables, and names the types of outputs that are asked for by name", async () => {
    const graph = graphOf(
      ...constantGraphNodes,
      node("best", "ArgMax", ["sum", "axis"], { T: { type: 1 }, output_type: { type: 9 } }),
      {
        name: "axis",
        op: "Const",
        attr: { dtype: { type: 3 }, value: { tensor: { dtype: 3, tensor_shape: {}, int_val: [0] } } },
      },
    );
    await exportServing(out("frozen"), graph, { outputNames: ["output", "best"] });
    expect(readdirSync(join(out("frozen"), "variables"))).toEqual([]);
    const outputs = loadMetaGraphDef(out("frozen")).signatures[0]?.outputs;
    expect(Object.values(outputs ?? {}).map(({ dtype }) => dtype)).toEqual(["int64", "float32"]);
  });

  it("is what ModelExporter writes under tensorpack's names", async () => {
    const exporter = new ModelExporter({ concreteFunction: async () => scaling(4) });
    await exporter.exportServing(out("exporter"));
    expect(loadMetaGraphDef(out("exporter")).signatures[0]).toMatchObject({
      key: "prediction_pipeline",
      inputs: { "x:0": {} },
      outputs: { "y:0": {} },
    });
    await exporter.exportCompact(out("exporter.pb"));
    expect(existsSync(out("exporter.pb"))).toBe(true);
  });

  it.skipIf(absent !== undefined)("is run by the tensorflow engine", async () => {
    await exportServing(out("engine"), { a: scaling(3), c: scaling(5, true) });
    for (const [signature, factor] of Object.entries({ a: 3, c: 5 })) {
      const session = createSession(loadSavedModel(out("engine"), { signature }), { engine: "tensorflow" });
      expect(session.run({ x }, ["y"])[0]?.data).toEqual(Float32Array.of(factor, 2 * factor));
      session.close();
    }
  });

  it("refuses a directory that is there, and leaves it alone", async () => {
    mkdirSync(out("taken"));
    writeFileSync(join(out("taken"), "mine"), "");
    await expect(exportServing(out("taken"), scaling(1))).rejects.toThrow(
      /'.*taken' exists already, and is not overwritten; remove it, or choose another name/,
    );
    expect(readdirSync(out("taken"))).toEqual(["mine"]);
    writeFileSync(out("file"), "");
    await expect(exportServing(join(out("file"), "below"), scaling(1))).rejects.toThrow(
      /cannot be written: E[A-Z]+: /,
    );
  });

  it("leaves nothing of an export that is refused", async () => {
    const failing = () =>
      writeSavedModel(out("refused"), { serve: scaling(1) }, { check: () => expect.fail("not so") });
    expect(failing).toThrow(/not so/);
    const { graph } = scaling(1);
    await expect(invalid(() => ({ graph, variables: new Map() }))).rejects.toThrow(
      /variable 'w' of 'scaling' has no value; give it one from a checkpoint with smartInit/,
    );
    const write = { name: "write", op: "AssignVariableOp", inputs: ["w", "x"], attrs: {} };
    const writing = { ...scaling(1), graph: { ...graph, nodes: [...graph.nodes, write] } };
    await expect(invalid(() => writing)).rejects.toThrow(
      /node 'write' \(AssignVariableOp\) changes a variable: this is for training/,
    );
    const sparse = { ...graph.signature, outputs: { y: { name: "y:0", dtype: undefined, shape: null } } };
    const untyped = fromGraphDef({
      ...graphOf({
        name: "y",
        op: "Const",
        attr: { dtype: { type: 8 }, value: { tensor: { dtype: 8, tensor_shape: {} } } },
      }),
      signature: sparse,
    });
    await expect(invalid(() => untyped)).rejects.toThrow(
      /'y' of signature 'serving_default' is of a type that holds no data here/,
    );
    await expect(exportServing(out("refused"), {})).rejects.toThrow(/needs at least one function/);
    const missing = {
      op: "init",
      nodes: [],
      assets: [{ tensor: "path:0", path: out("words.txt") }],
      extra: undefined,
    };
    await expect(invalid(() => ({ ...scaling(1), initialization: missing }))).rejects.toThrow(
      /the model's asset '.*words.txt' is not there any more/,
    );
    expect(readdirSync(folder).filter((name) => name.startsWith("refused"))).toEqual([]);
  });
});
