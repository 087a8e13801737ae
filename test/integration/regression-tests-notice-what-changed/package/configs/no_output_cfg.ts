/** Writes nothing. */
import { cms } from "#framework";
import { source } from "./source_cff.js";

const process = new cms.Process("TEST");
process.maxEvents = cms.untracked.PSet({ input: cms.untracked.int32(1) });
process.source = source;
process.scores = cms.EDProducer("CountingProducer");
process.p = cms.Path(process.scores);

export default process;
