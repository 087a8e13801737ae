/** Jets scored by several servers, with everything that the tests vary. */
import { cms, VarParsing } from "#framework";

const { multiplicity, varType } = VarParsing;
const options = new VarParsing("analysis");
const text = (name: string, value: string) =>
  options.register(name, value, multiplicity.singleton, varType.string, name);
const number = (name: string, value: number) =>
  options.register(name, value, multiplicity.singleton, varType.int, name);
options.register("ports", [], multiplicity.list, varType.int, "of the servers");
options.register("retry", [], multiplicity.list, varType.string, "retryType:allowedTries");
text("mode", "PseudoAsync");
text("model", "jet_btag");
text("outputs", "");
text("preferred", "");
text("compression", "none");
text("path", "data/models/jet_btag/graph.pb");
text("module", "producer");
text("certificate", "");
text("token", "");
number("wait", -1);
number("timeoutMs", 0);
number("backoffMs", 50);
number("repeat", 1);
number("fallback", 0);
number("verbose", 0);
number("throwAt", 0);
options.setDefault("inputFiles", "data/samples/nano_tt_v15.root");
options.setDefault("outputFile", "output.edm");
options.parseArguments();

const process = new cms.Process("TEST");
process.maxEvents = cms.untracked.PSet({ input: cms.untracked.int32(options.maxEvents) });
const files = Array.from({ length: options.repeat as number }, () => options.inputFiles as string[]).flat();
process.source = cms.Source("NanoAODSource", { fileNames: cms.untracked.vstring(files) });
process.TritonService = cms.Service("TritonService", {
  verbose: cms.untracked.bool(options.verbose === 1),
  servers: cms.untracked.VPSet(
    ...(options.ports as number[]).map((port, index) =>
      cms.PSet({
        name: cms.untracked.string(`server${index}`),
        address: cms.untracked.string("127.0.0.1"),
        port: cms.untracked.uint32(port),
        useSsl: cms.untracked.bool(options.certificate !== ""),
        rootCertificates: cms.untracked.string(options.certificate as string),
        tokenFile: cms.untracked.string(options.token as string),
      }),
    ),
  ),
  fallback: cms.PSet({
    enable: cms.untracked.bool(options.fallback === 1),
    wait: cms.untracked.int32(options.wait as number),
    verbose: cms.untracked.bool(options.verbose === 1),
  }),
});

const client = cms.PSet({
  mode: cms.string(options.mode as string),
  modelName: cms.string(options.model as string),
  modelConfigPath: cms.FileInPath(options.path as string),
  preferredServer: cms.untracked.string(options.preferred as string),
  timeout: cms.untracked.uint32(options.timeoutMs as number),
  timeoutUnit: cms.untracked.string("milliseconds"),
  outputs: cms.untracked.vstring((options.outputs as string).split("+").filter((name) => name !== "")),
  compression: cms.untracked.string(options.compression as string),
  retryBackoffMs: cms.untracked.uint32(options.backoffMs as number),
  Retry: cms.VPSet(
    ...(options.retry as string[]).map((given) => {
      const [type = "", tries] = given.split(":");
      return cms.PSet({
        retryType: cms.string(type),
        allowedTries: cms.untracked.uint32(Number(tries ?? 1)),
      });
    }),
  ),
});
process.output = cms.OutputModule("PoolOutputModule", {
  fileName: cms.untracked.string(options.outputFile as string),
  SelectEvents: cms.untracked.PSet({ SelectEvents: cms.vstring("p") }),
  outputCommands: cms.untracked.vstring("keep *", "drop *_TriggerResults_*_*"),
});
process.scores = cms.EDProducer("SonicJetScoreProducer", { Client: client });
process.filter = cms.EDFilter("SonicJetFilter", { Client: client, threshold: cms.double(0.4) });
process.thrower = cms.EDProducer("Thrower", {
  where: cms.string("produce"),
  event: cms.untracked.uint32(options.throwAt as number),
});
process.printer = cms.EDAnalyzer("SonicScorePrinter", { Client: client });
const choices = { filter: process.filter, printer: process.printer, producer: process.scores };
const scoring = choices[options.module as keyof typeof choices];
process.p = (options.throwAt as number) > 0 ? cms.Path(process.thrower, scoring) : cms.Path(scoring);
process.e = cms.EndPath(process.output);
export default process;
