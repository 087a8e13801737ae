/** Events of zero to six jets, by rules as the documentation has them and by default ones. */
import { cms } from "cmsrun";

const process = new cms.Process("SCORES");
process.source = cms.Source("EmptySource");
process.maxEvents.input = 14;
process.scorer = cms.EDAnalyzer("JetScorer", { batchRules: cms.vstring("3:1,1,1", "5:4,1", "6:4,4") });
process.p = cms.Path(process.scorer);
export default process;
