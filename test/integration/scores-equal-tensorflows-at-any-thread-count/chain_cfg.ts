/** Filter, two outputs, run and luminosity block changes; reads NanoAOD or, in the next process, what that wrote. */
import { cms, VarParsing } from "#framework";

const { singleton } = VarParsing.multiplicity;
const options = new VarParsing("analysis");
options.register(
  "process",
  "FIRST",
  singleton,
  VarParsing.varType.string,
  "FIRST reads NanoAOD, SECOND what FIRST wrote",
);
options.parseArguments();

const process = new cms.Process(options.process);
const isFirst = options.process === "FIRST";
process.maxEvents.input = options.maxEvents;
process.options.wantSummary = true;
process.source = cms.Source(isFirst ? "NanoAODSource" : "PoolSource", {
  fileNames: cms.untracked.vstring(options.inputFiles),
});
process.scores = cms.EDProducer("MyPlugin", { graphPath: cms.FileInPath("data/models/jet_btag/graph.pb") });
process.even = cms.EDFilter("ModuloFilter", { acceptValue: cms.uint32(2) });
process.all = cms.OutputModule("PoolOutputModule", {
  fileName: cms.untracked.string("all.edm"),
  outputCommands: cms.untracked.vstring("keep *"),
});
process.some = cms.OutputModule("PoolOutputModule", {
  fileName: cms.untracked.string("some.edm"),
  outputCommands: cms.untracked.vstring("drop *", "keep JetScores_*_*_*", "keep TriggerResults_*_*_*"),
  SelectEvents: cms.untracked.PSet({ SelectEvents: cms.vstring("q") }),
});
process.p = cms.Path(process.scores);
process.q = cms.Path(process.even);
process.e = cms.EndPath(process.all, process.some);
export default process;
