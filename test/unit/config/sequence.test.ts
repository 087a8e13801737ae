import { describe, expect, it } from "vitest";
import { cms as typed } from "../../../framework/config/cms.js";
import { describeProcess } from "../../../framework/config/ProcessDescription.js";

// biome-ignore lint/suspicious/noExplicitAny: plugin names are of no matter here
const cms = typed as any;

function newProcess() {
  const process = new typed.Process("TEST");
  process.source = cms.Source("EmptySource");
  for (const label of ["a", "b", "c", "d"]) process[label] = cms.EDProducer(label.toUpperCase());
  process.f = cms.EDFilter("F");
  process.show = cms.EDAnalyzer("Show");
  process.out = cms.OutputModule("Out");
  return process;
}
type Process = ReturnType<typeof newProcess>;
const described = (process: Process) => describeProcess(process, "test_cfg.ts");
const labelsOf = (process: Process) =>
  described(process).paths.map(
    ({ kind, name, modules }) =>
      `${kind} ${name}: ${modules.map(({ label, mark }) => (mark === "none" ? label : `${mark}(${label})`)).join(" ")}`,
  );

describe("paths", () => {
  it("flatten nested sequences and keep the marks", () => {
    const process = newProcess();
    process.inner = cms.Sequence(process.b, cms.not(process.f));
    process.outer = cms.Sequence(process.a, process.inner, cms.wait(process.c));
    process.p = cms.Path(process.outer, cms.ignore(process.f), cms.wait(cms.ignore(process.f)));
    expect(labelsOf(process)).toEqual(["Path p: a b not(f) wait(c) ignore(f) ignore(f)"]);
  });

  it("come first, then end paths, then final paths, in the order of the config", () => {
    const process = newProcess();
    process.z = cms.FinalPath(process.out);
    process.e = cms.EndPath(process.show);
    process.p2 = cms.Path(process.b);
    process.p1 = cms.Path();
    expect(labelsOf(process)).toEqual(["Path p2: b", "Path p1: ", "EndPath e: show", "FinalPath z: out"]);
  });

  it("follow the schedule, which also leaves modules out", () => {
    const process = newProcess();
    process.p1 = cms.Path(process.a);
    process.p2 = cms.Path(process.b);
    process.p3 = cms.Path(process.c);
    process.e = cms.EndPath(process.show);
    process.t = cms.Task(process.d);
    process.schedule = cms.Schedule(process.e, process.p2, process.p1, { tasks: [process.t] });
    expect(labelsOf(process)).toEqual(["Path p2: b", "Path p1: a", "EndPath e: show"]);
    const { modules, unscheduled } = described(process);
    expect(modules.map(({ label }) => label)).toEqual(["b", "a", "show", "d"]);
    expect([...unscheduled]).toEqual(["d"]);
  });

  it("bring in their tasks: a module that is also on a path is scheduled", () => {
    const process = newProcess();
    process.inner = cms.Task(process.b, process.a);
    process.t = cms.Task(process.inner, process.f);
    process.p = cms.Path(process.a).associate(process.t);
    expect([...described(process).unscheduled].sort()).toEqual(["b", "f"]);
  });

  it("enable services that are in a scheduled task or in none", () => {
    const process = newProcess();
    process.Timing = cms.Service("Timing");
    process.Tracer = cms.Service("Tracer");
    process.t = cms.Task(process.Tracer);
    const services = () => described(process).services.map(({ type }) => type);
    expect(services()).toEqual(["MessageLogger", "Timing"]);
    process.p = cms.Path(process.a, process.t);
    expect(services()).toEqual(["MessageLogger", "Timing", "Tracer"]);
  });

  it("can be changed: insert, remove, replace, append", () => {
    const process = newProcess();
    process.s = cms.Sequence(process.b);
    process.p = cms.Path(process.a, process.s);
    process.p.insert(0, process.c);
    expect([process.p.remove(process.b), process.p.remove(process.d)]).toEqual([true, false]);
    process.s.add(process.d);
    process.p.replace(process.a, cms.not(process.f));
    process.schedule = cms.Schedule();
    process.schedule.append(process.p);
    expect(labelsOf(process)).toEqual(["Path p: c not(f) d"]);
  });
});

