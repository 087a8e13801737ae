/**
 * Scores jets that a network was not trained on, and says how well it tells b jets from others. What it was given and
 * what it said is written as records too, so that Python can compute the scores of the very same jets.
 *   cmsrun configs/trained_scores_cfg.ts [model=…] [inputFiles=…] [skipEvents=…] [maxEvents=…] [outputFile=…]
 */
import { cms, VarParsing } from "#framework";

const { multiplicity, varType } = VarParsing;
const options = new VarParsing("analysis");
options.register(
  "model",
  "data/models/jet_features/graph.pb",
  multiplicity.singleton,
  varType.string,
  "frozen graph or SavedModel",
);
options.register("skipEvents", 150, multiplicity.singleton, varType.int, "events it was trained on");
options.setDefault("inputFiles", "data/samples/nano_tt_v15.root");
options.setDefault("outputFile", "scored.tfrecord");
options.parseArguments();

const process = new cms.Process("SCORE");
process.maxEvents = cms.untracked.PSet({ input: cms.untracked.int32(options.maxEvents) });
process.source = cms.Source("NanoAODSource", {
  fileNames: cms.untracked.vstring(options.inputFiles),
  skipEvents: cms.untracked.uint32(options.skipEvents),
});
process.MessageLogger.cerr.FwkReport.reportEvery = 100;

process.features = cms.EDProducer("JetFeaturesProducer", { jets: cms.InputTag("Jet") });
process.scores = cms.EDProducer("JetFeaturesScorer", { modelPath: cms.FileInPath(options.model) });
process.auc = cms.EDAnalyzer("RocAucAnalyzer", {
  scores: cms.InputTag("scores"),
  truth: cms.InputTag("Jet"),
});
process.records = cms.OutputModule("TFRecordOutputModule", {
  fileName: cms.untracked.string(options.outputFile),
  features: cms.untracked.vstring("features.*", "flavour=JetTruth_Jet.hadronFlavour", "scores.score"),
  granularity: cms.untracked.string("row"),
});

process.p = cms.Path(process.features, process.scores, process.auc);
process.e = cms.EndPath(process.records);

export default process;
