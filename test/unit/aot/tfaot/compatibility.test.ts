/** cmsml's two tools: what the check says is what compiling does; static signatures read back as what they say. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkCompatibility, verdict } from "../../../../framework/aot/tfaot/checkCompatibility.js";
import { opTable } from "../../../../framework/aot/tfaot/opTable.js";
import { ServingSignature } from "../../../../framework/aot/tfaot/ServingSignature.js";
import { encodeStaticModel } from "../../../../framework/aot/tfaot/staticSavedModel.js";
import { loadSavedModel } from "../../../../framework/tensorflow/savedmodel/SavedModel.js";
import { createSession } from "../../../../framework/tensorflow/Session.js";
import { Tensor } from "../../../../framework/tensorflow/Tensor.js";
import { compileGraph } from "./fakeCompiler.js";
import { calc, temporaryFolder, twice, writeSavedModel } from "./savedModels.js";

const folder = temporaryFolder();
const supported = new Set(["Mul", "Const"]);

function check(model: Parameters<typeof writeSavedModel>[1]) {
  writeSavedModel(join(folder, "model"), model);
  return checkCompatibility(join(folder, "model"), "serving_default", compileGraph, supported);
}

describe("the check", () => {
  it("says that all is well when the model compiles, whatever the list of ops", () => {
    const found = check(calc);
    expect(verdict(found)).toBe("cpu: all ops compatible");
    expect([...found.ops.keys()].sort()).toEqual(["Cast", "Const", "LogicalNot", "MatMul", "Mul"]);
  });

  it("tries only the batch size that a model was saved for", () => {
    expect(verdict(check(twice([3, 2])))).toBe("cpu: all ops compatible");
  });

  it("names the op and the node when it does not", () => {
    const { nodes, ...rest } = twice([-1, 3]);
    const odd = [...nodes, { name: "z", op: "Erf", input: ["y"], attr: { T: { type: 1 } } }];
    const found = check({ ...rest, nodes: odd, outputs: { z: ["z:0", "float32", [-1, 3]] } });
    expect(found.problem).toBe("node 'z': op Erf cannot be compiled; use Tanh.");
    expect(verdict(found)).toBe("cpu: not compatible, 1 incompatible ops: Erf");
    expect(opTable(found.ops)).toBe(
      `
+-----------+-----+
| Operation | cpu |
+===========+=====+
| Const     | yes |
+-----------+-----+
| Erf       | NO  |
+-----------+-----+
| Mul       | yes |
+-----------+-----+`.trim(),
    );
  });

  it("names the branches that a run must not take", () => {
    const { nodes, ...rest } = twice([-1, 3]);
    const odd = [...nodes, { name: "z", op: "Log", input: ["y"], attr: { T: { type: 1 } } }];
    const found = check({ ...rest, nodes: odd, outputs: { z: ["z:0", "float32", [-1, 3]] } });
    expect(found.uncompiled).toEqual(["node 'z' (Log)"]);
    expect(verdict(found)).toBe("cpu: all ops compatible");
  });

  it("says why when no op is at fault", () => {
    expect(verdict(check(twice([-1, -1])))).toMatch(
      /^cpu: not compatible: '.*': input 'x' has the shape \[\?,\?\];/,
    );
  });
});

it("a SavedModel with static signatures has one a batch size, and computes the same", () => {
  writeSavedModel(join(folder, "model"), calc);
  const graph = loadSavedModel(join(folder, "model"));
  const bytes = encodeStaticModel(graph, new ServingSignature(graph), [1, 2], "serving_default_bs{}");
  mkdirSync(join(folder, "static"));
  writeFileSync(join(folder, "static", "saved_model.pb"), bytes);
  const read = loadSavedModel(join(folder, "static"), { signature: "serving_default_bs2" });
  expect(read.signature?.inputs.x?.shape).toEqual([2, 3]);
  expect(read.signature?.inputs.scale?.shape).toEqual([]);
  expect(read.signature?.outputs.scores?.shape).toEqual([2, 2]);
  const feeds = {
    x: new Tensor("float32", [2, 3], [1, 2, 3, 4, 5, 6]),
    scale: new Tensor("float32", [], [2]),
  };
  const results = createSession(read, { engine: "reference" }).run(Object.entries(feeds), ["scores"]);
  expect(results).toMatchObject([{ data: Float64Array.of(8, 10, 20, 22) }]);
});
