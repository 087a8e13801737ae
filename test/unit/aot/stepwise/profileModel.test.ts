/** Profiles: the steps that are timed one by one compute what the whole does, and cost what was worked out by hand. */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import "../../../../framework/aot/engine/register.js";
import { compileLoaded, compileStepwise, loadForCompiler } from "../../../../framework/aot/compile.js";
import { loadUnit } from "../../../../framework/aot/loadUnit.js";
import { profileModel } from "../../../../framework/aot/stepwise/profileModel.js";
import { StepwiseUnit } from "../../../../framework/aot/stepwise/StepwiseUnit.js";
import { machineCompiler } from "../../../../framework/aot/targets.js";
import type { TargetName } from "../../../../framework/aot/Unit.js";
import type { Profile } from "../../../../framework/tensorflow/cost/Profile.js";
import type { GraphDef } from "../../../../framework/tensorflow/GraphDef.js";
import { loadGraph } from "../../../../framework/tensorflow/savedmodel/SavedModel.js";
import { Tensor } from "../../../../framework/tensorflow/Tensor.js";
import { floats, graphOf, node, placeholder } from "../../tensorflow/buildGraph.js";
import { loop } from "../../tensorflow/cost/loopGraph.js";

const shared = process.env.CMSRUN_SHARED ?? "";
const targets = [...(hasCompiler() ? (["native"] as const) : []), "wasm"] as const;

function hasCompiler(): boolean {
  try {
    machineCompiler();
    return true;
  } catch {
    process.stderr.write("there is no C compiler: profiles of native code are NOT tested\n");
    return false;
  }
}

const layer = graphOf(
  placeholder("x", "float32", [-1, 20]),
  floats("w", [20, 64], [0.5, -0.25]),
  floats("b", [64], [1]),
  node("product", "MatMul", ["x", "w"]),
  node("sum", "BiasAdd", ["product", "b"]),
  node("y", "Tanh", ["sum"]),
);
const values = (count: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(i));
const x = new Tensor("float32", [2, 20], values(40));

function runBoth(
  graph: GraphDef,
  given: Record<string, Tensor>,
  fetches: readonly string[],
  target: TargetName,
) {
  const loaded = loadForCompiler(graph);
  const feeds = Object.entries(given).map(([name, { dtype, shape }]) => ({ name, dtype, shape }));
  const tensors = Object.values(given);
  const stepwise = new StepwiseUnit(compileStepwise(loaded, feeds, fetches, target));
  stepwise.run(tensors);
  const steps = stepwise.run(tensors).map(({ data }) => [...(data as Float32Array)]);
  const unit = loadUnit(compileLoaded(loaded, feeds, fetches, target));
  for (const [i, slot] of unit.inputs.entries())
    (slot.data as Float32Array).set(tensors[i]?.data as Float32Array);
  unit.run();
  return { steps, whole: unit.outputs.map(({ data }) => [...(data as Float32Array)]) };
}

describe.each(targets)("steps of %s code, one by one", (target) => {
  it("give the bits of the whole", () => {
    const { steps, whole } = runBoth(layer, { "x:0": x }, ["y:0"], target);
    expect(steps).toEqual(whole);
    expect(new Set(steps[0]).size).toBeGreaterThan(1);
  });

  it("go through loops as the whole does", () => {
    const start = new Tensor("float32", [1, 3], values(3));
    const { steps, whole } = runBoth(loop(4), { "x:0": start }, ["result:0"], target);
    expect(steps).toEqual(whole);
  });

  it.skipIf(shared === "")("do so in a real model with loops", () => {
    const graph = loadGraph(join(shared, "models", "gru", "saved_model"));
    const inputs = Object.values(graph.signature?.inputs ?? {});
    const given = inputs.map(({ name: tensor, shape }) => {
      const sizes = (shape ?? []).map((size) => Math.abs(size));
      return [tensor, new Tensor("float32", sizes, values(sizes.reduce((a, b) => a * b, 1)))] as const;
    });
    const outputs = Object.values(graph.signature?.outputs ?? {}).map((output) => output.name);
    const { steps, whole } = runBoth(graph, Object.fromEntries(given), outputs, target);
    expect(steps).toEqual(whole);
  });
});

