/** Events wait for work that is done elsewhere; a filter and two outputs follow. */
import { cms, VarParsing } from "#framework";

const { singleton } = VarParsing.multiplicity;
const options = new VarParsing("python");
options.register("failIn", 0, singleton, VarParsing.varType.int, "event whose work fails");
options.register("maxOutput", -1, singleton, VarParsing.varType.int, "events written at most");
options.parseArguments();

const process = new cms.Process("SLOW");
process.maxEvents.input = 60;
if (options.maxOutput >= 0) process.maxEvents.output = cms.untracked.int32(options.maxOutput);
process.MessageLogger.cerr.FwkReport.limit = 0;
process.source = cms.Source("EmptySource", {
  eventsPerRange: cms.untracked.uint32(7),
  numberEventsInLuminosityBlock: cms.untracked.uint32(20),
});
process.scores = cms.EDProducer("SlowProducer", { failIn: cms.uint32(options.failIn) });
process.sum = cms.EDProducer("Adder", { inputs: cms.VInputTag("scores") });
process.third = cms.EDFilter("ModuloFilter", { acceptValue: cms.uint32(3) });
process.recorder = cms.EDAnalyzer("JobRecorder");
process.all = cms.OutputModule("PoolOutputModule", { fileName: cms.untracked.string("all.edm") });
process.p = cms.Path(process.scores, process.sum, process.recorder);
process.q = cms.Path(process.third);
process.e = cms.EndPath(process.all);
if (options.maxOutput < 0) {
  process.some = cms.OutputModule("PoolOutputModule", {
    fileName: cms.untracked.string("some.edm"),
    SelectEvents: cms.untracked.PSet({ SelectEvents: cms.vstring("q") }),
  });
  process.e2 = cms.EndPath(process.some);
}
export default process;
