/** What a worker thread runs: builds an EventLoop from its plan and answers the job's calls, one after another. */
import { Container } from "inversify";
import { parentPort, workerData } from "node:worker_threads";
import { setCompilerSettings } from "../aot/engine/settings.js";
import "../aot/engine/register.js";
import { adoptModelMemory } from "../aot/ModelMemory.js";
import { Exception } from "../base/errors.js";
import { pinModels, setModelStoreRoot } from "../base/modelPath.js";
import { setNativeLock } from "../base/nativeLock.js";
import { LogDebug, type LogMessage, setLogSink } from "../base/log.js";
import { fromPosted } from "../base/sharedForm.js";
import { setSearchPath } from "../parameters/fileInPath.js";
import { setDefaultEngine } from "../tensorflow/engines.js";
import { EventLoop } from "./EventLoop.js";
import { bindServices } from "./services.js";
import { BegunLumis, inOrder, type Reply, type Request } from "./ThreadHandle.js";
import { type BegunLumi, control, type ThreadPlan } from "./threadPlan.js";

const port = parentPort;
if (!port) throw new Error("threadEntry runs in worker threads only");

const plan = workerData as ThreadPlan;
const severities = ["DEBUG", "INFO", "WARNING", "ERROR", "SYSTEM"];
const post = (reply: Reply) => port.postMessage(reply);

setSearchPath(plan.searchPath);
setModelStoreRoot(plan.modelStore);
pinModels(plan.pinnedModels);
setLogSink((message: LogMessage) => {
  if (severities.indexOf(message.severity) >= severities.indexOf(plan.logThreshold))
    post({ job: "log", args: [message] });
});

const begunLumis = new BegunLumis();
let loop: EventLoop | undefined;
const made = build();
const call = inOrder(() => loop as EventLoop);

port.on("message", (request: Request) => {
  if ("announce" in request) begunLumis.announce(request.announce, request.begun && revived(request.begun));
  else void answer(request);
});

async function build(): Promise<void> {
  adoptModelMemory(plan.modelMemory, plan.memoryThread);
  setCompilerSettings(plan.compiler);
  setDefaultEngine(plan.inferenceEngine);
  setNativeLock(plan.control.subarray(control.nativeLock));
  for (const file of plan.pluginFiles) await import(file);
  const services = new Container();
  bindServices(services, plan.services, plan.sharedByServices);
  loop = new EventLoop(plan, services, {
    begun: (lumi) => begunLumis.begun(lumi),
    ended: (what, index) => post({ job: "ended", args: [what, index] }),
    report: (...args) => post({ job: "report", args }),
  });
}

async function answer({ call: id, method, args }: Extract<Request, { call: number }>): Promise<void> {
  try {
    await made;
    post({ call: id, value: await call(method, args) });
  } catch (error) {
    post({ call: id, error: toException(error).toPlain() });
  }
}

/** What a range gives to the main thread is plain data, unless a one:: analyzer reads a transient product that is not. */
function toException(error: unknown): Exception {
  if (!(error instanceof DOMException && error.name === "DataCloneError")) return Exception.from(error);
  return new Exception(
    "LogicError",
    `a one:: analyzer reads a product that cannot go from one thread to another: ${error.message}. ` +
      "Make the analyzer stream:: or global::, make the product plain data, or run with one thread.",
  );
}

function revived(begun: BegunLumi): BegunLumi {
  const all = (caches: BegunLumi["runCaches"]) =>
    Object.fromEntries(Object.entries(caches).map(([label, cache]) => [label, fromPosted(cache)]));
  return { ...begun, runCaches: all(begun.runCaches), lumiCaches: all(begun.lumiCaches) };
}

// A rejection before the first call is reported by that call.
made.catch((error: unknown) => LogDebug("threadEntry", String(error)));
