/** Many small ranges, so that every thread gets some. */
import { cms } from "#framework";

export const source = cms.Source("EmptySource", { eventsPerRange: cms.untracked.uint32(2) });
