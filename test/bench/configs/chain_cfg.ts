/** A chain of trivial modules: modules=N maxEvents=M. */
import { cms, VarParsing } from "#framework";

const options = new VarParsing("analysis");
options.register(
  "modules",
  10,
  VarParsing.multiplicity.singleton,
  VarParsing.varType.int,
  "length of the chain",
);
options.setDefault("maxEvents", 100_000);
options.parseArguments();

const process = new cms.Process("CHAIN");
process.source = cms.Source("EmptySource");
process.maxEvents.input = options.maxEvents;
process.MessageLogger.cerr.FwkReport.limit = 0;

const chain = cms.Sequence();
for (let i = 0; i < options.modules; i++) {
  const module = cms.EDProducer("ChainProducer", { src: cms.InputTag(i === 0 ? "" : `m${i - 1}`) });
  process[`m${i}`] = module;
  chain.add(module);
}
process.p = cms.Path(chain);
export default process;
