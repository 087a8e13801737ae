/**
 * Four streams on two threads that share one TensorFlow model, as in CMSSW's multi-threaded example.
 *   cmsrun configs/tensorflow_multi_threaded_cfg.ts [model=…] [tag=…] [inputFiles=…] [maxEvents=…] [outputFile=…]
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
options.register("tag", "serve", multiplicity.singleton, varType.string, "tag of a SavedModel's meta graph");
options.setDefault("inputFiles", "data/samples/nano_tt_v15.root");
options.setDefault("outputFile", "output.edm");
options.parseArguments();

const process = new cms.Process("TEST");
process.maxEvents = cms.untracked.PSet({ input: cms.untracked.int32(options.maxEvents) });
process.options = cms.untracked.PSet({
  numberOfThreads: cms.untracked.uint32(2),
  numberOfStreams: cms.untracked.uint32(4),
});
process.source = cms.Source("NanoAODSource", { fileNames: cms.untracked.vstring(options.inputFiles) });

process.scores = cms.EDProducer("TensorFlowCacheProducer", {
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
