/** The smallest job: what start-up costs. */
import { cms } from "#framework";

const process = new cms.Process("EMPTY");
process.source = cms.Source("EmptySource");
process.maxEvents.input = 1;
export default process;
