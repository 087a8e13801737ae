/** What the compiler says about configs; checked by `npm run check`, never run. */
import {
  cms,
  DEFINE_FWK_MODULE,
  double,
  type Event,
  fileInPath,
  int32,
  one,
  type ParameterSet,
  pset,
  secSource,
  string,
  untracked,
  VarParsing,
  vpset,
  vstring,
} from "#framework";

const description = {
  graphPath: fileInPath(),
  threshold: double(0.5),
  names: vstring(["a"], { allowed: ["a", "b"] }),
  verbose: untracked.bool(false),
  cuts: pset({ minPt: double(20), label: string("x") }),
  steps: vpset({ n: int32() }),
};

@DEFINE_FWK_MODULE("TypedAnalyzer")
class TypedAnalyzer extends one.EDAnalyzer {
  static readonly description = description;
  constructor(_pset: ParameterSet<typeof description>) {
    super();
  }
  override analyze(_event: Event): void {}
}

const mixing = { input: secSource(), cuts: pset({ minPt: double() }) };
@DEFINE_FWK_MODULE("TypedMixer")
class TypedMixer extends one.EDAnalyzer {
  static readonly description = mixing;
  override analyze(_event: Event): void {}
}

declare module "#framework" {
  interface EDAnalyzers {
    TypedAnalyzer: typeof TypedAnalyzer;
    TypedMixer: typeof TypedMixer;
  }
}

const graphPath = cms.FileInPath("model.pb");

// What must compile.
cms.EDAnalyzer("TypedAnalyzer", { graphPath });
cms.EDAnalyzer("TypedAnalyzer", {
  graphPath,
  threshold: cms.double(0.7),
  names: cms.vstring("a", "b"),
  verbose: cms.untracked.bool(true),
  cuts: cms.PSet({ minPt: cms.double(30) }),
  steps: cms.VPSet(cms.PSet({ n: cms.int32(1) }), cms.PSet({ n: cms.int32(2) })),
});
cms.EDAnalyzer("TypedAnalyzer", { graphPath, verbose: cms.untracked(cms.bool(true)) });
cms.EDAnalyzer("TypedAnalyzer", { graphPath, cuts: cms.PSet({ refToPSet_: cms.string("cuts") }) });
cms.EDAnalyzer("TypedMixer", { input: cms.SecSource("EmptySource"), cuts: cms.PSet({ minPt: cms.double(1) }) });
cms.Source("EmptySource");
cms.Service("MessageLogger", { cerr: cms.untracked.PSet({ MyCategory: cms.untracked.PSet({ limit: cms.untracked.int32(3) }) }) });
cms.EDProducer("MyPlugin", { graphPath, modelPolicy: cms.untracked.string("perInstance") });
cms.OutputModule("TFRecordOutputModule", {
  fileName: cms.untracked.string("a.tfrecord"),
  features: cms.untracked.vstring("Jet.pt"),
  recordsPerShard: cms.untracked.uint32(1000),
});

// What a process loads is a member as any other: usable without a cast.
const process = new cms.Process("TEST");
process.load("jets_cff");
process.show = cms.EDAnalyzer("TypedAnalyzer", { graphPath }).clone({ threshold: 0.9 });
process.s = cms.Sequence(process.fromTheFragment, cms.not(process.filter), process.show);
process.t = cms.Task(process.scores);
process.p = cms.Path(process.s, process.t, cms.wait(cms.ignore(process.filter)));
process.e = cms.EndPath(process.output);
process.schedule = cms.Schedule(process.p, process.e, { tasks: [process.t] });
process.MessageLogger.cerr.FwkReport.reportEvery = 100;
process.show.cuts.minPt = 30;
const options = new VarParsing("analysis").parseArguments();
process.source = cms.Source("PoolSource", { fileNames: cms.untracked.vstring(options.inputFiles) });
process.maxEvents = cms.untracked.PSet({ input: cms.untracked.int32(options.maxEvents) });

// What must not.
// @ts-expect-error misspelt plugin
cms.EDAnalyzer("TypedAnalyser", { graphPath });
// @ts-expect-error a plugin of another kind
cms.EDProducer("JetScorePrinter");
// @ts-expect-error a producer as a source
cms.Source("MyPlugin", { graphPath });
// @ts-expect-error records without features
cms.OutputModule("TFRecordOutputModule", { fileName: cms.untracked.string("a.tfrecord") });
// @ts-expect-error misspelt service
cms.Service("MesageLogger");
// @ts-expect-error missing required parameter
cms.EDAnalyzer("TypedAnalyzer", {});
// @ts-expect-error all parameters missing
cms.EDAnalyzer("TypedAnalyzer");
// @ts-expect-error wrong type
cms.EDAnalyzer("TypedAnalyzer", { graphPath: cms.string("model.pb") });
// @ts-expect-error plain value
cms.EDAnalyzer("TypedAnalyzer", { graphPath, threshold: 0.7 });
// @ts-expect-error untracked where tracked is declared
cms.EDAnalyzer("TypedAnalyzer", { graphPath, threshold: cms.untracked.double(0.7) });
// @ts-expect-error tracked where untracked is declared
cms.EDAnalyzer("TypedAnalyzer", { graphPath, verbose: cms.bool(true) });
// @ts-expect-error misspelt parameter
cms.EDAnalyzer("TypedAnalyzer", { graphPath, treshold: cms.double(0.7) });
// @ts-expect-error wrong type in a PSet
cms.EDAnalyzer("TypedAnalyzer", { graphPath, cuts: cms.PSet({ minPt: cms.int32(30) }) });
// @ts-expect-error misspelt parameter in a PSet
cms.EDAnalyzer("TypedAnalyzer", { graphPath, cuts: cms.PSet({ minPt: cms.double(30), lable: cms.string("x") }) });
// @ts-expect-error missing parameter in a VPSet
cms.EDAnalyzer("TypedAnalyzer", { graphPath, steps: cms.VPSet(cms.PSet({})) });
// @ts-expect-error misspelt parameter in a VPSet
cms.EDAnalyzer("TypedAnalyzer", { graphPath, steps: cms.VPSet(cms.PSet({ n: cms.int32(1), m: cms.int32(1) })) });
// @ts-expect-error a PSet with a required parameter is required
cms.EDAnalyzer("TypedMixer", { input: cms.SecSource("EmptySource") });
// @ts-expect-error misspelt source in a SecSource
cms.SecSource("EmtpySource");
// @ts-expect-error a text is no number
cms.int32("3");
// @ts-expect-error a number is no text
cms.vstring([1]);
// @ts-expect-error a default that is not of the type
double("0.5");
// @ts-expect-error an allowed value that is not of the type
string("a", { allowed: [1] });
// @ts-expect-error a path takes no numbers
cms.Path(3);
// @ts-expect-error a task takes no sequences
cms.Task(cms.Sequence());
