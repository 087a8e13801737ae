/** The passes against the steps they were given: random programs, and what is known to be hard for them. */
import { describe, expect, it } from "vitest";
import { planMemory } from "../../../../framework/aot/passes/planMemory.js";
import { roundUp } from "../../../../framework/aot/kernel/ir.js";
import { visit } from "../../../../framework/aot/passes/access.js";
import { call, constantElement, read } from "../../../../framework/aot/tensor/element.js";
import type { Step } from "../../../../framework/aot/tensor/ir.js";
import { LoopIndex, sizeOf, Storage, View } from "../../../../framework/aot/tensor/View.js";
import type { TracedGraph } from "../../../../framework/aot/lower/traceGraph.js";
import { Random } from "../codegen/randomSteps.js";
import { RandomSteps } from "./randomSteps.js";
import { showSteps } from "./showSteps.js";
import { keptOf, optimized, runSteps, runThreeTimes } from "./StepMachine.js";

const first = Number(process.env.PASSES_FIRST_SEED ?? 0);

function randomInputs(random: Random): number[][] {
  const floats = () => Array.from({ length: 6 }, () => random.below(9) - 4);
  return [floats(), floats(), [random.below(2)], [random.below(2), random.below(2)]];
}

describe("random programs of steps", () => {
  it.each([0, 1, 2, 3])("give the same bits after the passes and in one arena, part %i", (part) => {
    let before = 0;
    let after = 0;
    let separate = 0;
    let shared = 0;
    for (let seed = first + part * 500; seed < first + (part + 1) * 500; seed++) {
      const random = new Random(seed);
      const graph = new RandomSteps(random).graph(2 + random.below(8));
      const steps = optimized(graph);
      const arenaBytes = planMemory(steps, keptOf(graph));
      before += count(graph.steps);
      after += count(steps);
      shared += arenaBytes;
      separate += separateBytes(graph, steps);
      expect(arenaBytes % 64).toBe(0);
      expect(arenaBytes).toBeLessThanOrEqual(separateBytes(graph, steps));
      for (let run = 0; run < 3; run++) {
        const inputs = randomInputs(random);
        const [plain, fused, planned] = runThreeTimes(graph, inputs);
        const what = `seed ${seed}`;
        if (process.env.PASSES_SHOW && String(plain) !== String(fused))
          console.log(showSteps(graph.steps), "\n", showSteps(steps));
        expect(fused, `${what}, passes`).toEqual(plain);
        expect(planned, `${what}, arena`).toEqual(plain);
      }
    }
    expect(after).toBeLessThan(0.8 * before);
    expect(shared).toBeLessThan(0.95 * separate);
  });
});

function count(steps: readonly Step[]): number {
  let total = 0;
  visit(steps, () => total++);
  return total;
}

/** What the steps' memory would be if each storage had its own, with the status block. */
function separateBytes(graph: TracedGraph, steps: readonly Step[]): number {
  const storages = new Set(keptOf(graph));
  visit(steps, (step) => {
    if ("out" in step) storages.add(step.out.storage);
  });
  return [...storages].reduce((sum, { count }) => sum + Math.max(64, roundUp(4 * count)), 64);
}

