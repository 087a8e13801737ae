/** The user's own product, read back from the file. */
import { cms } from "cmsrun";

const process = new cms.Process("READ");
process.source = cms.Source("PoolSource", { fileNames: cms.untracked.vstring("dijets.edm") });
process.printer = cms.EDAnalyzer("DijetPrinter", { dijets: cms.InputTag("dijets") });
process.p = cms.Path(process.printer);
export default process;
