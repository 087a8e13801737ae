import { it } from "vitest";
import { writeSync } from "node:fs";
import { randomGraph } from "./randomGraphs.test.js";
import { createSession } from "../../../../framework/tensorflow/Session.js";
import { traced } from "./compareWithReference.js";
import { runSteps, optimized } from "../passes/StepMachine.js";
it("seeds", () => {
  for (let seed = 0; seed < 100; seed++) {
    const { graph, runs } = randomGraph(seed);
    writeSync(2, `${Math.round(performance.now())} seed ${seed} nodes ${graph.nodes.length}\n`);
    try { createSession(graph, { engine: "reference" }).run(runs[0] as never, ["z"]); } catch (e) { writeSync(2, String(e) + "\n"); }
    writeSync(2, `${Math.round(performance.now())} ref\n`);
    const t = traced(graph, runs[0] as never, ["z"]);
    writeSync(2, `${Math.round(performance.now())} traced ${typeof t === "string" ? t : t.steps.length}\n`);
    if (typeof t === "string") continue;
    optimized(t);
    writeSync(2, `${Math.round(performance.now())} opt\n`);
    try { runSteps(t, Object.values(runs[0] as never).map((x: any) => Array.from(x.data)) as never); } catch (e) { writeSync(2, String(e) + "\n"); }
  }
});