describe("what cannot be on a path", () => {
  it.each<[string, (process: Process) => unknown, string]>([
    ["undefined", () => cms.Path(undefined), "cms.Path takes modules, sequences and tasks, not undefined"],
    [
      "a sum of modules",
      (p) => cms.Path(p.a + p.b),
      "not a sum or product of modules; separate them with commas",
    ],
    [
      "a product of modules",
      (p) => cms.Sequence(p.a * p.b),
      "cms.Sequence takes modules, sequences and tasks, not a sum or product",
    ],
    ["a PSet", () => cms.Path(cms.PSet()), "not a cms.PSet"],
    [
      "a service",
      () => cms.EndPath(cms.Service("Timing")),
      "cms.EndPath takes modules, sequences and tasks, not the Service 'Timing'",
    ],
    ["a path", (p) => cms.Path(cms.Path(p.a)), "not a cms.Path"],
    ["a negated sequence", (p) => cms.not(cms.Sequence(p.a)), "cms.not takes one module, not a cms.Sequence"],
    [
      "a source with a mark",
      (p) => cms.ignore(p.source),
      "cms.ignore takes one module, not the Source 'EmptySource'",
    ],
    [
      "an analyzer in a task",
      (p) => cms.Task(p.show),
      "cms.Task takes producers, filters, services, EventSetup modules and tasks, not the EDAnalyzer 'Show'",
    ],
    ["an output module in a task", (p) => cms.Task(p.out), "not the OutputModule 'Out'"],
    ["a sequence in a task", (p) => cms.Task(cms.Sequence(p.a)), "not a cms.Sequence"],
    [
      "a module in a schedule",
      (p) => cms.Schedule(p.a),
      "cms.Schedule takes paths and, last, { tasks: […] }, not the EDProducer 'A'",
    ],
    ["undefined in a schedule", () => cms.Schedule(undefined), "not undefined"],
    ["a sequence in a schedule", (p) => cms.Schedule(cms.Sequence(p.a)), "not a cms.Sequence"],
    [
      "no task as a schedule's task",
      (p) => cms.Schedule({ tasks: [p.a] }),
      "the tasks of a cms.Schedule are cms.Task, not the EDProducer 'A'",
    ],
    [
      "a sequence in itself",
      (p) => {
        p.s = cms.Sequence(p.a);
        p.s.add(p.s);
      },
      "cyclic dependency in the config: a cms.Sequence would contain itself",
    ],
    [
      "a task in its own task",
      (p) => {
        p.t = cms.Task();
        p.u = cms.Task(p.t);
        p.t.add(p.u);
      },
      "cyclic dependency in the config: a cms.Task would contain itself",
    ],
    [
      "a sequence replaced by one that holds it",
      (p) => {
        p.s = cms.Sequence(p.a);
        p.u = cms.Sequence(p.s);
        p.s = cms.Sequence(p.u);
      },
      "cyclic dependency in the config: a cms.Sequence would contain itself",
    ],
    [
      "an unattached path",
      (p) => {
        p.p = cms.Path(p.a);
        p.schedule = cms.Schedule(p.p, cms.Path(p.b));
        described(p);
      },
      "The path at index 1 in the Schedule was not attached to the process.",
    ],
    [
      "an unattached module",
      (p) => {
        p.p = cms.Path(cms.EDProducer("Lost"));
        described(p);
      },
      "EDProducer 'Lost' is used on path 'p' but is not attached to the process; attach it first: process.label = cms.EDProducer(\"Lost\", …)",
    ],
    [
      "an unattached module in a task",
      (p) => {
        p.p = cms.Path(cms.Task(cms.EDFilter("Lost")));
        described(p);
      },
      "EDFilter 'Lost' is used in a task but is not attached",
    ],
    [
      "a producer on a final path",
      (p) => {
        p.z = cms.FinalPath(p.out, p.a, p.f);
        described(p);
      },
      "FinalPath z has non OutputModules a,f; put them on an EndPath",
    ],
    [
      "no source",
      (p) => {
        delete p.source;
        described(p);
      },
      'the process has no source; add one, for example process.source = cms.Source("EmptySource") (test_cfg.ts)',
    ],
  ])("%s", (_, build, message) => {
    expect(() => build(newProcess())).toThrow(
      expect.objectContaining({ category: "Configuration", message: expect.stringContaining(message) }),
    );
  });
});
