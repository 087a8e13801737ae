/**
 * Jets scored by an inference server (Triton, or edmServe): inference as a service.
 *   cmsrun configs/sonic_triton_cfg.ts [address=… port=…] [mode=…] [threads=…] [streams=…] [outputFile=…]
 * Without a port the job starts a server of its own, the fallback.
 */
import { cms, VarParsing } from "#framework";

const { multiplicity, varType } = VarParsing;
const options = new VarParsing("analysis");
options.register("address", "127.0.0.1", multiplicity.singleton, varType.string, "of the server");
options.register("port", 0, multiplicity.singleton, varType.int, "its gRPC port (0: no server)");
options.register("mode", "PseudoAsync", multiplicity.singleton, varType.string, "Sync, Async or PseudoAsync");
options.register("threads", 1, multiplicity.singleton, varType.int, "number of threads");
options.register("streams", 4, multiplicity.singleton, varType.int, "events in flight");
options.register(
  "verbose",
  false,
  multiplicity.singleton,
  varType.bool,
  "statistics of the servers at the end",
);
options.setDefault("inputFiles", "data/samples/nano_tt_v15.root");
options.setDefault("outputFile", "output.edm");
options.parseArguments();

const process = new cms.Process("TEST");
process.maxEvents = cms.untracked.PSet({ input: cms.untracked.int32(options.maxEvents) });
process.options = cms.untracked.PSet({
  numberOfThreads: cms.untracked.uint32(options.threads),
  numberOfStreams: cms.untracked.uint32(options.streams),
});
process.source = cms.Source("NanoAODSource", { fileNames: cms.untracked.vstring(options.inputFiles) });

const servers = [
  cms.PSet({
    name: cms.untracked.string("default"),
    address: cms.untracked.string(options.address),
    port: cms.untracked.uint32(options.port),
  }),
];
process.TritonService = cms.Service("TritonService", {
  verbose: cms.untracked.bool(options.verbose),
  servers: cms.untracked.VPSet(...(options.port > 0 ? servers : [])),
  fallback: cms.PSet({ enable: cms.untracked.bool(true) }),
});

process.scores = cms.EDProducer("SonicJetScoreProducer", {
  Client: cms.PSet({
    mode: cms.string(options.mode),
    modelName: cms.string("jet_btag"),
    modelConfigPath: cms.FileInPath("data/models/jet_btag/graph.pb"),
    timeout: cms.untracked.uint32(30),
    Retry: cms.VPSet(
      cms.PSet({ retryType: cms.string("RetrySameServerAction"), allowedTries: cms.untracked.uint32(2) }),
      cms.PSet({ retryType: cms.string("RetryActionDiffServer"), allowedTries: cms.untracked.uint32(1) }),
      cms.PSet({ retryType: cms.string("RetryFallbackServerAction"), allowedTries: cms.untracked.uint32(2) }),
    ),
  }),
});
process.output = cms.OutputModule("PoolOutputModule", { fileName: cms.untracked.string(options.outputFile) });

process.p = cms.Path(process.scores);
process.e = cms.EndPath(process.output);

export default process;
