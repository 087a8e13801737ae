/** A model on 8 streams: graphPath=… input=… output=… width=… threads=… target=… module=… batch=…. */
import { cms, VarParsing } from "#framework";

const { singleton } = VarParsing.multiplicity;
const { string, int } = VarParsing.varType;
const options = new VarParsing("analysis");
options.register("graphPath", "", singleton, string, "frozen graph");
options.register("input", "", singleton, string, "name of its input");
options.register("output", "", singleton, string, "name of its output");
options.register("width", 1, singleton, int, "elements of a row");
options.register("threads", 2, singleton, int, "number of threads");
options.register("target", "wasm", singleton, string, "wasm or native");
options.register("module", "SharedModelProducer", singleton, string, "or BatchedModelProducer");
options.register("batch", 8, singleton, int, "rows of an event");
options.register("events", 400, singleton, int, "number of events");
options.parseArguments();

const process = new cms.Process("SHARED");
process.source = cms.Source("EmptySource", { eventsPerRange: cms.untracked.uint32(16) });
process.maxEvents.input = options.events;
process.options.numberOfThreads = options.threads;
process.options.numberOfStreams = 8;
process.options.engineTarget = options.target;
process.MessageLogger.cerr.FwkReport.limit = 0;
const parameters = {
  graphPath: cms.FileInPath(options.graphPath),
  input: cms.string(options.input),
  output: cms.string(options.output),
  width: cms.uint32(options.width),
  batch: cms.uint32(options.batch),
};
process.scores =
  options.module === "BatchedModelProducer"
    ? cms.EDProducer("BatchedModelProducer", parameters)
    : cms.EDProducer("SharedModelProducer", parameters);
process.p = cms.Path(process.scores);
export default process;
