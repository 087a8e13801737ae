/** CMSSW's counting job: 512 events, 4 in a luminosity block, 8 in a run; `eventsPerRange=3` cuts across all of them. */
import { cms, VarParsing } from "#framework";

const options = new VarParsing("python");
options.register(
  "lumis",
  0,
  VarParsing.multiplicity.singleton,
  VarParsing.varType.int,
  "concurrent luminosity blocks",
);
options.parseArguments();

const process = new cms.Process("COUNT");
process.maxEvents = cms.untracked.PSet({ input: cms.untracked.int32(512) });
process.options = cms.untracked.PSet({
  numberOfConcurrentLuminosityBlocks: cms.untracked.uint32(options.lumis),
});
process.MessageLogger.cerr.FwkReport.limit = 0;
process.source = cms.Source("EmptySource", {
  numberEventsInLuminosityBlock: cms.untracked.uint32(4),
  numberEventsInRun: cms.untracked.uint32(8),
  eventsPerRange: cms.untracked.uint32(3),
});
process.scores = cms.EDProducer("TransitionRecorder");
process.recorder = cms.EDAnalyzer("JobRecorder");
process.globalRecorder = cms.EDAnalyzer("GlobalRecorder");
process.p = cms.Path(process.scores, process.recorder, process.globalRecorder);
export default process;
