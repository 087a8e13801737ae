/**
 * The main job: scores the jets of real NanoAOD events with a TensorFlow model.
 *   cmsrun configs/my_plugin_cfg.ts [inputFiles=…] [maxEvents=…] [threads=…] [streams=…] [modelPolicy=…] [outputFile=…]
 */
import { cms, VarParsing } from "#framework";

const options = new VarParsing("analysis");
options.register(
  "threads",
  1,
  VarParsing.multiplicity.singleton,
  VarParsing.varType.int,
  "number of threads (0: all CPUs)",
);
options.register(
  "streams",
  0,
  VarParsing.multiplicity.singleton,
  VarParsing.varType.int,
  "events in flight (0: as threads)",
);
options.register(
  "modelPolicy",
  "globalCache",
  VarParsing.multiplicity.singleton,
  VarParsing.varType.string,
  "globalCache or perInstance",
);
options.setDefault("inputFiles", "data/samples/nano_tt_v15.root");
options.setDefault("outputFile", "output.edm");
options.parseArguments();

const process = new cms.Process("TEST");

process.maxEvents = cms.untracked.PSet({ input: cms.untracked.int32(options.maxEvents) });
process.options = cms.untracked.PSet({
  numberOfThreads: cms.untracked.uint32(options.threads),
  numberOfStreams: cms.untracked.uint32(options.streams),
  wantSummary: cms.untracked.bool(true),
});

process.source = cms.Source("NanoAODSource", { fileNames: cms.untracked.vstring(options.inputFiles) });

process.scores = cms.EDProducer("MyPlugin", {
  graphPath: cms.FileInPath("data/models/jet_btag/graph.pb"),
  inputTensorName: cms.string("input"),
  outputTensorName: cms.string("output"),
  jets: cms.InputTag("Jet"),
  modelPolicy: cms.untracked.string(options.modelPolicy),
});

process.printer = cms.EDAnalyzer("JetScorePrinter", { scores: cms.InputTag("scores") });

process.output = cms.OutputModule("PoolOutputModule", {
  fileName: cms.untracked.string(options.outputFile),
  outputCommands: cms.untracked.vstring("keep *"),
});

process.p = cms.Path(process.scores, process.printer);
process.e = cms.EndPath(process.output);

export default process;
