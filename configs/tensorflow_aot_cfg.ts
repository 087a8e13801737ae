/**
 * A model that was compiled ahead of time, on events with a varying number of jets; the batch rules are those of CMSSW's
 * documentation. The first event's jet is its input [0, 1, 2, 3], so the first line shows its scores: 0.648093, 0.351907.
 *   cmsrun configs/tensorflow_aot_cfg.ts [inputFiles=…] [maxEvents=…] [outputFile=…]
 */
import { cms, VarParsing } from "#framework";

const options = new VarParsing("analysis");
options.setDefault("inputFiles", "data/samples/jets_simple.root");
options.setDefault("outputFile", "output.edm");
options.parseArguments();

const process = new cms.Process("TEST");
process.maxEvents = cms.untracked.PSet({ input: cms.untracked.int32(options.maxEvents) });
process.source = cms.Source("NanoAODSource", { fileNames: cms.untracked.vstring(options.inputFiles) });
process.MessageLogger.cerr.FwkReport.reportEvery = 100;

process.scores = cms.EDProducer("TensorFlowAOTProducer", {
  batchRules: cms.vstring("3:1,1,1", "5:4,1", "6:4,4"),
});
process.printer = cms.EDAnalyzer("ClassScorePrinter", {
  scores: cms.VInputTag("scores:first", "scores:second"),
  maxEvents: cms.untracked.int32(5),
});
process.output = cms.OutputModule("PoolOutputModule", { fileName: cms.untracked.string(options.outputFile) });

process.p = cms.Path(process.scores, process.printer);
process.e = cms.EndPath(process.output);

export default process;
