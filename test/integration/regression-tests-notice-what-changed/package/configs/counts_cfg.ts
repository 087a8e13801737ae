/** What a module must not do: its product depends on which events its stream saw before. */
import { cms } from "#framework";
import { source } from "./source_cff.js";

const process = new cms.Process("TEST");
process.maxEvents = cms.untracked.PSet({ input: cms.untracked.int32(60) });
process.source = source;
process.scores = cms.EDProducer("CountingProducer");
process.output = cms.OutputModule("PoolOutputModule", { fileName: cms.untracked.string("counts.edm") });
process.p = cms.Path(process.scores);
process.e = cms.EndPath(process.output);

export default process;
