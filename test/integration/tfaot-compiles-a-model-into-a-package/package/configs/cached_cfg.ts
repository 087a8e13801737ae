/** Refused at start-up. */
import { cms } from "cmsrun";

const process = new cms.Process("SCORES");
process.source = cms.Source("EmptySource");
process.maxEvents.input = 1;
process.scorer = cms.EDAnalyzer("CachedScorer", {});
process.p = cms.Path(process.scorer);
export default process;
