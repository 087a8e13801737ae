/** The messages of a quiet job: `process.load("configs/MessageLogger_cfi")` reports every 100th event on cerr. */
import { cms } from "#framework";

export const MessageLogger = cms.Service("MessageLogger", {
  cerr: cms.untracked.PSet({
    threshold: cms.untracked.string("INFO"),
    FwkReport: cms.untracked.PSet({
      limit: cms.untracked.int32(10_000_000),
      reportEvery: cms.untracked.int32(100),
    }),
  }),
});
