/**
 * How good the jet scores are: scores the held-out jets and compares them with generator truth. The scoring module
 * reads no truth; only the analyzer does.
 *   cmsrun configs/jet_btag_auc_cfg.ts [inputFiles=…] [maxEvents=…]
 */
import { cms, VarParsing } from "#framework";

const options = new VarParsing("analysis");
options.setDefault("inputFiles", "data/samples/jets_heldout.root");
options.parseArguments();

const process = new cms.Process("AUC");

process.maxEvents = cms.untracked.PSet({ input: cms.untracked.int32(options.maxEvents) });
process.source = cms.Source("NanoAODSource", { fileNames: cms.untracked.vstring(options.inputFiles) });
process.MessageLogger.cerr.FwkReport.reportEvery = 100;

process.scores = cms.EDProducer("MyPlugin", { graphPath: cms.FileInPath("data/models/jet_btag/graph.pb") });
process.auc = cms.EDAnalyzer("RocAucAnalyzer", {
  scores: cms.InputTag("scores"),
  truth: cms.InputTag("Jet"),
});

process.p = cms.Path(process.scores, process.auc);

export default process;