describe("profileModel", () => {
  const total = (profile: Profile) => profile.rows.reduce((sum, { flops }) => sum + flops, 0);

  it("has a row a node in the reference engine", () => {
    const profile = profileModel(layer, [["x", x]], ["y"], { engine: "reference", runs: 5 });
    expect(profile.rows.map(({ node: name }) => name)).toEqual(["product", "sum", "y"]);
    expect(profile.rows[0]).toMatchObject({
      op: "MatMul",
      kind: "reference",
      runs: 1,
      shape: [2, 64],
      bytes: 512,
    });
    expect(profile.rows.map(({ flops }) => flops)).toEqual([2 * 2 * 20 * 64, 128, 128]);
    expect(profile.totalUs).toBeGreaterThan(0);
    expect(profile.constantBytes).toBe(4 * (20 * 64 + 64));
    expect(profile.arenaBytes).toBeGreaterThanOrEqual(512);
  });

  it("has a row a kernel in compiled code, and counts what is fused in it", () => {
    const profile = profileModel(layer, [["x", x]], ["y"], {
      engine: "compiled",
      engineTarget: "wasm",
      runs: 5,
    });
    const [contract] = profile.rows.filter(({ kind }) => kind === "contract");
    expect(contract).toMatchObject({ op: "MatMul", shape: [2, 64], runs: 1 });
    expect(contract?.us).toBeGreaterThan(0);
    // Everything but the copy to the outputs, in which a NaN may be made the one that TensorFlow gives.
    expect(total(profile)).toBeGreaterThanOrEqual(2 * 2 * 20 * 64 + 256);
    expect(total(profile)).toBeLessThanOrEqual(2 * 2 * 20 * 64 + 256 + 3 * 128);
    expect(profile.notes.join()).toContain("a row is a kernel");
  });

  it("counts the rounds of a loop", () => {
    const start = new Tensor("float32", [1, 3], values(3));
    const profile = profileModel(loop(4), [["x", start]], ["result"], {
      engine: "compiled",
      engineTarget: "wasm",
      runs: 5,
    });
    const [contract] = profile.rows.filter(({ kind }) => kind === "contract");
    expect(contract?.runs).toBe(4);
    expect(contract?.flops).toBe(4 * 18);
  });

  it("times what is not compiled in the reference engine, and says why", () => {
    const graph = graphOf(
      placeholder("x", "float32", [-1, 20]),
      node("a", "Exp", ["x"]),
      node("found", "Where", ["a"]),
      node("places", "Cast", ["found"], { SrcT: { type: 9 }, DstT: { type: 1 } }),
      node("y", "Tanh", ["places"]),
    );
    const profile = profileModel(graph, [["x", x]], ["y"], {
      engine: "compiled",
      engineTarget: "wasm",
      runs: 3,
    });
    const kinds = new Map(profile.rows.map(({ node: name, kind }) => [name, kind]));
    expect(kinds.get("found")).toBe("reference");
    expect(kinds.get("a")).toBe("map");
    expect(kinds.get("y")).toBe("map");
    expect(profile.notes.join()).toContain("'found' (Where) cannot be compiled");
  });

  it("refuses what a session refuses, and inputs without elements", () => {
    expect(() => profileModel(layer, [], ["y"])).toThrow(/input 'x' .*is not fed/);
    expect(() => profileModel(layer, [["x", new Tensor("float32", [0, 20])]], ["y"])).toThrow(
      /nothing to time/,
    );
  });
});

if (shared === "") process.stderr.write("CMSRUN_SHARED is not set: profiles of real models are NOT tested\n");
