import { describe, expect, it } from "vitest";
import type { Exception } from "../../../framework/base/errors.js";
import { cms as typed } from "../../../framework/config/cms.js";
import { describeProcess } from "../../../framework/config/ProcessDescription.js";

// Plugin names are of no matter here.
// biome-ignore lint/suspicious/noExplicitAny: the static types are tested in test/types
const cms = typed as any;
const newProcess = () => {
  const process = new typed.Process("TEST");
  process.source = cms.Source("EmptySource");
  return process;
};
const described = (process: InstanceType<typeof typed.Process>) => describeProcess(process, "test_cfg.ts");
const u = cms.untracked;

describe("cms.Process", () => {
  it.each(["", "A_B", "a b", "é"])("refuses the name '%s'", (name) => {
    expect(() => new typed.Process(name)).toThrow(
      `process name '${name}' must be letters and digits, and not empty`,
    );
  });

  it("has options, maxEvents and MessageLogger from the start", () => {
    const process = newProcess();
    process.MessageLogger.cerr.FwkReport.reportEvery = 100;
    process.MessageLogger.cerr.threshold = "WARNING";
    process.maxEvents.input = 5;
    const { options, maxEvents, services } = described(process);
    expect([options.numberOfThreads?.value, maxEvents.input?.value]).toEqual([1, 5]);
    expect(services[0]).toMatchObject({
      label: "MessageLogger",
      parameters: { cerr: { value: { threshold: { value: "WARNING" } } } },
    });
    expect(services[0]?.parameters.cerr?.value).toMatchObject({
      FwkReport: { value: { reportEvery: { value: 100 } } },
    });
  });

  it("merges options and maxEvents over what is there", () => {
    const process = newProcess();
    process.options = u.PSet({ numberOfThreads: u.uint32(2) });
    process.options = u.PSet({ wantSummary: u.bool(true) });
    const { options } = described(process);
    expect([options.numberOfThreads?.value, options.wantSummary?.value, options.fileMode?.value]).toEqual([
      2,
      true,
      "FULLMERGE",
    ]);
  });

  it.each<[string, (process: typeof typed.Process.prototype) => void, string]>([
    [
      "a tracked PSet",
      (p) => {
        p.options = cms.PSet();
      },
      "process.options is a cms.untracked.PSet, not a cms.PSet",
    ],
    [
      "an unknown option",
      (p) => {
        p.options = u.PSet({ numThreads: u.uint32(2), numberOfThread: u.uint32(1) });
      },
      "process.options: unknown parameter 'numberOfThread'; did you mean 'numberOfThreads'?",
    ],
    [
      "a tracked option",
      (p) => {
        p.maxEvents = u.PSet({ input: cms.int32(3) });
      },
      "process.maxEvents: parameter 'input' has the wrong tracked-ness: it is cms.int32; use cms.untracked.int32(…)",
    ],
    [
      "a wrong type of option",
      (p) => {
        p.maxEvents.input = u.uint32(3);
      },
      "process.maxEvents: parameter 'input' has the wrong type: it is cms.untracked.uint32",
    ],
    [
      "an option assigned by a wrong name",
      (p) => {
        p.options.numberOfThread = 2;
      },
      "process.options: 'numberOfThread' does not already exist, so it can only be set to a cms type; did you mean 'numberOfThreads'?",
    ],
    [
      "a label with other characters",
      (p) => {
        p["a-b"] = cms.Path();
      },
      "label 'a-b' contains forbidden characters",
    ],
    [
      "a label that is a method",
      (p) => {
        p.load = cms.Path();
      },
      "label 'load' is a method of cms.Process",
    ],
    [
      "a plain value",
      (p) => {
        p.x = 3;
      },
      "process.x can be a module, sequence, path, task or PSet, not 3",
    ],
    [
      "a scalar parameter",
      (p) => {
        p.x = cms.int32(3);
      },
      "not a cms.int32",
    ],
    [
      "a marked module",
      (p) => {
        p.f = cms.EDFilter("F");
        p.x = cms.not(p.f);
      },
      "process.x can be a module, sequence, path, task or PSet, not cms.not(…)",
    ],
    [
      "one object under two labels",
      (p) => {
        p.a = cms.EDProducer("A");
        p.b = p.a;
      },
      "one object under two labels, 'a' and 'b': use clone() for the second",
    ],
    [
      "a source elsewhere",
      (p) => {
        p.input = cms.Source("EmptySource");
      },
      "process.source, and only that, is a cms.Source; 'input' cannot be the Source 'EmptySource'",
    ],
    [
      "a module as source",
      (p) => {
        p.source = cms.EDProducer("A");
      },
      "'source' cannot be the EDProducer 'A'",
    ],
    [
      "a service under another name",
      (p) => {
        p.timing = cms.Service("Timing");
      },
      "service 'Timing' is attached as process.Timing or with process.add_(…), not as 'timing'",
    ],
    [
      "a schedule of another kind",
      (p) => {
        p.schedule = cms.Path();
      },
      "process.schedule is a cms.Schedule",
    ],
    [
      "an unknown label",
      (p) => p.MesageLogger,
      "process 'TEST' has no 'MesageLogger'; did you mean 'MessageLogger'?",
    ],
    ["deleting an unknown label", (p) => delete p.scores, "process 'TEST' has no 'scores'"],
  ])("refuses %s", (_, change, message) => {
    const run = () => {
      const process = newProcess();
      change(process);
      described(process);
    };
    expect(run).toThrow(
      expect.objectContaining({ category: "Configuration", message: expect.stringContaining(message) }),
    );
  });

  it("tells which top-level PSet is wrong", () => {
    const process = newProcess();
    process.maxEvents = u.PSet({ inptu: u.int32(1) });
    try {
      described(process);
      expect.unreachable();
    } catch (error) {
      expect((error as Exception).contexts).toEqual([
        "Validating top level 'maxEvents' ParameterSet for process 'TEST'",
      ]);
    }
  });

  it("replaces a re-assigned module everywhere", () => {
    const process = newProcess();
    process.a = cms.EDProducer("Old");
    process.f = cms.EDFilter("OldFilter");
    process.t = cms.Task(process.a);
    process.s = cms.Sequence(process.a, process.t);
    process.p = cms.Path(process.s, cms.not(process.f));
    process.e = cms.EndPath(process.a);
    process.a = cms.EDProducer("New");
    process.f = cms.EDFilter("NewFilter");
    const { modules, paths } = described(process);
    expect(modules.map(({ label, type }) => `${label}:${type}`)).toEqual(["a:New", "f:NewFilter"]);
    expect(paths[0]?.modules).toEqual([
      { label: "a", mark: "none" },
      { label: "f", mark: "not" },
    ]);
  });

  it("replaces a re-assigned path in the schedule, and a sequence by one that extends it", () => {
    const process = newProcess();
    process.a = cms.EDProducer("A");
    process.b = cms.EDProducer("B");
    process.s = cms.Sequence(process.a);
    process.p = cms.Path(process.s);
    process.schedule = cms.Schedule(process.p);
    process.s = cms.Sequence(process.s, process.b);
    process.p = cms.Path(process.b, process.s);
    expect(described(process).paths[0]?.modules.map(({ label }) => label)).toEqual(["b", "a", "b"]);
  });

  it("refuses a replacement that cannot stand where the old one does", () => {
    const process = newProcess();
    process.a = cms.EDProducer("A");
    process.t = cms.Task(process.a);
    expect(() => {
      process.a = cms.EDAnalyzer("A");
    }).toThrow(
      "cms.Task takes producers, filters, services, EventSetup modules and tasks, not the EDAnalyzer 'A'",
    );
  });

  it("extends itself by the exports of a fragment, without those that begin with _", () => {
    const process = newProcess();
    const a = cms.EDProducer("A");
    process.extend({
      a,
      _hidden: cms.EDProducer("B"),
      default: 3,
      helper: () => 1,
      p: cms.Path(a),
      Timing: cms.Service("Timing"),
    });
    process.extend({ a });
    expect([...process.members_().keys()]).toEqual(["a", "p"]);
    expect([...process.services_().keys()]).toEqual(["MessageLogger", "Timing"]);
    expect(() => process.extend({ a: cms.EDProducer("Other") })).toThrow(
      "would replace 'a', which is in use",
    );
    process.extend({ unused: cms.EDProducer("One") });
    process.extend({ unused: cms.EDProducer("Other") });
    expect(process.unused.type_).toBe("Other");
  });

  it("attaches services with add_, lists members by kind, and deletes", () => {
    const process = newProcess();
    process.add_(cms.Service("Timing"));
    process.cuts = cms.PSet({ minPt: cms.double(1) });
    process.list = cms.VPSet();
    process.a = cms.EDProducer("A");
    process.t = cms.Task();
    process.s = cms.Sequence();
    process.p = cms.Path();
    const names = [
      process.producers_(),
      process.tasks_(),
      process.sequences_(),
      process.paths_(),
      process.psets_(),
      process.vpsets_(),
    ];
    expect(names.map((members) => [...members.keys()].join())).toEqual(["a", "t", "s", "p", "cuts", "list"]);
    delete process.a;
    delete process.Timing;
    expect([process.producers_().size, [...process.services_().keys()]]).toEqual([0, ["MessageLogger"]]);
    expect("cuts" in process && !("a" in process)).toBe(true);
  });
});

