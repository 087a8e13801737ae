/** Events of a given computing time: microseconds=T maxEvents=M threads=N. */
import { cms, VarParsing } from "#framework";

const { singleton } = VarParsing.multiplicity;
const options = new VarParsing("analysis");
options.register("microseconds", 25, singleton, VarParsing.varType.float, "work an event");
options.register("threads", 1, singleton, VarParsing.varType.int, "number of threads");
options.setDefault("maxEvents", 40_000);
options.parseArguments();

const process = new cms.Process("BUSY");
process.source = cms.Source("EmptySource");
process.maxEvents.input = options.maxEvents;
process.options.numberOfThreads = options.threads;
process.MessageLogger.cerr.FwkReport.limit = 0;
process.busy = cms.EDProducer("BusyProducer", { microseconds: cms.double(options.microseconds) });
process.p = cms.Path(process.busy);
export default process;
