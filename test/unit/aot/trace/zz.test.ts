import { it } from "vitest";
import { writeSync } from "node:fs";
import { randomGraph } from "./randomGraphs.test.js";
import { compareWithReference, traced } from "./compareWithReference.js";
it("zzseeds", () => {
  for (const seed of (process.env.ZZ ?? "").split(",").map(Number)) {
    const { graph, runs } = randomGraph(seed);
    for (const n of graph.nodes) writeSync(2, `${n.name} = ${n.op}(${n.inputs.join(", ")}) ${n.op === "Const" ? (n.attrs.value?.tensor?.dtype)+JSON.stringify(n.attrs.value?.tensor?.shape)+[...(n.attrs.value?.tensor?.data as never as number[])] : ""}\n`);
    for (const run of runs) {
    try { compareWithReference(graph, [run], ["z"]); } catch (e) { writeSync(2, String(e) + "\n");
    writeSync(2, JSON.stringify(run, (k, v) => ArrayBuffer.isView(v) ? [...v as never] : v)+"\n"); break}
    }
  }
});
