/** The thread of compileInThread.ts: compiles, and leaves the code in the cache on disk too. */
import { parentPort, workerData } from "node:worker_threads";
import { Exception } from "../../base/errors.js";
import type { Feed } from "../lower/traceGraph.js";
import { Unsupported } from "../lower/traceValues.js";
import { CompiledEngine } from "./CompiledEngine.js";
import type { CompiledModel } from "./CompiledModel.js";
import type { CompileOrder, CompileReply } from "./compileInThread.js";
import { setCompilerSettings } from "./settings.js";
import { codeFor } from "./units.js";

const order = workerData as CompileOrder;
setCompilerSettings(order.compiler);
const model = new CompiledEngine().fromShared(order.model as never) as CompiledModel;
for (const feeds of order.units) parentPort?.postMessage(replyTo(feeds));

function replyTo(feeds: readonly Feed[]): CompileReply {
  try {
    return { code: codeFor(model, feeds, order.fetches) };
  } catch (error) {
    return error instanceof Unsupported ? {} : { error: Exception.from(error).toPlain() };
  }
}
