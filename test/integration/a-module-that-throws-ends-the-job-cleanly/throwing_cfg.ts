/** One module throws; others of each kind see what began also end, and the output must not look complete. */
import { cms, VarParsing } from "#framework";

const { singleton } = VarParsing.multiplicity;
const options = new VarParsing("python");
options.register("plugin", "Thrower", singleton, VarParsing.varType.string, "Thrower or JobThrower");
options.register("where", "", singleton, VarParsing.varType.string, "the transition that throws");
options.register("what", "exception", singleton, VarParsing.varType.string, "what is thrown");
options.register("event", 5, singleton, VarParsing.varType.int, "the event in which produce throws");
options.parseArguments();

const process = new cms.Process("THROW");
process.maxEvents = cms.untracked.PSet({ input: cms.untracked.int32(400) });
process.options = cms.untracked.PSet({ wantSummary: cms.untracked.bool(true) });
process.MessageLogger.cerr.FwkReport.limit = 0;
process.source = cms.Source("EmptySource", {
  numberEventsInLuminosityBlock: cms.untracked.uint32(100),
  numberEventsInRun: cms.untracked.uint32(200),
  eventsPerRange: cms.untracked.uint32(10),
});
process.scores = cms.EDProducer("TransitionRecorder");
process.recorder = cms.EDAnalyzer("JobRecorder");
const where = cms.string(options.where);
if (options.plugin === "Thrower") {
  process.thrower = cms.EDProducer("Thrower", {
    where,
    what: cms.string(options.what),
    event: cms.untracked.uint32(options.event),
  });
} else {
  process.thrower = cms.EDAnalyzer("JobThrower", { where });
}
process.output = cms.OutputModule("PoolOutputModule", { fileName: cms.untracked.string("out.edm") });
process.p = cms.Path(process.scores, process.thrower, process.recorder);
process.e = cms.EndPath(process.output);
export default process;
