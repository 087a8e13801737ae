import { describe, expect, it } from "vitest";
import { compileSchedule, flag, type ScheduledModule } from "../../../framework/engine/compileSchedule.js";

interface Given {
  /** Path → labels in order; a name that begins with "e" is an end path, with "f" a final path. */
  readonly paths: Readonly<Record<string, readonly string[]>>;
  /** Label → labels it reads. */
  readonly reads?: Readonly<Record<string, readonly string[]>>;
  readonly tasks?: readonly string[];
}

/** The compiled steps as `path:label`, on-demand ones in brackets. */
function steps({ paths, reads = {}, tasks = [] }: Given): string[] {
  const labels = new Set([...Object.values(paths).flat(), ...tasks]);
  const modules = new Map(
    [...labels].map((label): [string, ScheduledModule] => [
      label,
      { label, type: "T", reads: reads[label] ?? [], isUnscheduled: tasks.includes(label) },
    ]),
  );
  const kind = (name: string) =>
    name.startsWith("e") ? "EndPath" : name.startsWith("f") ? "FinalPath" : "Path";
  const described = Object.entries(paths).map(
    ([name, items]) =>
      ({
        name,
        kind: kind(name),
        modules: items.map((label) => ({ label, mark: "none" as const })),
      }) as const,
  );
  const { workers, stepWorker, stepPath, stepFlags, paths: names } = compileSchedule(described, modules);
  return [...stepWorker].map((worker, step) => {
    const label = workers[worker] as string;
    const isOnDemand = ((stepFlags[step] as number) & flag.onDemand) !== 0;
    return `${names[stepPath[step] as number]?.name}:${isOnDemand ? `[${label}]` : label}`;
  });
}

describe("the compiled order", () => {
  it.each<[string, Given, string]>([
    ["keeps the order of a path", { paths: { p: ["a", "b", "c"] } }, "p:a p:b p:c"],
    [
      "puts a producer on a later path first",
      { paths: { p: ["c"], q: ["a", "b"] }, reads: { c: ["b"] } },
      "q:a q:b p:c",
    ],
    [
      "puts a module in a task right before its first consumer",
      { paths: { p: ["a", "b", "c"] }, reads: { b: ["t"], c: ["t"] }, tasks: ["t"] },
      "p:a p:[t] p:b p:c",
    ],
    [
      "puts it before its consumer on each path",
      { paths: { p: ["f", "a"], q: ["b"] }, reads: { a: ["t"], b: ["t"] }, tasks: ["t"] },
      "p:f p:[t] p:a q:[t] q:b",
    ],
    [
      "follows chains of tasks",
      { paths: { p: ["a"] }, reads: { a: ["t3", "t1"], t3: ["t2"], t2: ["t1"] }, tasks: ["t1", "t2", "t3"] },
      "p:[t1] p:[t2] p:[t3] p:a",
    ],
    [
      "lets a module in a task read one on another path",
      { paths: { p: ["a"], q: ["b"] }, reads: { a: ["t"], t: ["b"] }, tasks: ["t"] },
      "q:b p:[t] p:a",
    ],
    ["leaves out what nothing consumes", { paths: { p: ["a"] }, tasks: ["t"] }, "p:a"],
    [
      "demands nothing for a final path",
      { paths: { p: ["a"], f: ["out"] }, reads: { out: ["a", "t"] }, tasks: ["t"] },
      "p:a f:out",
    ],
    [
      "demands for an end path",
      { paths: { p: ["a"], e: ["out"] }, reads: { out: ["a", "t"] }, tasks: ["t"] },
      "p:a e:[t] e:out",
    ],
    [
      "takes a module that is on a path too as made there",
      { paths: { p: ["a"], q: ["b"], e: ["b"] }, reads: { a: ["b"] } },
      "q:b p:a e:b",
    ],
  ])("%s", (_what, given, expected) => {
    expect(steps(given).join(" ")).toBe(expected);
  });

  it("has every producer before its consumers, for any set of paths without circles", () => {
    let seed = 1;
    const random = (n: number) => {
      seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
      return (seed >> 8) % n;
    };
    for (let round = 0; round < 200; round++) {
      const count = 3 + random(12);
      const labels = Array.from({ length: count }, (_, i) => `m${i}`);
      const tasks = labels.filter(() => random(3) === 0);
      // A module reads only ones before it, and paths keep that order: no circle is possible.
      const reads = Object.fromEntries(
        labels.map((label, i) => [label, labels.slice(0, i).filter(() => random(4) === 0)]),
      );
      const onPaths = labels.filter((label) => !tasks.includes(label));
      const paths = Object.fromEntries(
        ["p", "q", "r"].map((name) => [name, onPaths.filter(() => random(2) === 0)]),
      );
      const scheduled = new Set(Object.values(paths).flat());
      const order = steps({ paths, reads, tasks });
      for (const [index, step] of order.entries()) {
        const [path, name = ""] = step.split(":");
        const label = name.replace(/[[\]]/g, "");
        for (const producer of reads[label] ?? []) {
          if (tasks.includes(producer)) expect(order.indexOf(`${path}:[${producer}]`)).toBeLessThan(index);
          else if (scheduled.has(producer))
            expect(order.findLastIndex((s) => s.endsWith(`:${producer}`))).toBeLessThan(index);
          if (tasks.includes(producer)) expect(order).toContain(`${path}:[${producer}]`);
        }
      }
    }
  });
});
