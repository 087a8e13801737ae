/** What only tracing needs, loaded when a function is traced: TensorFlow.js and the table of lowerings. */
import { Exception } from "../../base/errors.js";
import type { LoweringTable } from "./Recorder.js";
import type { Tfjs } from "./tfjs.js";

/** @throws NotFound naming the package to install where it is missing */
export async function loadTracer(): Promise<{ readonly tfjs: Tfjs; readonly lowerings: LoweringTable }> {
  const tfjs = await loadTfjs();
  const { lowerings } = await import("./lowerings.js");
  return { tfjs, lowerings };
}

async function loadTfjs(): Promise<Tfjs> {
  try {
    return (await import("@tensorflow/tfjs-core")) as unknown as Tfjs;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== "ERR_MODULE_NOT_FOUND" && code !== "MODULE_NOT_FOUND") throw error;
    throw new Exception(
      "NotFound",
      "tracing functions and Layers models needs the package @tensorflow/tfjs-core, which is not installed; install it: " +
        "npm install @tensorflow/tfjs-core@4.22.0.",
      { cause: error },
    );
  }
}