describe("the passes", () => {
  const vector = (name: string) => View.of(new Storage(name, "float32", 4), [4]);
  const [x, out] = [vector("x"), vector("out")];
  const map = (to: View, value: ReturnType<typeof read>): Step => ({
    kind: "map",
    origin: "map",
    out: to,
    value,
  });
  const graphOf = (...steps: Step[]): TracedGraph => ({ inputs: [x], outputs: [out], steps });
  const input = [[1, 2, 3, 4]];

  function expectSame(graph: TracedGraph, ...expected: number[]): readonly Step[] {
    for (const result of runThreeTimes(graph, input)) expect(result).toEqual([expected]);
    return optimized(graph);
  }

  it("join a chain of maps into one step", () => {
    const [a, b] = [vector("a"), vector("b")];
    const steps = expectSame(
      graphOf(
        map(a, call("add", read(x), read(x))),
        map(b, call("neg", read(a))),
        map(out, read(b.reverse(0))),
      ),
      -8,
      -6,
      -4,
      -2,
    );
    expect(steps).toHaveLength(1);
  });

  it("do not write in place what is read in another order", () => {
    const [state, next] = [vector("state"), vector("next")];
    const loop = (value: Step[]): Step => ({
      kind: "loop",
      origin: "loop",
      index: new LoopIndex("i"),
      count: 3,
      condition: undefined,
      body: value,
    });
    const turn = loop([map(next, read(state.reverse(0))), map(state, read(next))]);
    expectSame(graphOf(map(state, read(x)), turn, map(out, read(state))), 4, 3, 2, 1);
    const sum: Step = {
      kind: "reduce",
      origin: "sum",
      out: next,
      op: "sum",
      inner: [4],
      value: read(state.broadcast([4, 4])),
      epilogue: { kind: "accumulator", dtype: "float32" },
    };
    const sums = loop([sum, map(state, read(next))]);
    expectSame(graphOf(map(state, read(x)), sums, map(out, read(state))), 160, 160, 160, 160);
  });

  it("do not write a contraction over its own operand, as the state of a recurrent layer would be", () => {
    const [state, next] = [vector("state"), vector("next")];
    const weights = View.of(
      new Storage(
        "w",
        "float32",
        16,
        Float32Array.from({ length: 16 }, (_, i) => i % 3),
      ),
      [4, 4],
    );
    const product: Step = {
      kind: "contract",
      origin: "product",
      out: next.reshape([1, 4]) as View,
      left: state.reshape([1, 4]) as View,
      right: weights.broadcast([1, 4, 4]),
      epilogue: { kind: "accumulator", dtype: "float32" },
    };
    const body = [product, map(state, read(next))];
    const index = new LoopIndex("i");
    const loop: Step = { kind: "loop", origin: "loop", index, count: 2, condition: undefined, body };
    const graph = graphOf(map(state, read(x)), loop, map(out, read(state)));
    const [plain, ...others] = runThreeTimes(graph, input);
    for (const result of others) expect(result).toEqual(plain);
  });

  it("do update in place what each element is for itself", () => {
    const [state, next] = [vector("state"), vector("next")];
    const body = [map(next, call("add", read(state), read(x))), map(state, read(next))];
    const loop: Step = {
      kind: "loop",
      origin: "loop",
      index: new LoopIndex("i"),
      count: 3,
      condition: undefined,
      body,
    };
    const steps = expectSame(graphOf(map(state, read(x)), loop, map(out, read(state))), 4, 8, 12, 16);
    expect(count(steps)).toBe(4);
  });

  it("tell a fixed row from a row at the loop's index", () => {
    const rows = View.of(new Storage("rows", "float32", 8), [2, 4]);
    const [total, index] = [vector("total"), new LoopIndex("i")];
    const value = call("sub", read(rows.at(0, 0)), read(rows.atIndex(0, index)));
    const body = [
      map(rows, call("mul", read(x, [2, 4]), read(View.of(scale, [2, 1]), [2, 4]))),
      map(total, call("add", read(total), value)),
    ];
    const loop: Step = { kind: "loop", origin: "loop", index, count: 2, condition: undefined, body };
    expectSame(
      graphOf(map(total, constantElement("float32", 0)), loop, map(out, read(total))),
      -9,
      -18,
      -27,
      -36,
    );
  });
  const scale = new Storage("scale", "float32", 2, Float32Array.from([1, 10]));

  it("end soon for a value that is doubled many times", () => {
    const values = Array.from({ length: 60 }, (_, i) => vector(`v${i}`));
    const steps = values.map((to, i) =>
      map(to, call("add", read(values[i - 1] ?? x), read(values[i - 1] ?? x))),
    );
    const graph = graphOf(...steps, map(out, read(values.at(-1) as View)));
    const started = performance.now();
    const joined = optimized(graph);
    expect(performance.now() - started).toBeLessThan(2000);
    expect(joined.length).toBeLessThan(15);
    expect(runSteps(graph, input, joined)).toEqual([[1, 2, 3, 4].map((value) => value * 2 ** 60)]);
  });

  it("keep in memory what an inner loop that may not run has left from the round before", () => {
    const [left, other, total] = [vector("left"), vector("other"), vector("total")];
    const condition = View.of(new Storage("c", "bool", 1), []);
    const one = (value: number) => constantElement("float32", value);
    const outer = new LoopIndex("outer");
    const inner: Step = {
      kind: "loop",
      origin: "inner",
      index: new LoopIndex("inner"),
      count: undefined,
      condition,
      body: [
        map(left, call("add", read(x), read(total))),
        { kind: "map", origin: "map", out: condition, value: constantElement("bool", 0) },
      ],
    };
    const body: Step[] = [
      {
        kind: "reduce",
        origin: "r",
        out: other,
        op: "sum",
        inner: [2],
        value: read(total.insertAxis(1), [4, 2]),
        epilogue: { kind: "accumulator", dtype: "float32" },
      },
      map(total, call("add", call("sqrt", read(other.reverse(0))), call("sqrt", read(other)))),
      inner,
      map(total, call("add", read(total), read(left))),
    ];
    const loop: Step = { kind: "loop", origin: "outer", index: outer, count: 2, condition: undefined, body };
    const graph = graphOf(
      map(total, one(0)),
      { kind: "map", origin: "map", out: condition, value: constantElement("bool", 1) },
      loop,
      map(out, read(total)),
    );
    const [plain, ...others] = runThreeTimes(graph, input);
    for (const result of others) expect(result).toEqual(plain);
  });

  it("drop what nobody reads, and with it loops and branches that have become empty", () => {
    const [a, b] = [vector("a"), vector("b")];
    const condition = View.of(new Storage("c", "bool", 1, new Uint8Array([1])), []);
    const inner: Step = {
      kind: "if",
      origin: "if",
      condition,
      then: [map(a, read(x))],
      else: [map(b, read(a))],
    };
    const loop: Step = {
      kind: "loop",
      origin: "loop",
      index: new LoopIndex("i"),
      count: 2,
      condition: undefined,
      body: [inner, map(b, call("add", read(b), read(x)))],
    };
    expect(expectSame(graphOf(map(a, read(x)), loop, map(out, read(x))), 1, 2, 3, 4)).toHaveLength(1);
  });

  it("give memory that is no longer read to the next", () => {
    const values = Array.from({ length: 20 }, (_, i) => View.of(new Storage(`v${i}`, "float32", 100), [100]));
    const last = View.of(new Storage("last", "float32", 100), [100]);
    const start = map(values[0] as View, constantElement("float32", 1));
    const steps = values.slice(1).map((to, i) => map(to, read((values[i] as View).reverse(0))));
    const bytes = planMemory([start, ...steps, map(last, read(values.at(-1) as View))], [last.storage]);
    expect(bytes).toBe(64 + 3 * 448);
  });

  it("give an empty tensor a place too", () => {
    const empty = View.of(new Storage("empty", "float32", 0), [0]);
    expect(planMemory([], [empty.storage, empty.storage])).toBe(128);
    expect(sizeOf(empty.shape)).toBe(0);
    expect(empty.storage.block).toMatchObject({ place: 64, sizeBytes: 64 });
  });
});
