/** Jets in memory and a module that scores them: module=MyPlugin|TensorFlowAOTProducer aot=… target=… maxEvents=…. */
import { cms, VarParsing } from "#framework";

const { singleton } = VarParsing.multiplicity;
const { string, bool } = VarParsing.varType;
const options = new VarParsing("analysis");
options.register("module", "MyPlugin", singleton, string, "what scores the jets");
options.register(
  "aot",
  false,
  singleton,
  bool,
  "the bare call is the one of the model compiled ahead of time",
);
options.register("target", "wasm", singleton, string, "wasm or native");
options.setDefault("maxEvents", 80_000);
options.parseArguments();

const graphPath = cms.FileInPath("data/models/jet_btag/graph.pb");
const process = new cms.Process("LOOP");
process.source = cms.Source("EmptySource");
process.maxEvents.input = options.maxEvents;
process.options.engineTarget = options.target;
process.MessageLogger.cerr.FwkReport.limit = 0;
process.jets = cms.EDFilter("JetsInMemory", {
  events: cms.uint32(options.maxEvents),
  graphPath,
  isAot: cms.bool(options.aot),
});
process.p = cms.Path(process.jets);

const jets = cms.InputTag("jets");
if (options.module === "MyPlugin") {
  process.scores = cms.EDProducer("MyPlugin", { graphPath, jets });
  process.p.add(process.scores);
} else {
  process.scores = cms.EDProducer("TensorFlowAOTProducer", { jets });
  process.p.add(process.scores);
}
export default process;
