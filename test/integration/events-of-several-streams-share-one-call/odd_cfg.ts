/** Jets scored in batches, behind a filter if asked for; one event may go wrong. */
import { cms, VarParsing } from "#framework";

const { multiplicity, varType } = VarParsing;
const options = new VarParsing("analysis");
options.register("gives", "nothing odd", multiplicity.singleton, varType.string, "what is wrong");
options.register("event", 69374550, multiplicity.singleton, varType.int, "with this one");
options.register("acceptValue", 1, multiplicity.singleton, varType.int, "of the filter");
options.setDefault("inputFiles", "data/samples/nano_tt_v15.root");
options.setDefault("outputFile", "output.edm");
options.parseArguments();

const process = new cms.Process("TEST");
process.source = cms.Source("NanoAODSource", { fileNames: cms.untracked.vstring(options.inputFiles) });
process.filter = cms.EDFilter("ModuloFilter", { acceptValue: cms.uint32(options.acceptValue as number) });
process.scores = cms.EDProducer("OddBatcher", {
  gives: cms.string(options.gives as string),
  event: cms.uint32(options.event as number),
});
process.output = cms.OutputModule("PoolOutputModule", {
  fileName: cms.untracked.string(options.outputFile as string),
  SelectEvents: cms.untracked.PSet({ SelectEvents: cms.vstring("p") }),
});
process.p = cms.Path(process.filter, process.scores);
process.e = cms.EndPath(process.output);
export default process;
