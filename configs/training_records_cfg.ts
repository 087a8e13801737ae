/**
 * Writes training records: of every jet what a network is to be given, computed by the plugin that will compute it for
 * the trained network, and what it is to learn. data/models/jet_features/train.py trains on them.
 *   cmsrun configs/training_records_cfg.ts [inputFiles=…] [skipEvents=…] [maxEvents=…] [outputFile=…]
 */
import { cms, VarParsing } from "#framework";

const { multiplicity, varType } = VarParsing;
const options = new VarParsing("analysis");
options.register("skipEvents", 0, multiplicity.singleton, varType.int, "events left out at the beginning");
options.setDefault("inputFiles", "data/samples/nano_tt_v15.root");
options.setDefault("outputFile", "train.tfrecord");
options.setDefault("maxEvents", 150);
options.parseArguments();

const process = new cms.Process("TRAIN");
process.maxEvents = cms.untracked.PSet({ input: cms.untracked.int32(options.maxEvents) });
process.source = cms.Source("NanoAODSource", {
  fileNames: cms.untracked.vstring(options.inputFiles),
  skipEvents: cms.untracked.uint32(options.skipEvents),
});
process.MessageLogger.cerr.FwkReport.reportEvery = 100;

process.features = cms.EDProducer("JetFeaturesProducer", { jets: cms.InputTag("Jet") });
process.records = cms.OutputModule("TFRecordOutputModule", {
  fileName: cms.untracked.string(options.outputFile),
  // The truth is named by its type, because no module reads it.
  features: cms.untracked.vstring("features.*", "flavour=JetTruth_Jet.hadronFlavour"),
  granularity: cms.untracked.string("row"),
  compression: cms.untracked.string("GZIP"),
});

process.p = cms.Path(process.features);
process.e = cms.EndPath(process.records);

export default process;
