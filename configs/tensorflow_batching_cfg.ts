/**
 * Eight streams on one thread whose events share calls of the model.
 *   cmsrun configs/tensorflow_batching_cfg.ts [model=…] [maxBatchSize=…] [maxLatencyMs=…] [inputFiles=…]
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
options.register("maxBatchSize", 64, multiplicity.singleton, varType.int, "jets of one call, at most");
options.register(
  "maxLatencyMs",
  0,
  multiplicity.singleton,
  varType.float,
  "longest that an event waits for those of other streams",
);
options.setDefault("inputFiles", "data/samples/nano_tt_v15.root");
options.setDefault("outputFile", "output.edm");
options.parseArguments();

const process = new cms.Process("TEST");
process.maxEvents = cms.untracked.PSet({ input: cms.untracked.int32(options.maxEvents) });
process.options = cms.untracked.PSet({
  numberOfThreads: cms.untracked.uint32(1),
  numberOfStreams: cms.untracked.uint32(8),
});
process.source = cms.Source("NanoAODSource", { fileNames: cms.untracked.vstring(options.inputFiles) });

process.scores = cms.EDProducer("BatchingTensorFlowProducer", {
  modelPath: cms.FileInPath(options.model),
  inputTensorName: cms.string("input"),
  outputTensorName: cms.string("output"),
  maxBatchSize: cms.untracked.uint32(options.maxBatchSize),
  maxLatencyMs: cms.untracked.double(options.maxLatencyMs),
});
process.output = cms.OutputModule("PoolOutputModule", { fileName: cms.untracked.string(options.outputFile) });

process.p = cms.Path(process.scores);
process.e = cms.EndPath(process.output);

export default process;
