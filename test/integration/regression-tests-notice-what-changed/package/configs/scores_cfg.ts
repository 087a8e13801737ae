/** Scores of events that are made up: the event number times what stands in data/factor.txt. */
import { cms, VarParsing } from "#framework";
import { source } from "./source_cff.js";

const options = new VarParsing("analysis");
options.setDefault("maxEvents", 60);
options.parseArguments();

const process = new cms.Process("TEST");
process.maxEvents = cms.untracked.PSet({ input: cms.untracked.int32(options.maxEvents) });
process.source = source;
process.scores = cms.EDProducer("FactorProducer", { factor: cms.FileInPath("data/factor.txt") });
process.output = cms.OutputModule("PoolOutputModule", { fileName: cms.untracked.string("scores.edm") });
process.p = cms.Path(process.scores);
process.e = cms.EndPath(process.output);

export default process;
