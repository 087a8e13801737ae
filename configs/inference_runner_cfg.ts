/**
 * Measures a model in the event loop: the jet tagger on the held-out jets, run by the analyzer itself; and the scores that
 * a producer made with the same model, which must be as good. RocAucAnalyzer says the same area once more.
 *   cmsrun configs/inference_runner_cfg.ts [inputFiles=…] [maxEvents=…] [threads=…] [streams=…] [batchSize=…] [outputFile=…]
 */
import { cms, VarParsing } from "#framework";

const options = new VarParsing("analysis");
const { singleton } = VarParsing.multiplicity;
const { int } = VarParsing.varType;
options.register("threads", 1, singleton, int, "number of threads (0: all CPUs)");
options.register("streams", 0, singleton, int, "events in flight (0: as threads)");
options.register("batchSize", 0, singleton, int, "jets a run of the model (0: those of an event)");
options.setDefault("inputFiles", "data/samples/jets_heldout.root");
options.setDefault("outputFile", "jet_btag");
options.parseArguments();

const process = new cms.Process("EVALUATE");

process.maxEvents = cms.untracked.PSet({ input: cms.untracked.int32(options.maxEvents) });
process.options = cms.untracked.PSet({
  numberOfThreads: cms.untracked.uint32(options.threads),
  numberOfStreams: cms.untracked.uint32(options.streams),
});
process.source = cms.Source("NanoAODSource", { fileNames: cms.untracked.vstring(options.inputFiles) });
process.MessageLogger.cerr.FwkReport.reportEvery = 100;

const graphPath = cms.FileInPath("data/models/jet_btag/graph.pb");
const isB = cms.PSet({
  tensor: cms.string("isB"),
  src: cms.InputTag("Jet"),
  product: cms.string("JetTruth"),
  columns: cms.vstring("hadronFlavour"),
  oneWhere: cms.vdouble(5),
});
const measure = (score: string, prefix: string) => {
  const read = {
    predTensorName: cms.string(score),
    labelTensorName: cms.string("isB"),
    prefix: cms.string(prefix),
  };
  return cms.VPSet(
    cms.PSet({ type: cms.string("RocCurve"), ...read }),
    cms.PSet({ type: cms.string("Calibration"), bins: cms.uint32(10), ...read }),
    cms.PSet({ type: cms.string("BinaryClassificationStats"), threshold: cms.double(0.5), ...read }),
    cms.PSet({ type: cms.string("ScalarStats"), names: cms.vstring(score), prefix: cms.string(prefix) }),
  );
};

process.evaluate = cms.EDAnalyzer("InferenceRunner", {
  graphPath,
  inputs: cms.VPSet(
    cms.PSet({
      tensor: cms.string("input"),
      src: cms.InputTag("Jet"),
      product: cms.string("JetCollection"),
      columns: cms.vstring("pt", "eta", "phi", "mass", "nConstituents"),
    }),
  ),
  outputs: cms.vstring("output"),
  tensors: cms.VPSet(isB),
  batchSize: cms.uint32(options.batchSize),
  inferencers: measure("output", "model"),
  fileName: cms.untracked.string(`${options.outputFile}_histograms.json`),
  scalarsFileName: cms.untracked.string(`${options.outputFile}_scalars.json`),
});

process.scores = cms.EDProducer("MyPlugin", { graphPath });
process.evaluateScores = cms.EDAnalyzer("InferenceRunner", {
  tensors: cms.VPSet(
    cms.PSet({
      tensor: cms.string("score"),
      src: cms.InputTag("scores"),
      product: cms.string("JetScores"),
      columns: cms.vstring("score"),
    }),
    isB,
  ),
  inferencers: measure("score", "scores"),
});
process.auc = cms.EDAnalyzer("RocAucAnalyzer");

process.p = cms.Path(process.evaluate, process.scores, process.evaluateScores, process.auc);

export default process;