describe("a SecSource", () => {
  it("is a source with its parameters inside a module, tracked or not", () => {
    const input = cms.SecSource("EmptySource", { firstRun: u.uint32(3) });
    expect(input).toMatchObject({
      kind: "SecSource",
      tracked: true,
      value: { "@module_type": { value: "EmptySource" } },
    });
    expect(u.SecSource("EmptySource")).toMatchObject({ kind: "SecSource", tracked: false });
    const mixer = cms.EDProducer("Mixer", { input });
    mixer.input.firstRun = 4;
    expect([
      mixer.input.firstRun.value,
      mixer.clone({ input: { firstRun: 5 } }).input.firstRun.value,
    ]).toEqual([4, 5]);
  });
});

describe("refToPSet_", () => {
  const withReference = (name: string) => {
    const process = newProcess();
    const reference = (to: string) => cms.PSet({ refToPSet_: cms.string(to) });
    process.cuts = cms.PSet({ minPt: cms.double(20), inner: reference("inner") });
    process.inner = cms.PSet({ n: cms.int32(1) });
    process.around = cms.PSet({ x: reference("about") });
    process.about = cms.PSet({ y: reference("around") });
    process.a = cms.EDProducer("A", { cuts: reference(name), list: cms.VPSet(reference(name)) });
    process.p = cms.Path(process.a);
    return process;
  };

  it("stands for the top-level PSet as it is when the job starts", () => {
    const process = withReference("cuts");
    process.cuts.minPt = 30;
    const cuts = { minPt: { value: 30 }, inner: { value: { n: { value: 1 } } } };
    expect(described(process).modules[0]?.parameters).toMatchObject({
      cuts: { value: cuts },
      list: { value: [cuts] },
    });
  });

  it("refuses an unknown name and a circle", () => {
    expect(() => described(withReference("cut"))).toThrow(
      "EDProducer 'a': refToPSet_ names 'cut', which is no PSet of the process; did you mean 'cuts'?",
    );
    expect(() => described(withReference("around"))).toThrow(
      "cyclic dependency in the config: PSets refer to each other, around → about → around",
    );
  });
});
