/** Random graphs and random steps in compiled code, against the reference engine and the steps' definition. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import "../../../../framework/aot/engine/register.js";
import { assemble } from "../../../../framework/aot/assemble.js";
import { takeUncompiled } from "../../../../framework/aot/engine/explanations.js";
import { compilerSettings, setCompilerSettings } from "../../../../framework/aot/engine/settings.js";
import type { View } from "../../../../framework/aot/tensor/View.js";
import { ModelMemory } from "../../../../framework/aot/ModelMemory.js";
import { instantiate } from "../../../../framework/aot/wasm/instantiate.js";
import { printWasm } from "../../../../framework/aot/wasm/printWasm.js";
import { GraphIndex } from "../../../../framework/tensorflow/GraphIndex.js";
import { viewData } from "../../../../framework/tensorflow/dtypes.js";
import { ReferenceEngine } from "../../../../framework/tensorflow/reference/ReferenceEngine.js";
import { createSession, Session } from "../../../../framework/tensorflow/Session.js";
import type { Tensor } from "../../../../framework/tensorflow/Tensor.js";
import { Random } from "../codegen/randomSteps.js";
import { RandomSteps } from "../passes/randomSteps.js";
import { runSteps } from "../passes/StepMachine.js";
import { randomGraph } from "../trace/randomGraph.js";

const before = compilerSettings();
beforeAll(() => setCompilerSettings({ cacheDirectory: null, target: "wasm" }));
afterAll(() => setCompilerSettings(before));

const first = Number(process.env.ENGINE_FIRST_SEED ?? 0);

describe("compiled code", () => {
  it("gives the reference engine's numbers for random graphs of conds and loops", () => {
    takeUncompiled();
    let count = 0;
    for (let seed = first; seed < first + 150; seed++) {
      const { graph, runs } = randomGraph(seed);
      const compiled = createSession(graph, { engine: "compiled" });
      const reference = new Session(new ReferenceEngine(1000).load(new GraphIndex(graph)));
      for (const feeds of runs) {
        const expected = outcome(reference, feeds);
        if (typeof expected === "string") continue;
        count++;
        const got = outcome(compiled, feeds);
        expect(got, `seed ${seed}`).toEqual(expected);
      }
    }
    expect(count).toBeGreaterThan(500);
    expect(takeUncompiled().length).toBeLessThan(10);
  });

  it("does what random steps say", () => {
    const target = { name: "wasm", lanes: 4, hasFma: false, vectorRegisters: 16 } as const;
    const memory = new ModelMemory();
    for (let seed = first; seed < first + 200; seed++) {
      const random = new Random(seed);
      const graph = new RandomSteps(random).graph(2 + random.below(8));
      const { program, hashes } = assemble(graph, target);
      const blocks = program.constants.map(({ bytes }, i) => ({
        hash: hashes[i] as string,
        sizeBytes: bytes.length,
      }));
      const addresses = memory.place(
        blocks,
        program.constants.map(({ bytes }) => bytes),
      );
      const arena = memory.arena(program.arenaBytes);
      const run = instantiate(printWasm(program), memory.memory, addresses);
      const dataOf = ({ storage: { dtype, block, count } }: View) =>
        viewData(dtype, memory.memory.buffer, arena + (block?.place ?? 0), count) as Float32Array;
      new Uint8Array(memory.memory.buffer, arena, program.arenaBytes).fill(255);
      const inputs = graph.inputs.map(({ count, dtype }) =>
        Array.from({ length: count }, () => (dtype === "bool" ? random.below(2) : random.below(9) - 4)),
      );
      for (const [i, values] of inputs.entries()) dataOf(graph.inputs[i] as View).set(values);
      run(arena);
      const expected = runSteps(graph, inputs) as number[][];
      for (const [i, out] of graph.outputs.entries())
        expectNear(Array.from(dataOf(out)), expected[i] as number[], `seed ${seed}`);
    }
  });
});

function outcome(session: Session, feeds: Readonly<Record<string, Tensor>>) {
  try {
    return session
      .run(feeds, ["z"])
      .map(({ shape, data }) => [[...shape], Array.from(data as Float32Array, positive)]);
  } catch (error) {
    return (error as Error).message;
  }
}

/** −0 as 0. */
function positive(value: number): number {
  return value + 0;
}

/** exp and sums in another order differ in their last bits; what they are compared to afterwards may differ then. */
function expectNear(got: readonly number[], expected: readonly number[], what: string): void {
  const isNear = got.every((value, i) => {
    const other = expected[i] as number;
    return (
      Object.is(value, other) ||
      value === other ||
      Math.abs(value - other) <= 1e-4 * Math.max(1, Math.abs(other))
    );
  });
  if (!isNear) expect(got, what).toEqual(expected);
}
