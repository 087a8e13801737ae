/**
 * A module that owns its TensorFlow session, as in CMSSW's single-threaded example.
 *   cmsrun configs/tensorflow_single_threaded_cfg.ts [model=…] [tag=…] [inputFiles=…] [maxEvents=…] [outputFile=…]
 */
import { cms, VarParsing } from "#framework";

const { multiplicity, varType } = VarParsing;
const options = new VarParsing("analysis");
options.register(
  "model",
  "data/models/jet_btag/graph.pb",
  multiplicity.singleton,
  varType.string,
  "frozen graph or SavedModel",
);
options.register(
  "tag",
  "",
  multiplicity.singleton,
  varType.string,
  "tag of a SavedModel's meta graph, such as serve",
);
options.setDefault("inputFiles", "data/samples/nano_tt_v15.root");
options.setDefault("outputFile", "output.edm");
options.parseArguments();

const process = new cms.Process("TEST");
process.maxEvents = cms.untracked.PSet({ input: cms.untracked.int32(options.maxEvents) });
process.source = cms.Source("NanoAODSource", { fileNames: cms.untracked.vstring(options.inputFiles) });

process.scores = cms.EDProducer("TensorFlowSessionProducer", {
  modelPath: cms.FileInPath(options.model),
  tag: cms.string(options.tag),
  inputTensorName: cms.string("input"),
  outputTensorName: cms.string("output"),
});
process.printer = cms.EDAnalyzer("JetScorePrinter", {
  scores: cms.InputTag("scores"),
  maxEvents: cms.untracked.int32(5),
});
process.output = cms.OutputModule("PoolOutputModule", { fileName: cms.untracked.string(options.outputFile) });

process.p = cms.Path(process.scores, process.printer);
process.e = cms.EndPath(process.output);

export default process;
