import { it } from "vitest";
import { writeSync } from "node:fs";
import { randomGraph } from "./randomGraphs.test.js";
import { compareWithReference, traced } from "./compareWithReference.js";
import { runThreeTimes, optimized } from "../passes/StepMachine.js";
import { showSteps } from "../passes/showSteps.js";
it("zzseeds", () => {
  for (const seed of (process.env.ZZ ?? "").split(",").map(Number)) {
    const { graph, runs } = randomGraph(seed);
    for (const n of graph.nodes) writeSync(2, `${n.name} = ${n.op}(${n.inputs.join(", ")}) ${n.op === "Const" ? (n.attrs.value?.tensor?.dtype)+JSON.stringify(n.attrs.value?.tensor?.shape)+[...(n.attrs.value?.tensor?.data as never as number[])] : ""}\n`);
    for (const run of runs) {
    try { compareWithReference(graph, [run], ["z"]); } catch (e) { writeSync(2, String(e) + "\n");
    const t = traced(graph, run, ["z"]) as never as Exclude<ReturnType<typeof traced>, string>;
    const inputs = Object.values(run).map(({ data }) => Array.from(data as Float32Array, Number));
    writeSync(2, JSON.stringify(runThreeTimes(t, inputs))+"\n"); 
    writeSync(2, showSteps(t.steps) + "\n\n" + showSteps(optimized(t)) + "\n");
    break}
    }
  }
});
