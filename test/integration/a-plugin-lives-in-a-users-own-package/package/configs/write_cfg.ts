/** NanoAOD → the user's own product, in a file and on the screen. */
import { cms } from "cmsrun";

const process = new cms.Process("WRITE");
process.maxEvents = cms.untracked.PSet({ input: cms.untracked.int32(20) });
process.source = cms.Source("NanoAODSource", {
  fileNames: cms.untracked.vstring("data/samples/nano_tt_v15.root"),
});
process.dijets = cms.EDProducer("DijetProducer", { minMass: cms.double(50) });
process.printer = cms.EDAnalyzer("DijetPrinter");
process.output = cms.OutputModule("PoolOutputModule", {
  fileName: cms.untracked.string("dijets.edm"),
  outputCommands: cms.untracked.vstring("drop *", "keep Dijets_*_*_*"),
});
process.p = cms.Path(process.dijets, process.printer);
process.e = cms.EndPath(process.output);
export default process;
